"""A hundred random combinations of faults: no verdict is lost, nothing leaks, and healing brings back what was."""

import json
import random
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from tests.conformance.fault_trials import tool

from skyworthy.config import Settings, load_settings
from skyworthy.errors import BadInput
from skyworthy.estate import Estate
from skyworthy.observed import Session
from skyworthy.observed.observe import DEADLINE_SECONDS
from skyworthy.reports.console import report
from skyworthy.reports.junit import junit
from skyworthy.reports.sarif import sarif
from skyworthy.results import SuiteResult, combined
from skyworthy.sandbox import cassette, faults
from skyworthy.sandbox.server import Sandbox, running
from skyworthy.suites import live
from skyworthy.suites.account import Account, cassette_of
from skyworthy.suites.options import Options
from skyworthy.suites.stage import Stage
from skyworthy.verdicts import Outcome

PROJECT = Path(__file__).parents[2]
ENVIRONMENT = "staging"
SECRET = "staging-omc-secrets"
CANARY = "canary-f3a9"
"""In every value of the secret."""
GROUPS, IN_A_GROUP = 10, 10
SEED = 20_260_101
RED = frozenset({Outcome.FAIL, Outcome.ERROR, Outcome.UNKNOWN})

pytestmark = pytest.mark.slow


STAGING = [fault for fault in faults.catalogue() if tool.environment_of(fault) == ENVIRONMENT]
SILENT = {*tool.WITHSTOOD, *tool.NOT_SEEN_YET}
"""Faults that need not turn anything red."""


class Bench:
    """A replayed sandbox, its secret full of canaries, and the live suite on it."""

    def __init__(self, settings: Settings, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._settings = settings
        self._declared: Estate = Stage(settings, settings.environment(ENVIRONMENT), Options()).declared
        session = Session(region=sandbox.region, endpoint_url=sandbox.url, target="sandbox", attempts=2)
        self._account = Account(session, sandbox, "for the faults", lambda _: session)
        self._plant()
        self.clean = self.look()

    def _plant(self) -> None:
        secrets = self.sandbox.client("secretsmanager")
        keys = json.loads(secrets.get_secret_value(SecretId=SECRET)["SecretString"])
        values = {key: f"{CANARY}-{number:02}-{key.lower()}" for number, key in enumerate(sorted(keys))}
        secrets.put_secret_value(SecretId=SECRET, SecretString=json.dumps(values))

    def look(self) -> SuiteResult:
        """The result of the live suite now."""
        with Stage(self._settings, self._settings.environment(ENVIRONMENT), Options()) as stage:
            stage.__dict__.update(declared=self._declared, account=self._account)
            return live.run(stage)


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    settings = load_settings(PROJECT)
    with running(ENVIRONMENT) as sandbox:
        cassette.replay(cassette.load(cassette_of(settings, settings.environment(ENVIRONMENT))), sandbox)
        yield Bench(settings, sandbox)


@pytest.mark.parametrize("group", range(GROUPS))
def test_combinations_lose_no_verdict_and_leak_nothing(
    bench: Bench, group: int, capfd: pytest.CaptureFixture[str]
) -> None:
    choice = random.Random(SEED + group)  # noqa: S311 - the same combinations each time
    for _ in range(IN_A_GROUP):
        chosen = choice.sample(STAGING, choice.randint(2, 4))
        in_force = _inject(bench.sandbox, chosen)
        assert in_force, f"nothing of it can be injected: {[fault.id for fault in chosen]}"
        try:
            _judge(bench, in_force)
        finally:
            faults.heal(bench.sandbox)
    told = capfd.readouterr()
    assert CANARY not in told.out + told.err

    healed = bench.look()
    assert healed.verdicts == bench.clean.verdicts


def _inject(sandbox: Sandbox, chosen: list[faults.Fault]) -> list[str]:
    """Those of the faults that the ones before them left something to break; transport faults last."""
    done = []
    for fault in sorted(chosen, key=lambda item: item.transport):
        try:
            faults.inject_fault(sandbox, fault.id)
        except BadInput as error:
            assert fault.id in str(error)  # it says which fault has nothing left to break
            continue
        done.append(fault.id)
    return done


def _judge(bench: Bench, in_force: list[str]) -> None:
    try:
        result = bench.look()
    except BadInput as refused:
        assert "credentials-expired" in in_force, f"{in_force}: {refused}"
        assert CANARY not in str(refused)
        return
    cases = [(item.control, item.address) for item in result.verdicts]
    assert cases == [(item.control, item.address) for item in bench.clean.verdicts], in_force
    assert result.seconds < DEADLINE_SECONDS, in_force
    red = [item for item in result.verdicts if item.outcome in RED]
    assert red or SILENT.issuperset(in_force), f"{in_force}: all is green"
    assert CANARY not in _everything(result), in_force


def _everything(result: SuiteResult) -> str:
    """Whatever is written or shown of a result."""
    screen = StringIO()
    report(result, Console(file=screen, width=200))
    data = json.dumps(combined([result]))
    return "\n".join((screen.getvalue(), data, junit(result), sarif([result]), repr(result)))
