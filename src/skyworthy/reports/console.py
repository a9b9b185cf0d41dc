"""Results for people at a terminal."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby

from rich.console import Console
from rich.markup import escape

from skyworthy.results import SuiteResult
from skyworthy.verdicts import Outcome, Verdict, counts

COLOURS = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan"}
"""Of severities."""

_INDENT = " " * 11
_SEVERITIES = list(COLOURS)
_OUTCOMES = list(Outcome)
_HEADINGS = {
    Outcome.ERROR: ("could not look", "bold magenta"),
    Outcome.FAIL: ("findings", "bold red"),
    Outcome.UNKNOWN: ("unknown", "bold blue"),
}


def report(result: SuiteResult, console: Console | None = None) -> None:
    """Print the result of a suite: errors and findings in full, unknowns a line each, waivers counted, then the sums.

    Args:
        result: of one suite in one environment.
        console: where to; standard output by default. Colours are off where it is no terminal or NO_COLOR is set.
    """
    console = console or Console(highlight=False, soft_wrap=True)
    console.print(_header(result))
    if result.facts.get("simulated"):
        console.print(f"  [dim]simulated: {escape(result.facts['simulated'])}[/]")
    for outcome in (Outcome.ERROR, Outcome.FAIL):
        _findings(console, outcome, [item for item in result.verdicts if item.outcome is outcome])
    _unknown(console, [item for item in result.verdicts if item.outcome is Outcome.UNKNOWN])
    waived = [item for item in result.verdicts if item.outcome is Outcome.WAIVED]
    if waived:
        console.print(f"  [dim]waived: {', '.join(sorted({escape(item.control) for item in waived}))}[/]")
    for note in result.notes:
        console.print(f"  [dim]note: {escape(note)}[/]")
    if not result.verdicts:
        console.print("  [bold red]nothing was judged: that is not a pass[/]")
    console.print(_sums(result))


def _header(result: SuiteResult) -> str:
    parts = [result.target]
    if result.account:
        parts.append(f"account {result.account}")
    if result.region:
        parts.append(f"region {result.region}")
    return f"[bold]{escape(result.suite)} {escape(result.environment)}[/] [dim]({escape(', '.join(parts))})[/]"


def _findings(console: Console, outcome: Outcome, verdicts: list[Verdict]) -> None:
    if not verdicts:
        return
    heading, style = _HEADINGS[outcome]
    console.print(f"\n  [{style}]{heading}[/]")
    ordered = sorted(verdicts, key=lambda item: (_SEVERITIES.index(item.severity), item.key))
    for control, group in groupby(ordered, key=lambda item: item.control):
        items = list(group)
        colour = COLOURS[items[0].severity]
        console.print(f"  [{colour}]{items[0].severity:8}[/] [bold]{escape(control)}[/]  {escape(items[0].title)}")
        for item in items:
            where = f"{item.location}: " if item.location else ""
            console.print(f"{_INDENT}[dim]{escape(where)}[/]{escape(item.address)}")
            console.print(f"{_INDENT}  {escape(item.message)}")
        if not control.startswith("checkov."):
            console.print(f"{_INDENT}[dim]skyworthy explain {escape(control)}[/]")


def _unknown(console: Console, verdicts: list[Verdict]) -> None:
    if not verdicts:
        return
    heading, style = _HEADINGS[Outcome.UNKNOWN]
    console.print(f"\n  [{style}]{heading}[/]")
    for item in verdicts:
        console.print(f"  {escape(item.control)} {escape(item.address)}: [dim]{escape(item.message)}[/]")


def _sums(result: SuiteResult) -> str:
    found = counts(result.verdicts)
    styles = {"error": "bold magenta", "fail": "bold red", "unknown": "bold blue", "pass": "green"}
    words = {"fail": "failed", "pass": "passed", "not_applicable": "not applicable"}
    parts = []
    for outcome in _OUTCOMES:
        number = found[outcome.value]
        if number:
            style = styles.get(outcome.value, "dim")
            word = words.get(outcome.value, outcome.value) + "s" * (outcome is Outcome.ERROR and number > 1)
            parts.append(f"[{style}]{number} {word}[/]")
    calls = f", {sum(result.calls.values())} API calls" if result.calls else ""
    return f"  {', '.join(parts) or '0 verdicts'} [dim]in {result.seconds:.1f} s{calls}[/]"


@contextmanager
def progress(title: str, console: Console | None = None) -> Iterator[Callable[[str], None]]:
    """Show what a long piece of work is at: a spinner on a terminal, else a line for each step, on standard error.

    Args:
        title: of the work, ``static staging``.
        console: where to.

    Yields:
        A function to be called with each step, a short clause; from any thread.
    """
    console = console or Console(stderr=True, highlight=False, soft_wrap=True)
    if not console.is_terminal:
        yield lambda step: console.print(f"{escape(title)}: {escape(step)}")
        return
    started = time.monotonic()
    with console.status(escape(title)) as status:
        yield lambda step: status.update(
            f"{escape(title)}: {escape(step)} [dim]({time.monotonic() - started:.0f} s)[/]"
        )
