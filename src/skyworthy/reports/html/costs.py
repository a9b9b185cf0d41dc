"""Cost: what each component takes of the budget."""

from collections.abc import Iterator, Mapping

from skyworthy.behavior.cost import Estimate, estimate, monthly_budget, savings
from skyworthy.config import Environment
from skyworthy.estate import Estate
from skyworthy.reports.html.data import Report
from skyworthy.reports.html.elements import Markup, badge, panel, plural, section, tag
from skyworthy.verdicts import Outcome

_WIDTH = 1000


def costs(report: Report, estates: Mapping[str, Estate]) -> Markup:
    """The section."""
    panels = [
        panel(name, *_of(environment, estates[name]))
        for name, environment in report.environments.items()
        if name in estates
    ]
    lead = "Estimated from what is declared, at on-demand prices; what Terraform cannot tell is assumed."
    return section("cost", "What it costs", *panels, lead=lead)


def _of(environment: Environment, estate: Estate) -> Iterator[Markup]:
    made = estimate(estate, environment.usage)
    limit = monthly_budget(estate)
    yield tag("p", _sum(made, limit), class_="total")
    scale = max([made.monthly, limit or 0.0, 1.0])
    if limit is not None:
        yield _against(made.monthly, limit, scale)
    most = max(made.components.values(), default=1.0) or 1.0
    yield tag("ul", (_component(name, monthly, most) for name, monthly in made.components.items()), class_="bars")
    for words in made.unpriced:
        yield tag("p", badge(Outcome.UNKNOWN, "not counted"), words)
    found = savings(estate, made, environment.policy)
    if found:
        lines = (tag("li", tag("b", _dollars(item.monthly)), f" {item.what} ({item.price})") for item in found)
        yield tag("details", tag("summary", f"{plural(len(found), 'way')} to save"), tag("ul", lines))
    assumed = ", ".join(f"{name} {quantity:g}" for name, quantity in made.usage.items())
    table = f"Prices of {made.prices.date}, {made.prices.region}."
    yield tag("details", tag("summary", "Assumptions"), tag("p", f"{table} Of a month: {assumed}.", class_="quiet"))


def _sum(made: Estimate, limit: float | None) -> Iterator[Markup | str]:
    yield tag("b", _dollars(made.monthly))
    yield " a month "
    if limit is None:
        yield badge(Outcome.UNKNOWN, "no budget declared")
    elif made.monthly > limit:
        yield badge(Outcome.FAIL, f"above the budget of {_dollars(limit)}")
    else:
        yield badge(
            Outcome.PASS, f"{made.monthly / limit:.0%} of the budget of {_dollars(limit)}" if limit else "within"
        )


def _against(monthly: float, limit: float, scale: float) -> Markup:
    end = _WIDTH * limit / scale
    return tag(
        "svg",
        tag("rect", x=0, y=3, width=_WIDTH, height=8, class_="track"),
        tag(
            "rect",
            x=0,
            y=3,
            width=_WIDTH * monthly / scale,
            height=8,
            class_="fill-fail" if monthly > limit else "fill-cost",
        ),
        tag("rect", x=max(0.0, end - 3), y=0, width=3, height=14, class_="limit"),
        viewBox=f"0 0 {_WIDTH} 14",
        preserveAspectRatio="none",
        role="img",
        aria_label=f"{_dollars(monthly)} of a budget of {_dollars(limit)}",
        class_="against",
    )


def _component(name: str, monthly: float, most: float) -> Markup:
    return tag(
        "li",
        tag("span", name),
        tag("b", _dollars(monthly)),
        tag(
            "svg",
            tag("rect", x=0, y=0, width=_WIDTH, height=8, class_="track"),
            tag("rect", x=0, y=0, width=_WIDTH * monthly / most, height=8, class_="fill-cost"),
            viewBox=f"0 0 {_WIDTH} 8",
            preserveAspectRatio="none",
            aria_hidden="true",
        ),
    )


def _dollars(amount: float) -> str:
    return f"${amount:,.2f}"
