"""Elements of the page. Every text is escaped here and nowhere else."""

import datetime
import html
import re
from collections.abc import Iterable

from skyworthy.verdicts import Outcome

_VOID = frozenset({"input", "meta", "br"})
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")

WORDS = {
    Outcome.ERROR: "error",
    Outcome.FAIL: "failed",
    Outcome.UNKNOWN: "unknown",
    Outcome.WAIVED: "waived",
    Outcome.PASS: "passed",
    Outcome.NOT_APPLICABLE: "not applicable",
}
SIGNS = {
    Outcome.ERROR: "!",
    Outcome.FAIL: "✕",
    Outcome.UNKNOWN: "?",
    Outcome.WAIVED: "~",
    Outcome.PASS: "✓",
    Outcome.NOT_APPLICABLE: "·",
}
"""A verdict is never told by its colour alone."""


class Markup(str):
    """HTML that is escaped already."""

    __slots__ = ()


Child = str | int | float | None | Iterable["Child"]


def tag(name: str, /, *children: Child, **attributes: str | float | bool | None) -> Markup:
    """An element.

    Args:
        name: of the element.
        children: texts, which are escaped; elements; None, which is left out; or several of these.
        attributes: underscores become hyphens, one at the end is dropped; None and False are left out, True is bare.
    """
    made = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Markup(f"<{name}{made}>")
    return Markup(f"<{name}{made}>{text(*children)}</{name}>")


def text(*children: Child) -> Markup:
    """Children one behind the other, without an element around them."""
    return Markup("".join(_parts(children)))


def _parts(children: Iterable[Child]) -> Iterable[str]:
    for child in children:
        if isinstance(child, Markup):
            yield child
        elif isinstance(child, str | int | float):
            yield html.escape(_CONTROL.sub("\ufffd", str(child)))
        elif child is not None:
            yield from _parts(child)


def _attribute(key: str, value: str | float | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{html.escape(_CONTROL.sub(chr(0xFFFD), _plain(value)))}"'


def _plain(value: str | float) -> str:
    """Numbers short, so that drawings are small and the same everywhere."""
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)


def prose(words: str) -> Markup:
    """A sentence in which back-quoted parts are code."""
    return text(
        tag("code", part) if number % 2 else part for number, part in enumerate(re.split(r"`([^`\n]+)`", words))
    )


def badge(outcome: Outcome, words: str = "") -> Markup:
    """A verdict: sign and word."""
    return tag(
        "span", tag("i", SIGNS[outcome], aria_hidden="true"), words or WORDS[outcome], class_=f"badge v-{outcome}"
    )


def numbered(outcome: Outcome, count: int) -> str:
    """``1 error``, ``2 errors``, ``3 passed``."""
    return f"{count:,} {WORDS[outcome]}{'s' * (outcome is Outcome.ERROR and count != 1)}"


def section(id: str, title: str, *children: Child, lead: Child = None) -> Markup:
    """A part of the page with its heading."""
    return tag(
        "section",
        tag("h2", title, id=f"{id}-title"),
        tag("p", lead, class_="lead") if lead else None,
        *children,
        id=id,
        aria_labelledby=f"{id}-title",
    )


def panel(environment: str, *children: Child, title: Child = None) -> Markup:
    """What a section says of one environment; hidden where another one is chosen."""
    return tag("div", tag("h3", title or environment), *children, class_="panel", data_env=environment)


def table(head: Iterable[Child], rows: Iterable[Iterable[Child]], *, caption: str, class_: str = "") -> Markup:
    """A table that scrolls by itself where it is wider than the screen."""
    made = tag(
        "table",
        tag("caption", caption, class_="quiet"),
        tag("thead", tag("tr", (tag("th", cell, scope="col") for cell in head))),
        tag("tbody", (tag("tr", (tag("td", cell) for cell in row)) for row in rows)),
        class_=class_ or None,
    )
    return scroller(caption, made)


def scroller(label: str, *children: Child, class_: str = "") -> Markup:
    """What scrolls sideways by itself, also by keyboard."""
    return tag("div", *children, class_=f"scroll {class_}".strip(), tabindex=0, role="region", aria_label=label)


def moment(time: datetime.datetime) -> Markup:
    """A point in time, UTC."""
    utc = time.astimezone(datetime.UTC)
    return tag("time", f"{utc:%Y-%m-%d %H:%M} UTC", datetime=f"{utc:%Y-%m-%dT%H:%MZ}")


def plural(count: int, noun: str) -> str:
    """``1 alarm``, ``2 alarms``."""
    return f"{count:,} {noun}{'s' * (count != 1)}"
