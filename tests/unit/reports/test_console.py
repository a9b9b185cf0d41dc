"""What people see at a terminal."""

import io
import threading
from collections.abc import Callable

import pytest
from rich.console import Console

from skyworthy.reports.console import progress, report, summary
from skyworthy.results import SuiteResult
from skyworthy.verdicts import Outcome, Verdict


def shown(result: SuiteResult, *, terminal: bool = False) -> str:
    out = io.StringIO()
    report(result, Console(file=out, highlight=False, soft_wrap=True, width=100, force_terminal=terminal))
    return out.getvalue()


def test_a_clean_result_is_two_lines(result: Callable[..., SuiteResult]) -> None:
    assert shown(result()) == "static staging (code)\n  1 passed in 1.2 s\n"


def test_findings_say_their_region(result: Callable[..., SuiteResult], verdict: Callable[..., Verdict]) -> None:
    text = shown(
        result(verdict(Outcome.FAIL, "x", region="eu-west-1"), verdict(Outcome.UNKNOWN, "y", region="eu-west-1"))
    )
    assert text.count("module.rds.aws_db_instance.main (eu-west-1)") == 2


def test_findings_are_grouped_worst_first_and_nothing_is_said_twice(
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
            verdict(
                Outcome.UNKNOWN,
                "engine of module.rds.aws_db_instance.main: variable x has no value",
                control="ecs.a",
            ),
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

  findings
  critical sg.no-ssh  No SSH.
           terraform/modules/rds/main.tf:12: aws_security_group.main
             port [22] is open
  high     rds.storage-encrypted  Database storage is encrypted.
           aws_db_instance.second["a"]
             storage is not encrypted
           terraform/modules/rds/main.tf:12: module.rds.aws_db_instance.main
             storage is not encrypted
  low      checkov.CKV_AWS_2  x
           terraform/modules/rds/main.tf:12: module.rds.aws_db_instance.main

  why, and how to fix it: skyworthy explain sg.no-ssh

  unknown
  ecs.a module.rds.aws_db_instance.main: engine: variable x has no value
  waived: ecs.b
  note: one module [x] is not local
  1 error, 4 failed, 1 unknown, 1 waived, 1 passed in 1.2 s, 5 API calls
"""
    )


def test_only_the_first_line_of_a_note_is_shown_unless_all_is_asked_for(result: Callable[..., SuiteResult]) -> None:
    noted = result(notes=("2 findings are left out\na [x]\nb", "all is quick"))
    assert shown(noted).splitlines()[1:-1] == [
        "  note: 2 findings are left out (--verbose: which)",
        "  note: all is quick",
    ]
    out = io.StringIO()
    report(noted, Console(file=out, soft_wrap=True), verbose=True)
    assert out.getvalue().splitlines()[1:-1] == [
        "  note: 2 findings are left out",
        "    a [x]",
        "    b",
        "  note: all is quick",
    ]


def test_what_one_denied_call_leaves_open_is_told_once_unless_all_is_asked_for(
    result: Callable[..., SuiteResult], verdict: Callable[..., Verdict]
) -> None:
    cause = "denied: rds:DescribeDBInstances"
    errors = [verdict(Outcome.ERROR, f"engine of db: {cause}", control=f"rds.{name}") for name in "abcd"]
    few = verdict(Outcome.ERROR, "denied: kms:ListKeys", control="kms.rotates")
    lines = shown(result(*errors, few, suite="live")).splitlines()
    assert lines[2:6] == [
        "  could not look",
        "  denied: rds:DescribeDBInstances",
        "           4 verdicts of 4 controls need it (--verbose: which)",
        "           what a run may have to read: skyworthy policy --env staging",
    ]
    assert sum("denied: kms:ListKeys" in line for line in lines) == 1
    assert lines[-1] == "  5 errors in 1.2 s"

    out = io.StringIO()
    report(result(*errors), Console(file=out, soft_wrap=True), verbose=True)
    assert out.getvalue().count(cause) == 4


def test_several_suites_are_summed_up_in_a_line(
    result: Callable[..., SuiteResult], verdict: Callable[..., Verdict]
) -> None:
    def line(*results: SuiteResult, red: list[SuiteResult]) -> str:
        out = io.StringIO()
        summary(results, red, Console(file=out, soft_wrap=True, highlight=False))
        return out.getvalue()

    good = result(verdict(), verdict(Outcome.UNKNOWN, "x", control="a.b"))
    assert line(good, good, red=[]) == "2 suites are clean: 2 passed, 2 unknown in 2 s\n"
    bad = result(verdict(Outcome.FAIL, "x"), suite="live", environment="production")
    own = result(verdict(Outcome.FAIL, "x"), suite="repository", environment="repository")
    assert line(good, bad, own, red=[bad, own]) == "2 of 3 suites are red: live production, repository\n"


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
