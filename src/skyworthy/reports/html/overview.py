"""What the reader sees first: what can be said of each environment, and how it was in the runs before."""

import datetime
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from skyworthy.reports.checklist import boxes
from skyworthy.reports.history import Run
from skyworthy.reports.html.data import OPEN, Report
from skyworthy.reports.html.elements import (
    WORDS,
    Child,
    Markup,
    badge,
    moment,
    numbered,
    panel,
    plural,
    section,
    table,
    tag,
)
from skyworthy.reports.status import State, age_of, facts_of, state_of
from skyworthy.results import SuiteResult, settled
from skyworthy.verdicts import Outcome, counts

_SHOWN = 24
"""How many runs a sparkline shows."""
_LISTED = 30
"""How many runs the table of the history holds."""
_TONES = {
    "ready": Outcome.PASS,
    "in order": Outcome.PASS,
    "not ready": Outcome.FAIL,
    "not in order": Outcome.FAIL,
    "unknown": Outcome.UNKNOWN,
    "not verified": Outcome.UNKNOWN,
}


def overview(report: Report) -> Markup:
    """A card for each environment."""
    return section(
        "overview", "Environments", tag("div", (_card(report, name) for name in report.names), class_="cards")
    )


def headline(report: Report) -> Markup:
    """The page's first sentence."""
    states = Counter(state_of(report.results.get(name, {})).word for name in report.environments)
    total = len(report.environments)
    words = f"{states['ready']} of {plural(total, 'environment')} ready" if total else "no environment"
    found = Counter(item.verdict.outcome for item in report.findings)
    parts = [badge(outcome, numbered(outcome, found[outcome])) for outcome in Outcome if found[outcome]]
    return tag("div", tag("p", words, class_="verdict"), tag("p", parts, class_="sums"), class_="headline")


def _card(report: Report, name: str) -> Markup:
    results = report.results.get(name, {})
    state = _state_of(report, name)
    tally = Counter({outcome: report.counts[name, outcome] for outcome in Outcome})
    return tag(
        "article",
        tag("header", tag("h3", name), badge(_TONES[state.word], state.word), class_="card-head"),
        tag("ul", (tag("li", reason) for reason in state.reasons), class_="reasons") if state.reasons else None,
        bar(tally, f"Verdicts of {name}"),
        tag("p", (badge(item, numbered(item, tally[item])) for item in Outcome if tally[item]), class_="sums"),
        _suites(report, name, results),
        _facts(report, name, results),
        class_=f"card v-{_TONES[state.word]}",
        data_env=name,
    )


def _state_of(report: Report, name: str) -> State:
    """The state of an environment, or of the repository: in order where nothing is open."""
    results = report.results.get(name, {})
    if name in report.environments:
        return state_of(results)
    found = counts(item.verdict for item in report.findings if item.environment == name)
    reasons = tuple(numbered(outcome, found[outcome]) for outcome in OPEN if found[outcome])
    if not reasons:
        return State("in order") if found["pass"] else State("unknown", ("nothing passed",))
    return State("unknown" if not found["fail"] + found["error"] else "not in order", reasons)


def bar(tally: Mapping[Outcome, int], label: str) -> Markup | None:
    """A bar of verdicts; what is open keeps a width that can be seen."""
    shown = [outcome for outcome in Outcome if tally.get(outcome)]
    if not shown:
        return None
    total = sum(tally.values())
    widths = {outcome: max(100 * tally[outcome] / total, 1.2) for outcome in shown}
    scale = 100 / sum(widths.values())
    parts, x = [], 0.0
    for outcome in shown:
        width = widths[outcome] * scale
        parts.append(tag("rect", x=f"{x:.2f}", y=0, width=f"{width:.2f}", height=8, class_=f"fill-{outcome}"))
        x += width
    said = ", ".join(numbered(outcome, tally[outcome]) for outcome in shown)
    return tag(
        "svg",
        parts,
        viewBox="0 0 100 8",
        preserveAspectRatio="none",
        role="img",
        aria_label=f"{label}: {said}",
        class_="bar",
    )


def _suites(report: Report, name: str, results: Mapping[str, SuiteResult]) -> Markup:
    return tag(
        "dl", (_suite(report, name, suite, results.get(suite)) for suite in report.suites(name)), class_="suites"
    )


def _suite(report: Report, name: str, suite: str, result: SuiteResult | None) -> Markup:
    runs = [run for run in report.runs if (run.environment, run.suite) == (name, suite)]
    if result is None:
        return tag("div", tag("dt", suite), tag("dd", "not run", class_="absent"))
    age = age_of(report.now - result.finished)
    target = " ".join(part for part in (result.target, result.account, result.region) if part)
    calls = f", {plural(sum(result.calls.values()), 'API call')}" if result.calls else ""
    return tag(
        "div",
        tag("dt", suite),
        tag("dd", tag("span", target), sparkline(runs, f"{suite} of {name}"), class_="target"),
        tag(
            "dd",
            moment(result.finished),
            f" ({age})" if age else None,
            f", {result.seconds:.1f} s{calls}",
            (", commit ", tag("code", result.commit[:12])) if result.commit else None,
            class_="quiet",
        ),
    )


def _facts(report: Report, name: str, results: Mapping[str, SuiteResult]) -> Markup | None:
    facts = facts_of(results)
    environment = report.environments.get(name)
    url = facts.pop("url", "") or (environment.url if environment else "")
    rows: list[tuple[str, Child]] = [("url", _url(url))] if url else []
    for key, value in sorted(facts.items()):
        rows.append((key, tag("ul", (tag("li", tag("code", item.strip())) for item in value.split(",")))))
    made = tag("dl", ((tag("dt", key), tag("dd", value)) for key, value in rows), class_="facts")
    return tag("details", tag("summary", "What runs there"), made) if rows else None


