"""Texts as GitHub-flavoured Markdown."""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import quote

from skyworthy.estate import Location

_SPECIAL = re.compile(r"([\\`*\[\]#|~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))")
_LINE_BREAK = re.compile(r"\s*\r?\n\s*")


def text(plain: str) -> str:
    """A plain text that reads in Markdown as it is written, also in a table cell; line breaks become ``<br>``."""
    marked = _SPECIAL.sub(r"\\\1", plain.strip().replace("&", "&amp;").replace("<", "&lt;"))
    return _LINE_BREAK.sub("<br>", marked)


def code(plain: str) -> str:
    """A text as inline code, also in a table cell; empty stays empty."""
    shown = _LINE_BREAK.sub(" ", plain.strip()).replace("|", r"\|")
    if not shown:
        return ""
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def link(location: Location | None, *, base: Path, page: Path) -> str:
    """A link to a file and line, relative to the page; plain code where the file lies outside of the base.

    Args:
        location: of a block, relative to the base.
        base: the directory of the repository.
        page: the directory of the page that the link stands in.
    """
    if location is None:
        return ""
    shown = code(str(location))
    target = href(location, base=base, page=page)
    return f"[{shown}]({target})" if target else shown


def href(location: Location, *, base: Path, page: Path) -> str:
    """The target of such a link, empty where the file lies outside of the base."""
    if Path(location.file).is_absolute():
        return ""
    target = Path(os.path.relpath(base / location.file, page)).as_posix()
    return f"{quote(target, errors='replace')}#L{location.line}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table's lines, from cells that are Markdown already."""
    return [
        f"| {' | '.join(head)} |",
        f"|{'|'.join(' --- ' for _ in head)}|",
        *(f"| {' | '.join(cells)} |" for cells in rows),
    ]
