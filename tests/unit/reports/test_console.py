"""What people see at a terminal."""

import io
import threading
from collections.abc import Callable

import pytest
from rich.console import Console

from skyworthy.reports.console import progress, report
from skyworthy.results import SuiteResult
from skyworthy.verdicts import Outcome, Verdict


def shown(result: SuiteResult, *, terminal: bool = False) -> str:
    out = io.StringIO()
    report(result, Console(file=out, highlight=False, soft_wrap=True, width=100, force_terminal=terminal))
    return out.getvalue()


def test_a_clean_result_is_two_lines(result: Callable[..., SuiteResult]) -> None:
    assert shown(result()) == "static staging (code)\n  1 passed in 1.2 s\n"


def test_findings_are_grouped_worst_first_with_place_message_and_hint(
    result: Callable[..., SuiteResult], verdict: Callable[..., Verdict]
) -> None:
    text = shown(
        result(
            verdict(),
            verdict(Outcome.FAIL, "storage is not encrypted"),
            verdict(Outcome.FAIL, "storage is not encrypted", address='aws_db_instance.second["a"]', location=None),
            verdict(
                Outcome.FAIL,
                "port [22] is open",
                control="sg.no-ssh",
                address="aws_security_group.main",
                severity="critical",
                title="No SSH.",
            ),
            verdict(Outcome.FAIL, "violates CKV_AWS_2: x", control="checkov.CKV_AWS_2", severity="low", title="x"),
            verdict(Outcome.ERROR, "denied", control="kms.rotates", address="stack", location=None),
            verdict(Outcome.UNKNOWN, "variable x has no value", control="ecs.a"),
            verdict(Outcome.WAIVED, "accepted", control="ecs.b"),
            suite="live",
            target="sandbox",
            account="123456789012",
            region="us-east-1",
            calls={"a:B": 2, "c:D": 3},
            notes=("one module [x] is not local",),
        )
    )
    assert (
        text
        == """\
live staging (sandbox, account 123456789012, region us-east-1)

  could not look
  high     kms.rotates  Database storage is encrypted.
           stack
             denied
           skyworthy explain kms.rotates

  findings
  critical sg.no-ssh  No SSH.
           terraform/modules/rds/main.tf:12: aws_security_group.main
             port [22] is open
           skyworthy explain sg.no-ssh
  high     rds.storage-encrypted  Database storage is encrypted.
           aws_db_instance.second["a"]
             storage is not encrypted
           terraform/modules/rds/main.tf:12: module.rds.aws_db_instance.main
             storage is not encrypted
           skyworthy explain rds.storage-encrypted
  low      checkov.CKV_AWS_2  x
           terraform/modules/rds/main.tf:12: module.rds.aws_db_instance.main
             violates CKV_AWS_2: x

  unknown
  ecs.a module.rds.aws_db_instance.main: variable x has no value
  waived: ecs.b
  note: one module [x] is not local
  1 error, 4 failed, 1 unknown, 1 waived, 1 passed in 1.2 s, 5 API calls
"""
    )


def test_nothing_judged_does_not_look_like_a_pass(result: Callable[..., SuiteResult]) -> None:
    assert shown(result(verdicts=())) == (
        "static staging (code)\n  nothing was judged: that is not a pass\n  0 verdicts in 1.2 s\n"
    )


def test_colours_are_for_terminals_and_no_color_is_heeded(
    result: Callable[..., SuiteResult], verdict: Callable[..., Verdict], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    bad = result(verdict(Outcome.FAIL, "storage is not encrypted", severity="critical"))
    assert "\x1b[1;31mcritical" in shown(bad, terminal=True)
    assert "\x1b" not in shown(bad, terminal=False)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[1;31m" not in shown(bad, terminal=True)


def test_steps_are_lines_where_there_is_no_terminal() -> None:
    out = io.StringIO()
    with progress("static staging", Console(file=out, soft_wrap=True)) as told:
        told("reading terraform/[x]")
        other = threading.Thread(target=told, args=("judging",))
        other.start()
        other.join()
    assert out.getvalue() == "static staging: reading terraform/[x]\nstatic staging: judging\n"


def test_a_terminal_shows_the_current_step_and_forgets_it() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100)
    with progress("static staging", console) as told:
        told("judging")
    text = out.getvalue()
    assert "static staging: judging" in text
    assert text.rstrip("\r\n").endswith("\x1b[2K")  # the line is erased


def test_what_the_sandbox_simulates_is_told_once(result: Callable[..., SuiteResult]) -> None:
    lines = shown(result(facts={"simulated": "alarm states, backups"})).splitlines()

    assert [line for line in lines if "simulated" in line] == ["  simulated: alarm states, backups"]
