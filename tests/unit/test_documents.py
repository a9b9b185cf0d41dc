"""Documents: shell blocks parse, generated references are current."""

import posixpath
import subprocess
import sys
from pathlib import Path

import pytest

from skyworthy.repository.markdown import Document

REPOSITORY = Path(__file__).parents[2]
if str(REPOSITORY) not in sys.path:
    sys.path.insert(0, str(REPOSITORY))

from tests.conformance.documents import blocks  # noqa: E402

LINKED = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "terraform/**/*.md", "benchmarks/*.md")
    for path in REPOSITORY.glob(pattern)
    if ".terraform" not in path.parts
)
DOCUMENTS = sorted(path for path in (REPOSITORY / "docs").glob("*.md") if blocks(path))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_shell_blocks_parse(path: Path) -> None:
    for block in blocks(path):
        done = subprocess.run(["bash", "-n"], input=block.script, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{path.name}:{block.line}: {done.stderr}"


def test_blocks_of_lists_are_seen_and_lose_their_indentation(tmp_path: Path) -> None:
    document = tmp_path / "x.md"
    document.write_text(
        "1. One:\n\n   ```bash\n   for x in 1; do\n     echo\n   done\n   ```\n\n"
        "   <!-- not run: another day -->\n   ```bash\n   echo later\n   ```\n\n```text\nnothing\n```\n",
        "utf-8",
    )

    one, two = blocks(document)

    assert (one.line, one.script, one.reason) == (3, "for x in 1; do\n  echo\ndone\n", "")
    assert (two.script, two.reason) == ("echo later\n", "another day")


def test_links_lead_to_files_and_headings() -> None:
    documents = {path: Document(path.read_text("utf-8")) for path in LINKED}
    broken = []
    for path, document in documents.items():
        for link in document.links:
            if "://" in link.target or link.target.startswith("mailto:"):
                continue
            name, _, anchor = link.target.partition("#")
            target = Path(posixpath.normpath(path.parent / name)) if name else path
            headings = documents[target].anchors if target in documents else None
            if not target.exists() or (anchor and headings is not None and anchor not in headings):
                broken.append(f"{path.relative_to(REPOSITORY)}:{link.line}: {link.target}")

    assert broken == []
    assert {REPOSITORY / "README.md", REPOSITORY / "docs" / "OPERATIONS_RUNBOOK.md"} <= documents.keys()


def test_the_reference_pages_are_current() -> None:
    command = [sys.executable, str(REPOSITORY / "tools" / "reference_pages.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
