"""What is asked of the repository: its documents, workflows, scripts, settings of pytest, and what it must not hold."""

import configparser
import posixpath
import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from urllib.parse import unquote

from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import STACK, control, not_applicable
from skyworthy.estate import Undecidable
from skyworthy.repository import Repository, traces, workflows
from skyworthy.repository.credentials import ALLOWED_FILE, Found

MARKERS = ("static", "live", "smoke", "integration", "slow", "requires_api")
_FIXTURES = re.compile(r"\bsky_(static|live|smoke|repository)\b")
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//")
_LINE = re.compile(r"L\d+(C\d+)?(-L\d+(C\d+)?)?")


@control("repo.no-eks-traces", on=STACK, severity="low", refs=["REQ STA-5", "REQ REF-16"], lenses=("repository",))
def no_traces_of_eks(repository: Repository) -> None:
    """Nothing outside of archive folders sets up or uses EKS or Kubernetes.

    Why: what is retired and still lies about is deployed again by somebody who takes it for the way it is done.
    Fix: delete it, or move it into an `archive` folder; prose may tell of it.
    """
    findings = Findings()
    for name in repository.files:
        if traces.is_archived(name):
            continue
        if word := traces.in_path(name):
            findings.add(f"{name}: {word}")
        for line, word in traces.in_text(name, repository.text(name)):
            findings.add(f"{name}:{line}: {word}")
    findings.conclude()


@control("repo.pytest-strict", on=STACK, severity="medium", refs=["REQ STA-6"], lenses=("repository",))
def pytest_is_strict(repository: Repository) -> None:
    """pytest is strict about options, markers and expected failures, and the suites' markers are registered.

    Why: without it a misspelt marker or option selects nothing, and a run of no tests looks like success.
    Fix: set `addopts = --strict-config --strict-markers`, `xfail_strict = true` and the `markers` in pytest.ini.
    """
    if not any(_FIXTURES.search(repository.text(name)) for name in repository.named(".py") if _is_test(name)):
        not_applicable("there is no suite of skyworthy in pytest")
    name, settings = _pytest_settings(repository)
    options = shlex.split(settings.get("addopts", ""))
    everything = _is_on(settings.get("strict"))
    findings = Findings()
    for option, key in (("--strict-config", "strict_config"), ("--strict-markers", "strict_markers")):
        if not (everything or option in options or _is_on(settings.get(key))):
            findings.add(f"{name}: {option} is not among addopts")
    if not (everything or _is_on(settings.get("xfail_strict")) or _is_on(settings.get("strict_xfail"))):
        findings.add(f"{name}: xfail_strict is not true")
    registered = {line.partition(":")[0].partition("(")[0].strip() for line in settings.get("markers", "").splitlines()}
    if missing := [marker for marker in MARKERS if marker not in registered]:
        findings.add(f"{name}: markers are not registered: {', '.join(missing)}")
    findings.conclude()


def _is_test(name: str) -> bool:
    path = PurePosixPath(name)
    return path.name.startswith("test_") and "tests" in path.parts[:-1]


def _is_on(value: str | None) -> bool:
    return (value or "").strip().lower() in ("true", "1", "yes", "on")


def _pytest_settings(repository: Repository) -> tuple[str, Mapping[str, str]]:
    """The file that pytest takes its settings from, and what it says, lists as lines.

    Source: https://docs.pytest.org/en/stable/reference/customize.html
    """
    for name, section in (
        ("pytest.ini", "pytest"),
        (".pytest.ini", "pytest"),
        ("tox.ini", "pytest"),
        ("setup.cfg", "tool:pytest"),
    ):
        if name in repository.files:
            parser = configparser.ConfigParser(interpolation=None)
            try:
                parser.read_string(repository.text(name))
            except configparser.Error as error:
                raise AssertionError(f"{name}: {' '.join(str(error).split())}") from error
            if parser.has_section(section) or name.endswith("pytest.ini"):
                return name, dict(parser[section]) if parser.has_section(section) else {}
        if name == ".pytest.ini" and (found := _in_pyproject(repository)) is not None:
            return "pyproject.toml", found
    raise AssertionError("there is no pytest.ini, and pytest is told nothing elsewhere")