def _url(url: str) -> Markup:
    """A link where it is an address of the web, else a text."""
    if url.startswith(("https://", "http://")):
        return tag("a", url, href=url, rel="noreferrer")
    return tag("code", url)


def sparkline(runs: Sequence[Run], label: str) -> Markup | None:
    """What was open in the last runs, a column each; a dot where nothing was."""
    shown = runs[-_SHOWN:]
    if len(shown) < 2:
        return None
    most = max(run.open for run in shown)
    columns = []
    for place, run in enumerate(shown):
        height = 2 + 16 * run.open / most if run.open else 2
        columns.append(tag("rect", x=place * 5, y=20 - height, width=4, height=height, class_=f"fill-{_tone(run)}"))
    said = f"{label}: open in the last {len(shown)} runs: {', '.join(str(run.open) for run in shown)}"
    return tag(
        "svg",
        columns,
        viewBox=f"0 0 {len(shown) * 5} 20",
        width=len(shown) * 5,
        height=20,
        role="img",
        aria_label=said,
        class_="spark",
    )


def _tone(run: Run) -> str:
    return next((name for name in ("error", "fail", "unknown") if run.counts.get(name)), "pass")


def past(report: Report) -> Markup:
    """The runs before, as a table."""
    runs = [run for run in report.runs if run.environment in report.names]
    if not runs:
        return section("history", "History", lead="No run is remembered yet.")
    keys = [outcome.value for outcome in Outcome]
    rows = [
        [
            moment(run.finished),
            run.environment,
            run.suite,
            tag("code", run.commit[:12]) if run.commit else "",
            *(
                tag(
                    "span",
                    f"{run.counts.get(key, 0):,}",
                    class_=f"number c-{key}" if run.counts.get(key) else "number none",
                )
                for key in keys
            ),
        ]
        for run in reversed(runs[-_LISTED:])
    ]
    head = ("when", "environment", "suite", "commit", *(WORDS[outcome] for outcome in Outcome))
    more = f"The last {min(len(runs), _LISTED)} of {plural(len(runs), 'run')}, the newest first"
    return section("history", "History", table(head, rows, caption=more))


def checklist(report: Report) -> Markup:
    """The deployment checklist of each environment."""
    return section("checklist", "Deployment checklist", (_boxes(report, name) for name in report.environments))


def _boxes(report: Report, name: str) -> Markup:
    made = boxes(report.results.get(name, {}))
    phases = dict.fromkeys(box.item.phase for box in made)
    done = sum(box.ticked for box in made)
    inside = (
        tag(
            "div",
            tag("h4", phase),
            tag(
                "ul",
                (
                    tag(
                        "li",
                        badge(Outcome.PASS if box.ticked else Outcome.UNKNOWN, "done" if box.ticked else "open"),
                        tag("span", box.item.box),
                        tag("span", box.evidence, class_="quiet"),
                    )
                    for box in made
                    if box.item.phase == phase
                ),
                class_="boxes",
            ),
        )
        for phase in phases
    )
    return panel(
        name,
        tag(
            "details",
            tag("summary", f"{done} of {len(made)} boxes ticked by evidence"),
            tag("div", inside, class_="phases"),
        ),
    )


def unknowns(report: Report) -> Markup:
    """Everything that could not be told, in one place."""
    lines = list(_unknown(report))
    items = tag(
        "ul", (tag("li", tag("b", name), " ", words, data_env=name) for name, words in lines), class_="unknowns"
    )
    lead = (
        "What is not known is never taken for good. Beside it, what the suites noted."
        if lines
        else "Nothing: every suite ran, and decided everything."
    )
    return section("unknown", "What is not known, and notes", items if lines else None, lead=lead)


def _unknown(report: Report) -> Iterator[tuple[str, Child]]:
    for name in report.names:
        results = report.results.get(name, {})
        for suite in report.suites(name):
            if suite not in results:
                yield name, f"{suite} was not run"
                continue
            result = results[suite]
            found = counts(result.verdicts)
            for key, words in (("error", "could not be looked at"), ("unknown", "could not be decided")):
                passed = len(settled(results)) if (suite, key) == ("static", "unknown") else 0
                if found[key]:
                    yield (
                        name,
                        (
                            tag(
                                "a",
                                f"{suite}: {found[key]:,} {words}",
                                href="#findings",
                                data_show=f"{name} {suite} {key}",
                            ),
                            f"; live passed {passed}" if passed else None,
                        ),
                    )
            for note in result.notes:
                yield name, _note(suite, note)
            if report.now - result.finished > datetime.timedelta(days=1):
                yield name, f"{suite}: the result is {age_of(report.now - result.finished)}"
        simulated = facts_of(results).get("simulated")
        if simulated:
            yield name, f"simulated by the sandbox, not seen on AWS: {simulated}"
        estate = report.estates.get(name)
        if isinstance(estate, str):
            yield name, f"what is declared could not be read: {estate}"


def _note(suite: str, note: str) -> Child:
    """A note, its particulars folded."""
    sentence, *particulars = note.splitlines()
    if not particulars:
        return f"{suite}: {sentence}"
    listed = tag("ul", (tag("li", line) for line in particulars), class_="particulars")
    return tag("details", tag("summary", f"{suite}: {sentence}"), listed, class_="note")
