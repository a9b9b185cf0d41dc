"""Markdown as far as documents are checked: headings, links, fenced blocks.

Anchors are made as GitHub makes them: https://docs.github.com/get-started/writing-on-github (section links).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

_FENCE = re.compile(r"^(?P<indent>[ \t]*(?:>[ \t]?)*)(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^`]*)$")
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(?P<text>.*?)(?:[ \t]+#+)?[ \t]*$")
_UNDERLINE = re.compile(r"^ {0,3}(=+|-+)[ \t]*$")
_LINK = re.compile(
    r"\]\(\s*(?:<(?P<angle>[^<>\n]*)>|(?P<plain>[^\s()]*(?:\([^\s()]*\)[^\s()]*)*))(?:\s+[\"'(][^\n]*?)?\s*\)"
)
_DEFINITION = re.compile(r"^ {0,3}\[(?!\^)[^\]\n]+\]:[ \t]*<?(?P<target>[^\s<>]+)>?")
_HTML = re.compile(r"<(?:a|img|source)\b[^>]*?\s(?:href|src)\s*=\s*[\"'](?P<target>[^\"']*)[\"']", re.IGNORECASE)
_NAMED = re.compile(r"<\w+\b[^>]*?\s(?:id|name)\s*=\s*[\"'](?P<name>[^\"']+)[\"']", re.IGNORECASE)
_CODE = re.compile(r"(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)")
_SHELLS = frozenset({"bash", "sh", "shell", "zsh", "console", "shell-session", "terminal"})
_PROMPTED = frozenset({"console", "shell-session", "terminal"})


@dataclass(frozen=True)
class Link:
    """A link.

    Args:
        target: as it is written.
        line: 1-based.
    """

    target: str
    line: int


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Args:
        language: the first word behind the fence, lower case.
        text: what stands in it.
        line: of its first line, 1-based.
    """

    language: str
    text: str
    line: int

    @property
    def commands(self) -> str | None:
        """Its shell commands, on the lines on which they stand; None where it holds none."""
        if self.language not in _SHELLS:
            return None
        lines = self.text.splitlines()
        if self.language not in _PROMPTED and not any(line.startswith("$ ") for line in lines):
            return self.text
        return "\n".join(_typed(lines)) + "\n"


def _typed(lines: list[str]) -> Iterator[str]:
    """What a person typed in a session: the lines behind a prompt, and those that go on with them."""
    goes_on = False
    for line in lines:
        typed = re.sub(r"^\s*[$>] ", "", line) if goes_on or line.lstrip().startswith("$ ") else ""
        goes_on = typed.endswith("\\")
        yield typed


class Document:
    """A Markdown text.

    Args:
        text: of the file.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def blocks(self) -> list[Block]:
        """Its fenced blocks."""
        return self._parts[1]

    @cached_property
    def links(self) -> list[Link]:
        """Its links and pictures, outside of code."""
        return [
            Link(next(part for part in match.groupdict().values() if part is not None), number)
            for number, line in self._prose
            for pattern in (_LINK, _DEFINITION, _HTML)
            for match in pattern.finditer(_CODE.sub(lambda code: "`" * len(code[0]), line))
        ]

    @cached_property
    def anchors(self) -> frozenset[str]:
        """What a link may name behind ``#``."""
        found: dict[str, int] = {}
        names = {match["name"] for _, line in self._prose for match in _NAMED.finditer(line)}
        for title in self._headings():
            slug = _slug(title)
            count = found.get(slug, 0)
            found[slug] = count + 1
            names.add(f"{slug}-{count}" if count else slug)
        return frozenset(names)

    @property
    def _prose(self) -> list[tuple[int, str]]:
        return self._parts[0]

    def _headings(self) -> Iterator[str]:
        before = ""
        for _, line in self._prose:
            if match := _HEADING.match(line):
                yield match["text"]
            elif _UNDERLINE.match(line) and before.strip() and not before.lstrip().startswith(("#", "-", "|", ">")):
                yield before
            before = line

    @cached_property
    def _parts(self) -> tuple[list[tuple[int, str]], list[Block]]:
        prose: list[tuple[int, str]] = []
        blocks: list[Block] = []
        opened: re.Match[str] | None = None
        inside: list[str] = []
        start = 0
        for number, line in enumerate(self._text.splitlines(), 1):
            fence = _FENCE.match(line)
            if opened is None:
                if fence:
                    opened, inside, start = fence, [], number + 1
                else:
                    prose.append((number, line))
            elif fence and fence["fence"].startswith(opened["fence"]) and not fence["info"].strip():
                blocks.append(_block(opened, inside, start))
                opened = None
            else:
                inside.append(line)
        if opened is not None:
            blocks.append(_block(opened, inside, start))
        return prose, blocks


def _block(opened: "re.Match[str]", inside: list[str], line: int) -> Block:
    indent = len(opened["indent"])
    words = opened["info"].split()
    language = words[0].strip("{}").lstrip(".").lower() if words else ""
    text = "".join(f"{item[indent:] if not item[:indent].strip(' >') else item}\n" for item in inside)
    return Block(language, text, line)


def _slug(title: str) -> str:
    plain = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", title)
    plain = re.sub(r"<[^>]+>", "", plain)
    plain = re.sub(r"(?<!\w)[*_]+|[*]+|[_]+(?!\w)", "", plain)
    return re.sub(r"[^\w\- ]", "", plain.strip().lower()).replace(" ", "-")
