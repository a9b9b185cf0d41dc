"""The pytest front-end: options, one parameter for each case of a suite, and verdicts as outcomes.

A test that takes ``sky_static``, ``sky_live`` or ``sky_smoke`` runs once for each environment, control and resource,
one that takes ``sky_repository`` once for each control of the repository;
the fixture's value is the :class:`~skyworthy.verdicts.Verdict`. A suite runs once for all xdist workers.
"""

import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from skyworthy import checkov
from skyworthy.config import Settings, load_settings
from skyworthy.errors import BadInput
from skyworthy.probes import testinfra_hosts
from skyworthy.results import Suite, SuiteResult
from skyworthy.suites.catalogue import SUITES
from skyworthy.suites.options import Options
from skyworthy.suites.selection import environments_of, select
from skyworthy.suites.shared import once
from skyworthy.suites.stage import Stage
from skyworthy.suites.suite import CaseId, case_ids
from skyworthy.verdicts import Outcome, Verdict

FIXTURES = {f"sky_{name}": suite for name, suite in SUITES.items()}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, each an ini key of the same name too."""
    group = parser.getgroup("skyworthy", "skyworthy: is the stack fit to serve?")
    for name, help_text in (
        ("terraform", "root module, or a tree of them, to certify instead of what skyworthy.toml names"),
        ("env", "only this environment"),
        ("target", "what live and smoke tests look at: sandbox (default) or aws"),
    ):
        group.addoption(f"--sky-{name}", metavar=name.upper(), help=help_text)
        parser.addini(f"sky_{name}", help_text, default="")
    group.addoption("--sky-no-checkov", action="store_true", help="leave checkov out of the static tests")
    group.addoption("--sky-no-waivers", action="store_true", help="ignore waivers.toml")


@dataclass
class Session:
    """What the tests of one session share.

    Args:
        settings: of the rootdir.
        options: asked of the suites.
        terraform: see ``--sky-terraform``.
        env: see ``--sky-env``.
        results: folder of the results that xdist workers share.
    """

    settings: Settings
    options: Options
    terraform: Path | None
    env: str | None
    results: Path
    _read: dict[tuple[str, str], SuiteResult] = field(default_factory=dict)

    def cases(self, suite: Suite) -> Iterator[tuple[str, CaseId]]:
        """Environment and case of everything that a suite judges."""
        for environment in environments_of(suite, self.settings, terraform=self.terraform, env=self.env):
            for case in case_ids(suite, Stage(self.settings, environment, self.options)):
                yield environment.name, case

    def result(self, suite: Suite, env: str) -> SuiteResult:
        """The result of a suite in an environment, run by whichever process asks first, read once by each."""
        if (suite, env) not in self._read:
            self._read[suite, env] = self._once(suite, env)
        return self._read[suite, env]

    def _once(self, suite: Suite, env: str) -> SuiteResult:
        (environment,) = environments_of(suite, self.settings, terraform=self.terraform, env=env)
        path = self.results / f"{suite}-{env.replace('/', '-')}.json"

        def make() -> SuiteResult:
            with Stage(self.settings, environment, self.options) as stage:
                return SUITES[suite].run(stage)

        return once(path, make)


SESSION = pytest.StashKey[Session]()


def pytest_configure(config: pytest.Config) -> None:
    """Read skyworthy.toml of the rootdir, and teach pytest-testinfra ``ecs://`` hosts."""
    testinfra_hosts.register()

    def option(name: str) -> str:
        return str(config.getoption(f"sky_{name}") or config.getini(f"sky_{name}") or "")

    uid = getattr(config, "workerinput", {}).get("testrunuid") or uuid.uuid4().hex
    target = option("target") or "sandbox"
    if target not in ("sandbox", "aws"):
        raise pytest.UsageError(f"--sky-target is sandbox or aws, not {target!r}")
    try:
        settings = load_settings(config.rootpath)
    except BadInput as error:
        raise pytest.UsageError(str(error)) from error
    config.stash[SESSION] = Session(
        settings=settings,
        options=Options(
            checkov=not config.getoption("sky_no_checkov"),
            waivers=not config.getoption("sky_no_waivers"),
            target=target,
        ),
        terraform=Path(option("terraform")) if option("terraform") else None,
        env=option("env") or None,
        results=Path(tempfile.gettempdir()) / f"skyworthy-{uid}",
    )


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the shared results, in the process that no worker outlives."""
    session = config.stash.get(SESSION, None)
    if session is None or hasattr(config, "workerinput") or not session.results.is_dir():
        return
    for file in session.results.iterdir():
        file.unlink()
    session.results.rmdir()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each case; ids are ``environment-control-address``.

    With ``--dist loadgroup`` of xdist a worker takes all of an environment, so that several are observed at a time.
    """
    for name, suite in FIXTURES.items():
        if name in metafunc.fixturenames:
            session = metafunc.config.stash[SESSION]
            try:
                found = sorted(session.cases(suite.name), key=lambda item: (item[0], item[1].control, item[1].address))
            except BadInput as error:
                raise pytest.UsageError(str(error)) from error
            ids = [f"{env}-{case.control}-{case.address}" for env, case in found]
            grouped = metafunc.config.pluginmanager.hasplugin("xdist")
            marks = [[pytest.mark.xdist_group(env)] if grouped else [] for env, _ in found]
            rows = [pytest.param(case, marks=mark, id=id) for case, mark, id in zip(found, marks, ids, strict=True)]
            metafunc.parametrize(name, rows, indirect=True)
    if "sky_checkov" in metafunc.fixturenames:
        session = metafunc.config.stash[SESSION]
        names = [item.name for item in select(session.settings, terraform=session.terraform, env=session.env)]
        metafunc.parametrize("sky_checkov", names, indirect=True)