def _in_pyproject(repository: Repository) -> Mapping[str, str] | None:
    if "pyproject.toml" not in repository.files:
        return None
    try:
        tool = tomllib.loads(repository.text("pyproject.toml")).get("tool", {}).get("pytest")
    except tomllib.TOMLDecodeError as error:
        raise AssertionError(f"pyproject.toml: {error}") from error
    if tool is None:
        return None
    said = tool.get("ini_options", tool)
    return {
        key: ("\n" if key == "markers" else " ").join(map(str, value)) if isinstance(value, list) else str(value)
        for key, value in said.items()
    }


@control("repo.workflows-lint", on=STACK, severity="medium", refs=["REQ STA-7"], lenses=("repository",))
def workflows_lint(repository: Repository) -> None:
    """Workflows and actions pass actionlint and zizmor.

    Why: a mistake in a workflow shows when it runs, which for a deployment is too late; attackers see it earlier.
    Fix: do what the message says; both explain their rules in their documentation.
    """
    if not repository.workflows and not repository.actions:
        not_applicable("there are no workflows")
    findings = Findings()
    for linter, names in (
        ("actionlint", repository.workflows),
        ("zizmor", (*repository.workflows, *repository.actions)),
    ):
        with findings.question():
            for line in repository.lint(linter, names) if names else ():
                findings.add(f"{linter}: {line}")
    findings.conclude()


@control("repo.workflows-oidc-only", on=STACK, severity="high", refs=["REQ IAM-2"], lenses=("repository",))
def workflows_use_oidc_only(repository: Repository) -> None:
    """Workflows come to AWS by OpenID Connect, with no key that lasts.

    Why: a key in a repository's secrets works from anywhere until somebody revokes it.
    Fix: give `aws-actions/configure-aws-credentials` a `role-to-assume`, and the job `id-token: write`.
    """
    if not repository.workflows and not repository.actions:
        not_applicable("there are no workflows")
    findings = Findings()
    for name in (*repository.workflows, *repository.actions):
        for line, words in workflows.lasting_keys(repository.text(name)):
            findings.add(f"{name}:{line}: {words}")
    findings.conclude()


@control("repo.shell-scripts-lint", on=STACK, severity="low", refs=["REQ STA-7"], lenses=("repository",))
def shell_scripts_lint(repository: Repository) -> None:
    """Shell scripts pass shellcheck.

    Why: an unquoted variable in a script that deploys deletes or overwrites what was not meant.
    Fix: do what the message says; `shellcheck` explains each of its codes in its wiki.
    """
    if not repository.scripts:
        not_applicable("there are no shell scripts")
    found = repository.lint("shellcheck", repository.scripts)
    findings = Findings()
    for line in found:
        findings.add(line)
    findings.conclude()


@control("repo.links-resolve", on=STACK, severity="low", refs=["REQ STA-8"], lenses=("repository",))
def links_resolve(repository: Repository) -> None:
    """Links within the repository's documents lead to files and headings that are there.

    Why: a runbook is read in a hurry, when there is no time to look for the page that was moved.
    Fix: correct the link, or restore the file or heading.
    """
    if not repository.documents:
        not_applicable("there are no documents")
    findings = Findings()
    for name, document in repository.documents.items():
        for link in document.links:
            if problem := _broken(repository, name, link.target):
                findings.add(f"{name}:{link.line}: {link.target} {problem}")
    findings.conclude()


