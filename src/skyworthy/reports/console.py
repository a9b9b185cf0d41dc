"""Results for people at a terminal."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby

from rich.console import Console
from rich.markup import escape

from skyworthy.results import SuiteResult
from skyworthy.verdicts import Outcome, Verdict, counts

COLOURS = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan"}
"""Of severities."""

_INDENT = " " * 11
_CAUSE = re.compile(r"(?:^|: )(denied: .+)$")
_FOLDED = 3
"""More errors than these of one cause are told as one."""
_SEVERITIES = list(COLOURS)
_OUTCOMES = list(Outcome)
_HEADINGS = {
    Outcome.ERROR: ("could not look", "bold magenta"),
    Outcome.FAIL: ("findings", "bold red"),
    Outcome.UNKNOWN: ("unknown", "bold blue"),
}


def report(result: SuiteResult, console: Console | None = None, *, verbose: bool = False) -> None:
    """Print the result of a suite: errors and findings in full, unknowns a line each, waivers counted, then the sums.

    Args:
        result: of one suite in one environment.
        console: where to; standard output by default. Colours are off where it is no terminal or NO_COLOR is set.
        verbose: also the particulars of the notes, and each verdict that one and the same denied call left open.
    """
    console = console or Console(highlight=False, soft_wrap=True)
    console.print(_header(result))
    if result.facts.get("simulated"):
        console.print(f"  [dim]simulated: {escape(result.facts['simulated'])}[/]")
    shown = _errors(console, result, verbose=verbose)
    failed = [item for item in result.verdicts if item.outcome is Outcome.FAIL]
    if failed:
        _heading(console, Outcome.FAIL)
        _findings(console, failed)
    _hint(console, failed or shown)
    _unknown(console, [item for item in result.verdicts if item.outcome is Outcome.UNKNOWN])
    waived = [item for item in result.verdicts if item.outcome is Outcome.WAIVED]
    if waived:
        console.print(f"  [dim]waived: {', '.join(sorted({escape(item.control) for item in waived}))}[/]")
    for note in result.notes:
        for line in _note(note, verbose=verbose):
            console.print(f"  [dim]{escape(line)}[/]")
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


def _heading(console: Console, outcome: Outcome) -> None:
    heading, style = _HEADINGS[outcome]
    console.print(f"\n  [{style}]{heading}[/]")


def _errors(console: Console, result: SuiteResult, *, verbose: bool) -> list[Verdict]:
    """Print the errors, many of one cause as one; gives those that are printed in full."""
    errors = [item for item in result.verdicts if item.outcome is Outcome.ERROR]
    if not errors:
        return []
    _heading(console, Outcome.ERROR)
    causes = {} if verbose else _causes(errors)
    for cause, items in causes.items():
        controls = len({item.control for item in items})
        console.print(f"  [bold]{escape(cause)}[/]")
        console.print(f"{_INDENT}{len(items)} verdicts of {controls} controls need it (--verbose: which)")
    if causes:
        policy = f"skyworthy policy --env {result.environment}"
        console.print(f"{_INDENT}[dim]what a run may have to read: {escape(policy)}[/]")
    folded = {item.key for items in causes.values() for item in items}
    shown = [item for item in errors if item.key not in folded]
    _findings(console, shown)
    return shown


def _findings(console: Console, verdicts: list[Verdict]) -> None:
    ordered = sorted(verdicts, key=_weight)
    for control, group in groupby(ordered, key=lambda item: item.control):
        items = list(group)
        colour = COLOURS[items[0].severity]
        lines = [f"  [{colour}]{items[0].severity:8}[/] [bold]{escape(control)}[/]  {escape(items[0].title)}"]
        for item in items:
            where = f"{item.location}: " if item.location else ""
            lines.append(f"{_INDENT}[dim]{escape(where)}[/]{escape(item.where)}")
            if not (item.title and item.message.endswith(item.title)):  # checkov has no more to say than the title
                lines.append(f"{_INDENT}  {escape(item.message)}")
        console.print("\n".join(lines))


def _causes(errors: Sequence[Verdict]) -> dict[str, list[Verdict]]:
    """What was denied -> the verdicts that wanted it, where these are many: one permission can be missing to fifty."""
    found: dict[str, list[Verdict]] = {}
    for item in errors:
        if cause := _CAUSE.search(item.message):
            found.setdefault(cause[1], []).append(item)
    return {cause: items for cause, items in found.items() if len(items) > _FOLDED}


def _hint(console: Console, verdicts: Sequence[Verdict]) -> None:
    """How to learn more of a finding, told once; checkov's checks are explained by checkov."""
    own = [item for item in sorted(verdicts, key=_weight) if not item.control.startswith("checkov.")]
    if own:
        console.print(f"\n  [dim]why, and how to fix it: skyworthy explain {escape(own[0].control)}[/]")


def _weight(verdict: Verdict) -> tuple[int, tuple[str, str, str, str]]:
    return (_SEVERITIES.index(verdict.severity), verdict.key)


def _unknown(console: Console, verdicts: list[Verdict]) -> None:
    if not verdicts:
        return
    _heading(console, Outcome.UNKNOWN)
    lines = []
    for item in verdicts:
        reason = item.message.replace(f" of {item.address}:", ":")
        lines.append(f"  {escape(item.control)} {escape(item.where)}: [dim]{escape(reason)}[/]")
    console.print("\n".join(lines))


def _note(note: str, *, verbose: bool) -> list[str]:
    sentence, *particulars = note.splitlines()
    if verbose:
        return [f"note: {sentence}", *(f"  {line}" for line in particulars)]
    return [f"note: {sentence}{' (--verbose: which)' if particulars else ''}"]


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


def summary(results: Sequence[SuiteResult], red: Sequence[SuiteResult], console: Console | None = None) -> None:
    """Print one line on several suites: which are red and for what, or that none is.

    Args:
        results: of all suites that ran.
        red: those of them that stop their gate.
        console: where to, as for :func:`report`.
    """
    console = console or Console(highlight=False, soft_wrap=True)
    seconds = sum(result.seconds for result in results)
    if red:
        names = ", ".join(_named(result) for result in red)
        console.print(f"[bold red]{len(red)} of {len(results)} suites are red:[/] {escape(names)}")
        return
    found = counts(item for result in results for item in result.verdicts)
    unknown = f", {found['unknown']} unknown" if found["unknown"] else ""
    console.print(
        f"[bold green]{len(results)} suites are clean:[/] {found['pass']:,} passed{unknown} [dim]in {seconds:.0f} s[/]"
    )


def _named(result: SuiteResult) -> str:
    return result.suite if result.suite == "repository" else f"{result.suite} {result.environment}"


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
