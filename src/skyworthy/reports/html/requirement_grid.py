"""Requirements: a tile for each, with the worst verdict of the controls that answer to it."""

from collections import Counter
from collections.abc import Mapping

from skyworthy.controls.requirements import Requirement, requirements
from skyworthy.reports.html.data import Report, worst
from skyworthy.reports.html.elements import SIGNS, Markup, numbered, section, tag
from skyworthy.verdicts import Outcome


def requirement_grid(report: Report) -> Markup:
    """The section; a tile chooses the findings of its requirement."""
    found: dict[str, Counter[Outcome]] = {}
    for item in report.findings:
        for ref in item.verdict.refs:
            found.setdefault(ref.removeprefix("REQ "), Counter())[item.verdict.outcome] += 1
    groups = dict.fromkeys(line.id.partition("-")[0] for line in requirements())
    rows = (
        tag(
            "div",
            tag("h3", group),
            tag(
                "ul",
                (_tile(line, found.get(line.id, {})) for line in requirements() if line.id.startswith(f"{group}-")),
            ),
            class_="group",
        )
        for group in groups
    )
    lead = "Each tile is a requirement with the worst verdict, in any environment, of what answers to it; choose one."
    return section("requirements", "Requirements", tag("div", rows, class_="tiles"), lead=lead)


def _tile(line: Requirement, tally: Mapping[Outcome, int]) -> Markup:
    group, _, number = line.id.partition("-")
    bad = worst(tally)
    if bad is None:
        said = f"by {', '.join(line.by)}" if line.by else "nothing was judged"
        return tag("li", tag("span", number, class_="tile v-none", title=f"{line.must}: {said}"))
    said = ", ".join(numbered(outcome, tally[outcome]) for outcome in Outcome if tally.get(outcome))
    return tag(
        "li",
        tag(
            "a",
            tag("span", f"{group}-", class_="hidden"),
            number,
            tag("i", SIGNS[bad], aria_hidden="true"),
            tag("span", f": {line.must}: {said}", class_="hidden"),
            href="#findings",
            data_req=line.id,
            title=f"{line.id}: {line.must}: {said}",
            class_=f"tile v-{bad}",
        ),
    )