def _broken(repository: Repository, name: str, target: str) -> str:
    """Why a link leads nowhere; empty where it does not, or leads out into the net."""
    if _SCHEME.match(target):
        return ""
    path, _, fragment = target.partition("#")
    path = unquote(path.partition("?")[0])
    wanted = name if not path else _resolved(name, path)
    if not repository.holds(wanted):
        return "is not there"
    document = repository.documents.get(wanted)
    if not fragment or document is None or _LINE.fullmatch(fragment):
        return ""
    anchor = unquote(fragment)
    return "" if {anchor, anchor.lower()} & document.anchors else "has no such heading"


def _resolved(name: str, path: str) -> str:
    """A path relative to the repository, empty for its root; one that leads out of it begins with ``..``."""
    found = posixpath.normpath(
        posixpath.join("" if path.startswith("/") else posixpath.dirname(name), path.lstrip("/"))
    )
    return "" if found == "." else found


@control("repo.runbook-commands-parse", on=STACK, severity="low", refs=["REQ STA-8"], lenses=("repository",))
def commands_of_documents_parse(repository: Repository) -> None:
    """The shell commands in the repository's documents parse.

    Why: who copies a command from a runbook has no time to find the quote that is missing.
    Fix: correct the block; what stands for a value is a variable such as `"$ENVIRONMENT"`, not `<environment>`.
    """
    findings = Findings()
    seen = False
    for name, document in repository.documents.items():
        for block in document.blocks:
            if block.commands is not None:
                seen = True
                for line, problem in _syntax_errors(block.commands):
                    findings.add(f"{name}:{block.line + line - 1}: {problem}")
    if not seen:
        not_applicable("no document has shell commands")
    findings.conclude()


def _syntax_errors(commands: str) -> Iterator[tuple[int, str]]:
    """Line within the block, and what bash cannot parse there."""
    try:
        done = subprocess.run(
            ["bash", "--norc", "-n"], input=commands, capture_output=True, text=True, check=False, env={"LC_ALL": "C"}
        )
    except FileNotFoundError:
        raise Undecidable("there is no bash on the PATH") from None
    told = re.findall(r"^bash: line (\d+): (.*)$", done.stderr, re.MULTILINE)
    if told:
        yield int(told[0][0]), told[0][1]
    elif done.returncode:
        yield 1, "bash cannot parse it"


@control("repo.no-credentials", on=STACK, severity="critical", refs=["REQ SEC-6"], lenses=("repository",))
def no_credentials_in_files(repository: Repository) -> None:
    """No file of the repository holds a credential.

    Why: whoever may read the repository, today or later, may use it.
    Fix: revoke the credential, then delete it; what is none goes into allowed-credentials.toml with its reason.
    """
    findings = Findings()
    allowed = repository.allowed_credentials
    for name, hits in repository.credentials.items():
        for found in hits:
            if found.fingerprint not in allowed:
                findings.add(f"{name}:{found.line}: {_words(found)}")
    findings.conclude()


@control("repo.history-no-credentials", on=STACK, severity="critical", refs=["REQ SEC-6"], lenses=("repository",))
def no_credentials_in_history(repository: Repository) -> None:
    """No file that ever was in the repository holds a credential, nor does a commit's message.

    Why: what was deleted in a later commit is still in every clone.
    Fix: revoke the credential; then its fingerprint goes into allowed-credentials.toml with that as the reason.
    """
    findings = Findings()
    past = {item.found.fingerprint: item for item in reversed(repository.past_credentials)}
    today = {found.fingerprint for hits in repository.credentials.values() for found in hits}
    for item in (item for mark, item in sorted(past.items()) if mark not in repository.allowed_credentials):
        findings.add(f"{item.path}:{item.found.line} of {repository.commit_with(item.object)}: {_words(item.found)}")
    for mark in sorted(repository.allowed_credentials.keys() - today - past.keys()):
        findings.add(f"{ALLOWED_FILE}: {mark} is nowhere: delete it")
    findings.conclude()


def _words(found: Found) -> str:
    return f"{found.title} ({found.rule}, {found.fingerprint})"
