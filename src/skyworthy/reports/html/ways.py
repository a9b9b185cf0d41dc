"""Network paths: who reaches what, and the hop that blocks."""

import re
from collections.abc import Mapping, Sequence

from skyworthy.behavior.network import INTERNET, PLACES, Journey, Leg, network_of, sources
from skyworthy.behavior.network.reach import Hop
from skyworthy.estate import Estate, Resource
from skyworthy.reports.html.data import Report
from skyworthy.reports.html.elements import Child, Markup, badge, panel, plural, section, table, tag, text
from skyworthy.verdicts import Outcome

_MOST = 24
"""Of more places than these only the number is told: pairs grow with the square."""
_SIGNS = {"open": "→", "blocked": "⊣", "unknown": "?"}
_KINDS = {
    "aws_lb": "load balancer",
    "aws_alb": "load balancer",
    "aws_ecs_service": "service",
    "aws_db_instance": "database",
    "aws_rds_cluster": "database",
    "aws_elasticache_replication_group": "cache",
    "aws_elasticache_cluster": "cache",
    "aws_vpc_endpoint": "endpoint",
}
_ORDER = ("open", "unknown", "blocked")


def ways(report: Report, estates: Mapping[str, Estate]) -> Markup:
    """The section: a table of who reaches what, the hops below it."""
    panels = [panel(name, *_of(report, name, estates[name])) for name in report.environments if name in estates]
    lead = "Routes, network ACLs and security groups as declared, followed hop by hop. Open is a fact, not praise."
    return section("network", "Who reaches what", *panels, lead=lead)


def _of(report: Report, name: str, estate: Estate) -> list[Markup]:
    places = [place for place in estate.of(*PLACES) if not _is_route(place)]
    if not places:
        return [tag("p", "Nothing that listens is declared.")]
    if len(places) > _MOST:
        return [tag("p", f"{plural(len(places), 'place')} are too many for a table; ask with `skyworthy reach`.")]
    network = network_of(estate)
    found = {place.address: sources(network, place) for place in places}
    starts = list(dict.fromkeys(way.stops[0] for ways in found.values() for way in ways))
    words = _labels(places)
    ends = {place.address: words[place.address] for place in places}
    rows: list[list[Child]] = []
    for start in starts:
        cells = (_cell([way for way in found[end] if way.stops[0] == start]) for end in ends)
        rows.append([tag("b", words.get(start, start)), *cells])
    grid = table(("from \\ to", *ends.values()), rows, caption=f"Who reaches whom in {name}", class_="grid titled")
    every = [way for end in ends for way in found[end]]
    ordered = sorted(every, key=lambda way: _ORDER.index(way.answer))
    return [
        grid,
        tag(
            "details",
            tag("summary", f"{plural(len(every), 'path')}, hop by hop"),
            tag("ul", (_way(report, way, words) for way in ordered), class_="ways"),
        ),
    ]


def _is_route(place: Resource) -> bool:
    """Whether it is a gateway endpoint: an entry in route tables, to which nothing connects."""
    kind = place.peek("vpc_endpoint_type") if place.type == "aws_vpc_endpoint" else ""
    return isinstance(kind, str) and kind == "Gateway"


def _cell(ways: list[Journey]) -> Markup:
    if not ways:
        return tag("span", "·", class_="quiet", title="the same place")
    best = min((way.answer for way in ways), key=_ORDER.index)
    chosen = [way for way in ways if way.answer == best]
    ports = sorted({leg.port for way in chosen for leg in way.legs[-1:] if leg.port is not None})
    via = " via load balancer" if best == "open" and all(len(way.legs) > 1 for way in chosen) else ""
    shown = text(tag("small", f"{', '.join(map(str, ports))}{via}")) if ports else None
    return text(_answer(best), shown)


def _way(report: Report, way: Journey, words: Mapping[str, str]) -> Markup:
    return tag(
        "li",
        tag("p", _answer(way.answer), tag("b", " → ".join(words.get(stop, stop) for stop in way.stops))),
        (_leg(report, leg, several=len(way.legs) > 1) for leg in way.legs),
    )


def _leg(report: Report, leg: Leg, *, several: bool) -> Markup:
    hops = [_hop(report, hop, Outcome.PASS) for hop in leg.path.hops] if leg.path else []
    if leg.path and leg.path.blocked:
        hops.append(_hop(report, leg.path.blocked, Outcome.FAIL))
    if leg.unknown:
        hops.append(tag("li", badge(Outcome.UNKNOWN), leg.unknown))
    port = f", port {leg.port}" if leg.port else ""
    title = tag("p", f"{leg.source} → {leg.target}{port}", class_="quiet") if several else None
    return tag("div", title, tag("ol", hops, class_="hops"))


def _hop(report: Report, hop: Hop, outcome: Outcome) -> Markup:
    words = "passes" if outcome is Outcome.PASS else "blocked"
    return tag("li", badge(outcome, words), tag("span", hop.what), report.place(hop.location))


def _answer(answer: str) -> Markup:
    """Neither green nor red: whether a way ought to be open is for the controls to say."""
    return tag("span", tag("i", _SIGNS[answer], aria_hidden="true"), answer, class_=f"badge way-{answer}")


def _labels(places: Sequence[Resource]) -> dict[str, str]:
    """What each place is called: what it is, and its name where there are several of that kind."""
    kinds = {place.address: _KINDS[place.type] for place in places}
    several = {kind for kind in kinds.values() if list(kinds.values()).count(kind) > 1} | {"service"}
    labels = {INTERNET.name: "internet"}
    for place in places:
        kind = kinds[place.address]
        labels[place.address] = f"{kind} {_end(place.address)}" if kind in several else kind
    return labels


def _end(address: str) -> str:
    """What stands behind the type in an address: ``backend["a"]``."""
    return re.split(r"(?:^|\.)aws_\w+\.", address)[-1]