@pytest.fixture
def sky_static(request: pytest.FixtureRequest) -> Verdict:
    """The verdict of one control on one declared resource."""
    return _verdict(request, "static")


@pytest.fixture
def sky_live(request: pytest.FixtureRequest) -> Verdict:
    """The verdict of one control on one observed resource."""
    return _verdict(request, "live")


@pytest.fixture
def sky_smoke(request: pytest.FixtureRequest) -> Verdict:
    """The verdict of one probe of one running service."""
    return _verdict(request, "smoke")


@pytest.fixture
def sky_repository(request: pytest.FixtureRequest) -> Verdict:
    """The verdict of one control on the repository."""
    return _verdict(request, "repository")


@pytest.fixture
def sky_checkov(request: pytest.FixtureRequest) -> list[Verdict]:
    """What checkov found in one environment beyond the catalogue, waived findings included."""
    session = request.config.stash[SESSION]
    if not session.options.checkov:
        pytest.skip("--sky-no-checkov was given")
    result = session.result("static", request.param)
    return [verdict for verdict in result.verdicts if verdict.control.startswith(checkov.PREFIX)]


def _verdict(request: pytest.FixtureRequest, suite: Suite) -> Verdict:
    env, case = request.param
    try:
        result = request.config.stash[SESSION].result(suite, env)
    except BadInput as error:
        pytest.fail(str(error), pytrace=False)
    found = result.of(case.control, case.address)
    if found is None:
        pytest.fail(f"{case.control} gave no verdict on {case.address}", pytrace=False)
    request.node.user_properties.extend(properties(found))
    if found.outcome is Outcome.ERROR:
        # Raised in the set-up, so that pytest reports an error and not a failure.
        pytest.fail(explain(found), pytrace=False)
    return found


def properties(verdict: Verdict) -> list[tuple[str, str]]:
    """What JUnit keeps of a verdict beside its outcome."""
    place = [("location", str(verdict.location))] if verdict.location else []
    where = [("region", verdict.region)] if verdict.region else []
    return [
        ("severity", verdict.severity),
        ("lens", verdict.lens),
        *where,
        *place,
        *(("ref", ref) for ref in verdict.refs),
    ]


def explain(verdict: Verdict) -> str:
    """A verdict as the text of a test's failure."""
    where = f"{verdict.location}: " if verdict.location else ""
    return f"{where}{verdict.where}: {verdict.message}\n{verdict.control} ({verdict.severity}): {verdict.title}"


def settle(verdict: Verdict) -> None:
    """End the running test as a verdict demands: fail, skip with the reason, or pass."""
    if verdict.outcome is Outcome.FAIL:
        pytest.fail(explain(verdict), pytrace=False)
    if verdict.outcome is Outcome.WAIVED:
        pytest.xfail(verdict.message)
    if verdict.outcome in (Outcome.UNKNOWN, Outcome.NOT_APPLICABLE):
        pytest.skip(f"{verdict.outcome.value.replace('_', ' ')}: {verdict.message}")
    assert verdict.outcome is Outcome.PASS


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say what will be looked at."""
    session: Any = config.stash.get(SESSION, None)
    if session is None:
        return []
    source = session.terraform or ", ".join(session.settings.environments) or "nothing configured"
    return [f"skyworthy: {source}; live and smoke look at: {session.options.target}"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List what could not be decided: a skip that nobody reads must not pass for a pass."""
    undecided = [
        (report.nodeid, words)
        for report in terminalreporter.stats.get("skipped", [])
        if (words := _skip_reason(report)).startswith("unknown: ")
    ]
    if undecided:
        terminalreporter.section(f"{len(undecided)} unknown")
        for nodeid, words in undecided:
            terminalreporter.line(f"{nodeid.partition('[')[2].removesuffix(']') or nodeid}: {words}")


def _skip_reason(report: pytest.TestReport) -> str:
    where = report.longrepr
    return str(where[2]).removeprefix("Skipped: ") if isinstance(where, tuple) else ""
