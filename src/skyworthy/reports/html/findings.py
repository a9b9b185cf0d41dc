"""Findings: an entry for each control, with the resources on which it has something to say, and the filters."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from skyworthy.controls import Control, find_control
from skyworthy.controls.requirements import requirements
from skyworthy.reports.console import COLOURS
from skyworthy.reports.html.data import OPEN, REPOSITORY, Finding, Report, area_of
from skyworthy.reports.html.elements import Child, Markup, badge, prose, section, tag
from skyworthy.reports.status import SUITES
from skyworthy.verdicts import Outcome, Verdict

SEVERITIES = tuple(COLOURS)
_COUNTED = (Outcome.PASS, Outcome.NOT_APPLICABLE)
"""Verdicts of which the page holds the number alone: what passed has nothing to say."""
_OPENED = 12
"""How many entries show their inside from the beginning."""


def findings(report: Report, components: Mapping[str, Mapping[str, str]]) -> Markup:
    """The section.

    Args:
        report: what there is to show.
        components: environment -> address -> id of the component of the picture that it is part of.
    """
    groups = _groups(report.findings)
    count = sum(report.counts[name, outcome] for name in report.names for outcome in OPEN)
    lead = "Nothing is open." if report.findings and not count else None
    if not report.findings:
        lead = "Nothing was judged yet, and that is not a pass: run skyworthy verify."
    entries = [
        _entry(report, control, group, components, opened=number < _OPENED)
        for number, (control, group) in enumerate(groups)
    ]
    return section(
        "findings",
        "Findings",
        _filters(report),
        tag("p", id="told", class_="told", role="status", aria_live="polite"),
        tag("ol", *entries, class_="controls", id="controls"),
        lead=lead,
    )


def _groups(found: Iterable[Finding]) -> list[tuple[str, list[Finding]]]:
    """By control, the worst first: open ones by severity, then those that are answered for, then the rest."""
    groups: dict[str, list[Finding]] = {}
    for item in found:
        groups.setdefault(item.verdict.control, []).append(item)
    return sorted(groups.items(), key=_rank)


def _rank(pair: tuple[str, list[Finding]]) -> tuple[int, int, int, str]:
    control, items = pair
    order = list(Outcome)
    first = min(order.index(item.verdict.outcome) for item in items)
    stage = 0 if order[first] in (Outcome.ERROR, Outcome.FAIL) else 1 + (order[first] not in OPEN) * first
    return stage, SEVERITIES.index(items[0].verdict.severity), first, control


def _entry(
    report: Report,
    control: str,
    items: Sequence[Finding],
    components: Mapping[str, Mapping[str, str]],
    *,
    opened: bool,
) -> Markup:
    one = items[0].verdict
    tally = Counter(item.verdict.outcome for item in items)
    told = [item for item in items if item.verdict.outcome not in _COUNTED]
    required = [ref.removeprefix("REQ ") for ref in one.refs if ref.startswith("REQ ")]
    counted = Counter(
        (item.environment, item.suite, item.verdict.outcome.value) for item in items if item.verdict.outcome in _COUNTED
    )
    head = tag(
        "summary",
        tag("span", one.severity, class_=f"severity s-{one.severity}"),
        tag("span", one.title or control, class_="title"),
        tag("code", control, class_="id"),
        tag("span", _tally(tally), class_="tally"),
    )
    return tag(
        "li",
        tag(
            "details",
            head,
            _explained(find_control(control), one),
            _rows(report, told, components),
            open=opened and any(item in tally for item in OPEN),
        ),
        class_="control",
        data_severity=one.severity,
        data_area=area_of(one),
        data_req=" ".join(required),
        data_text=f"{control} {one.title} {' '.join(one.refs)}".lower(),
        data_counts=json.dumps([[*key, count] for key, count in sorted(counted.items())], separators=(",", ":")),
    )


def _tally(tally: Mapping[Outcome, int]) -> Iterator[Markup]:
    for outcome in Outcome:
        if tally.get(outcome):
            yield badge(outcome, str(tally[outcome]))


def _explained(control: Control | None, one: Verdict) -> Markup:
    rows: list[tuple[str, Child]] = []
    if control is not None:
        rows = [("Why", prose(control.why)), ("Fix", prose(control.fix))]
    if one.refs:
        rows.append(("Answers to", _refs(one.refs)))
    return tag("dl", ((tag("dt", name), tag("dd", value)) for name, value in rows), class_="explained")


def _refs(refs: Iterable[str]) -> Iterator[Markup]:
    must = {line.id: line.must for line in requirements()}
    for ref in refs:
        yield tag("span", ref, class_="ref", title=must.get(ref.removeprefix("REQ ")))


def _rows(report: Report, told: Sequence[Finding], components: Mapping[str, Mapping[str, str]]) -> Markup | None:
    if not told:
        return None
    order = list(Outcome)
    ordered = sorted(told, key=lambda item: (order.index(item.verdict.outcome), item.verdict.address))
    # The same words on the same resource, by several suites or environments, are one row.
    rows = [
        _row(report, list(same), components)
        for _, same in groupby(ordered, key=lambda item: (item.verdict.outcome, item.verdict.address, _said(item)))
    ]
    return tag("ul", *rows, class_="rows")


def _said(item: Finding) -> tuple[str, str]:
    return item.verdict.message, str(item.verdict.location)


def _row(report: Report, same: Sequence[Finding], components: Mapping[str, Mapping[str, str]]) -> Markup:
    one = same[0].verdict
    places = sorted({(item.environment, item.suite) for item in same})
    parts = {components.get(item.environment, {}).get(item.verdict.address, "") for item in same} - {""}
    shown = (tag("span", f"{name} · {suite}", class_="where") for name, suite in places)
    return tag(
        "li",
        tag("div", badge(one.outcome), tag("code", one.where, class_="address"), *shown, class_="row-head"),
        tag("p", one.message, class_="message") if one.message else None,
        report.place(one.location),
        class_="row",
        data_verdict=one.outcome.value,
        data_in=json.dumps(places, separators=(",", ":")),
        data_component=" ".join(sorted(parts)) or None,
    )


def _filters(report: Report) -> Markup:
    found = report.findings
    verdicts = Counter(item.verdict.outcome.value for item in found)
    severities = Counter[str](item.verdict.severity for item in found)
    suites = Counter(item.suite for item in found)
    known = (*SUITES, *([REPOSITORY] if REPOSITORY in suites else []))
    areas = sorted({area_of(item.verdict) for item in found})
    named = {ref for item in found for ref in item.verdict.refs}
    required = [line.id for line in requirements() if f"REQ {line.id}" in named]
    shown = {item.value for item in Outcome if item not in _COUNTED}
    return tag(
        "form",
        tag(
            "div",
            tag("label", "Search", for_="search"),
            tag(
                "input",
                id="search",
                type="search",
                name="text",
                placeholder="control, resource, message",
                autocomplete="off",
            ),
            class_="field grow",
        ),
        tag("div", tag("label", "Service area", for_="area"), _select("area", areas), class_="field"),
        tag(
            "div",
            tag("label", "Requirement", for_="req"),
            _select("req", required),
            class_="field",
        ),
        _choices("verdict", "Verdict", [item.value for item in Outcome], verdicts, shown),
        _choices("severity", "Severity", SEVERITIES, severities, set(SEVERITIES)),
        _choices("suite", "Suite", known, suites, set(known)),
        tag("button", "Clear filters", type="button", id="clear"),
        id="filters",
        aria_label="Filters of findings",
        autocomplete="off",
    )


def _select(name: str, values: Iterable[str]) -> Markup:
    return tag(
        "select",
        tag("option", "all", value=""),
        (tag("option", item, value=item) for item in values),
        id=name,
        name=name,
    )


def _choices(name: str, legend: str, values: Iterable[str], counts: Mapping[str, int], chosen: set[str]) -> Markup:
    return tag(
        "fieldset",
        tag("legend", legend),
        (
            tag(
                "label",
                tag("input", type="checkbox", name=name, value=value, checked=value in chosen),
                tag("span", value.replace("_", " "), tag("b", f"{counts.get(value, 0):,}"), class_="word"),
                class_=f"choice v-{value}" if name == "verdict" else f"choice s-{value}",
            )
            for value in values
        ),
    )
