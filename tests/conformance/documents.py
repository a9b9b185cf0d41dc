"""The shell blocks of a document, to be run as a reader would run them."""

import re
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(
    r"^(?P<indent> *)(?:<!-- not run: (?P<reason>.+?) -->\n(?P=indent))?```bash\n(?P<script>.*?)^(?P=indent)```$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Block:
    """A fenced block of shell commands.

    Attributes:
        line: of the fence.
        script: what stands in it.
        reason: why it is not run; empty where it is.
    """

    line: int
    script: str
    reason: str


def blocks(path: Path) -> list[Block]:
    """The ``bash`` blocks of a Markdown file, in order; ``<!-- not run: why -->`` above one leaves it out.

    A block of a list item loses the item's indentation.
    """
    text = path.read_text("utf-8")
    return [
        Block(
            text.count("\n", 0, match.start("script")),
            re.sub(f"^{match['indent']}", "", match["script"], flags=re.MULTILINE),
            match["reason"] or "",
        )
        for match in _BLOCK.finditer(text)
    ]


def script(path: Path) -> str:
    """All blocks that are run, as one script that stops at the first failure and names its line."""
    parts = ["set -euo pipefail"]
    for block in blocks(path):
        if not block.reason:
            parts += [f"echo '--- {path.name}:{block.line}'", block.script]
    return "\n".join(parts)
