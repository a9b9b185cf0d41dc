"""What checkov found, in Terraform's terms: parsed from its JSON, kept in our own.

Checkov's addresses are Terraform's but for data sources, which lack ``data.``, and for blocks that are no resources.
"""

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from skyworthy.checkov.sources import Sources
from skyworthy.errors import BadInput
from skyworthy.estate import Location

FORMAT = 1
"""Of the stored findings; changes whenever their meaning does."""

_BLOCK = re.compile(
    r'\s*(?P<kind>data|module|provider|resource|terraform|locals|variable|output)\b\s*"?(?P<label>[^"\s{]*)'
)
_KEY = re.compile(r'\["\$\{([^"{}]*)\}"\]')
"""How checkov writes the key of an instance that it took from a list: ``["${us-east-1a}"]``."""
_CLASS = re.compile(r"checkov\.terraform\.checks\.(?P<kind>data|module|provider|resource)\.")


@dataclass(frozen=True, order=True)
class Finding:
    """One check of checkov on one block.

    Args:
        check_id: ``CKV_AWS_16``.
        address: Terraform's address of the resource or data source; ``module.vpc`` or ``provider.aws`` for such blocks.
        file: relative to the root.
        line: 1-based line of the block's head.
        check_name: checkov's one-line description of what must hold.
        guideline: address of a page about it; empty where checkov tells none.
        severity: as checkov tells it, lower case; empty where it tells none.
        comment: the reason given in a ``checkov:skip`` comment; empty otherwise.
    """

    check_id: str
    address: str
    file: str
    line: int
    check_name: str
    guideline: str = ""
    severity: str = ""
    comment: str = ""


@dataclass(frozen=True)
class Findings:
    """Everything that one run said of one root, each list sorted.

    Args:
        passed: checks that hold.
        failed: checks that do not.
        skipped: checks that a comment in the code turned off.
        unparsed: files that checkov could not read, relative to the root.
        notes: what it did not look at, one sentence each.
        resources: how many blocks it looked at.
        version: of checkov.
    """

    passed: tuple[Finding, ...] = ()
    failed: tuple[Finding, ...] = ()
    skipped: tuple[Finding, ...] = ()
    unparsed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    resources: int = 0
    version: str = ""

    def encode(self) -> dict[str, Any]:
        """As JSON data."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def decode(cls, data: Mapping[str, Any]) -> "Findings":
        """From what :meth:`encode` made.

        Raises:
            KeyError, TypeError, ValueError: where it is something else.
        """
        if data["format"] != FORMAT:
            raise ValueError(f"findings of format {data['format']}")
        passed, failed, skipped = (
            tuple(Finding(**item) for item in data[name]) for name in ("passed", "failed", "skipped")
        )
        return cls(
            passed=passed,
            failed=failed,
            skipped=skipped,
            unparsed=tuple(data["unparsed"]),
            notes=tuple(data["notes"]),
            resources=data["resources"],
            version=data["version"],
        )


def parse(output: str, sources: Sources, copied: Path) -> Findings:
    """Checkov's standard output, in terms of the files that were copied for it.

    Args:
        output: the JSON of ``-o json`` without ``--quiet``.
        sources: the root and what it reaches.
        copied: where their copy lies (see :meth:`Sources.copy`).

    Raises:
        BadInput: where it is not what checkov 3 prints.
    """
    try:
        data = json.loads(output)
        if isinstance(data, dict) and "results" not in data and data["resource_count"] == 0:
            return Findings(version=data["checkov_version"], notes=_notes(sources))  # nothing in it that checkov checks
        results = data["results"]
        blocks = _Blocks(sources, copied.resolve())
        return Findings(
            passed=blocks.findings(results["passed_checks"]),
            failed=blocks.findings(results["failed_checks"]),
            skipped=blocks.findings(results["skipped_checks"]),
            unparsed=tuple(sorted({blocks.file(blocks.original(path)) for path in results["parsing_errors"]})),
            notes=_notes(sources),
            resources=data["summary"]["resource_count"],
            version=data["summary"]["checkov_version"],
        )
    except (ValueError, KeyError, TypeError) as error:
        shown = " ".join(output[:200].split()) or "nothing"
        raise BadInput(f"checkov printed something other than its results ({error!r}): {shown}") from error


def location(root: Path, finding: Finding) -> Location:
    """Where a finding's block stands, as other verdicts tell it: relative to the working directory where below it."""
    path = Path(os.path.normpath(root.absolute() / finding.file))
    here = Path.cwd()
    return Location(path.relative_to(here).as_posix() if path.is_relative_to(here) else path.as_posix(), finding.line)


def _notes(sources: Sources) -> tuple[str, ...]:
    notes = [f"checkov does not look into the module {source}: its source is not local" for source in sources.remote]
    notes += [
        f"checkov does not read {os.path.relpath(path, sources.root)}: it is JSON"
        for path in sources.files()
        if path.name.endswith(".tf.json")
    ]
    notes += [
        f"{name} is not read: what is accepted stands in waivers.toml, with owner and expiry"
        for name in (".checkov.yaml", ".checkov.yml")
        if (sources.root / name).exists()
    ]
    return tuple(notes)


class _Blocks:
    """Turns checkov's records into findings; reads each file once."""

    def __init__(self, sources: Sources, copied: Path) -> None:
        self._sources = sources
        self._copied = copied
        self._lines: dict[Path, list[str]] = {}

    def findings(self, records: Iterable[Mapping[str, Any]]) -> tuple[Finding, ...]:
        """The findings of a list of records, each once, sorted."""
        return tuple(sorted({self._finding(record) for record in records}))

    def original(self, path: str) -> Path:
        """The file that a path in the copy stands for; any other file (a module called by absolute path) itself."""
        found = Path(path).resolve()
        return self._sources.base / found.relative_to(self._copied) if found.is_relative_to(self._copied) else found

    def file(self, path: Path) -> str:
        """A path relative to the root."""
        return Path(os.path.relpath(path, self._sources.root)).as_posix()

    def _finding(self, record: Mapping[str, Any]) -> Finding:
        path = self.original(record["file_abs_path"])
        line = max(int(record["file_line_range"][0]), 1)
        return Finding(
            check_id=record["check_id"],
            address=self._address(record, path, line),
            file=self.file(path),
            line=line,
            check_name=record["check_name"],
            guideline=record["guideline"] or "",
            severity=str(record["severity"] or "").lower(),
            comment=record["check_result"].get("suppress_comment") or "",
        )

    def _address(self, record: Mapping[str, Any], path: Path, line: int) -> str:
        text = _KEY.sub(r'["\1"]', record["resource"])
        kind, label = self._block(record, path, line)
        if kind == "data" and f"data.{label}" not in text:
            start = text.rfind(f"{label}.") if label else 0
            return f"{text[:start]}data.{text[start:]}" if start >= 0 else text
        if kind in ("module", "provider") and not text.startswith(f"{kind}."):
            return f"{kind}.{text.removesuffix('.default')}"
        return text

    def _block(self, record: Mapping[str, Any], path: Path, line: int) -> tuple[str, str]:
        """Kind and first label of the block: from its head, else from the module that holds the check."""
        if path not in self._lines:
            self._lines[path] = path.read_text("utf-8", errors="replace").splitlines()
        lines = self._lines[path]
        head = _BLOCK.match(lines[line - 1]) if line <= len(lines) and path.suffix == ".tf" else None
        if head:
            return head["kind"], head["label"]
        of_class = _CLASS.match(record["check_class"])
        return (of_class["kind"] if of_class else ""), ""
