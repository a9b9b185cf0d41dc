"""What GitHub Actions shows beside a run: annotations at the lines, and a summary of the job.

Workflow commands: https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from skyworthy.reports.markdown import code, table, text
from skyworthy.results import SuiteResult
from skyworthy.verdicts import Outcome, Verdict, counts

_COMMANDS = {Outcome.FAIL: "error", Outcome.ERROR: "error", Outcome.UNKNOWN: "warning"}
_SEVERITIES = ("critical", "high", "medium", "low")
_LONGEST = 50
"""Findings in a summary; GitHub cuts summaries at 1 MiB, and nobody reads more."""


def annotations(results: Iterable[SuiteResult]) -> Iterator[str]:
    """A workflow command for each failure, error and unknown, worst first: GitHub shows the first ten of a kind."""
    for verdict in _worst_first(results):
        where = {"title": f"{verdict.control} ({verdict.severity}, {verdict.root})"}
        if verdict.location is not None:
            where = {"file": verdict.location.file, "line": str(verdict.location.line), **where}
        properties = ",".join(f"{name}={_property(value)}" for name, value in where.items())
        yield f"::{_COMMANDS[verdict.outcome]} {properties}::{_data(f'{verdict.where}: {verdict.message}')}"


def summary(results: Sequence[SuiteResult]) -> str:
    """The job summary as Markdown: the counts of every suite, and the worst findings."""
    outcomes = [outcome.value for outcome in Outcome]
    rows = []
    for result in results:
        found = counts(result.verdicts)
        rows.append([text(result.environment), result.suite, *(str(found[name]) for name in outcomes)])
    head = ("environment", "suite", *(name.replace("_", " ") for name in outcomes))
    lines = ["## skyworthy", "", *table(head, rows)]
    findings = list(_worst_first(results))
    if findings:
        cells = [
            [
                item.severity,
                item.outcome.value,
                code(item.control),
                text(item.root),
                code(str(item.location)) if item.location else "",
                text(f"{item.where}: {item.message}"),
            ]
            for item in findings[:_LONGEST]
        ]
        lines += ["", *table(("severity", "verdict", "control", "environment", "where", "message"), cells)]
    if len(findings) > _LONGEST:
        lines += ["", f"and {len(findings) - _LONGEST} more"]
    return "\n".join(lines) + "\n"


def tell(results: Sequence[SuiteResult], environment: Mapping[str, str], write: Callable[[str], None]) -> None:
    """Annotate and summarise where this runs in GitHub Actions, and nothing elsewhere.

    Args:
        results: of this run.
        environment: variables of the process; ``GITHUB_ACTIONS`` and ``GITHUB_STEP_SUMMARY`` are read.
        write: takes a line for the log.
    """
    if environment.get("GITHUB_ACTIONS") != "true":
        return
    for line in annotations(results):
        write(line)
    page = environment.get("GITHUB_STEP_SUMMARY")
    if page:
        with Path(page).open("a", encoding="utf-8") as file:
            file.write(summary(results))


def _worst_first(results: Iterable[SuiteResult]) -> list[Verdict]:
    shown = [item for result in results for item in result.verdicts if item.outcome in _COMMANDS]
    order = list(Outcome)
    return sorted(shown, key=lambda item: (_SEVERITIES.index(item.severity), order.index(item.outcome), item.key))


def _data(plain: str) -> str:
    return plain.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(plain: str) -> str:
    return _data(plain).replace(":", "%3A").replace(",", "%2C")
