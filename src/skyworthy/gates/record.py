"""The record of a sign-off: what was decided, by whom, on what evidence; verifiable later.

    <reports>/signoff/<environment>-<time>.json        the record, with a digest of itself
    <reports>/signoff/<environment>-<time>.md          the same for people
    <reports>/signoff/<environment>-<time>/            the evidence: results, JUnit, settings, waivers, plan

The digests notice a changed byte; they do not stop somebody who rewrites all of it. Keep the record's digest, which
the command prints, where the deployment is recorded.
"""

import datetime
import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skyworthy.errors import BadInput
from skyworthy.files import write_json, write_whole
from skyworthy.gates.signoff import Decision
from skyworthy.reports.markdown import code, table, text
from skyworthy.results import SuiteResult
from skyworthy.verdicts import Outcome, counts

SCHEMA = 1
_DIGEST = "digest"


@dataclass(frozen=True)
class Subject:
    """What is signed off.

    Attributes:
        environment: its name.
        commit: of the repository.
        terraform: digest of the Terraform sources.
        plan: digest of the plan that will be applied; empty where none was given.
        by: who asks for it.
        made: when, UTC.
    """

    environment: str
    commit: str
    terraform: str
    plan: str
    by: str
    made: datetime.datetime


def write_record(
    folder: Path, subject: Subject, decision: Decision, results: Iterable[SuiteResult], evidence: Iterable[Path]
) -> tuple[Path, str]:
    """Write a record with copies of its evidence; gives the JSON file and the record's digest.

    Args:
        folder: of the records.
        subject: what is signed off.
        decision: what the evidence says.
        results: the last of each suite.
        evidence: the files that it rests on; those that do not exist are left out, and the decision says why.
    """
    name = f"{subject.environment.replace('/', '-')}-{subject.made:%Y%m%dT%H%M%SZ}"
    kept = folder / name
    kept.mkdir(parents=True, exist_ok=False)
    for path in evidence:
        if path.is_file():
            shutil.copyfile(path, kept / path.name)
    record = _record(subject, decision, list(results), kept)
    record[_DIGEST] = _digest_of(record)
    write_whole(folder / f"{name}.md", page(record))
    write_json(folder / f"{name}.json", record)
    return folder / f"{name}.json", record[_DIGEST]


def problems_of(path: Path) -> tuple[dict[str, Any], list[str]]:
    """A record, and what is no longer as it was signed; nothing where all is intact.

    Raises:
        BadInput: the file cannot be read as a record.
    """
    if not path.is_file():
        raise BadInput(f"{path}: there is no such file")
    try:
        record: dict[str, Any] = json.loads(path.read_text("utf-8"))
        signed = record[_DIGEST]
        evidence: Mapping[str, str] = {item["file"]: item["sha256"] for item in record["evidence"]}
        markdown = page(record)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(f"{path}: not the record of a sign-off ({error!r})") from error
    problems = [] if signed == _digest_of(record) else [f"{path}: the record was changed"]
    for_people = path.with_suffix(".md")
    if not for_people.is_file():
        problems.append(f"{for_people}: is gone")
    elif for_people.read_bytes() != markdown.encode():
        problems.append(f"{for_people}: was changed")
    kept = path.with_suffix("")
    found = {each.name for each in kept.iterdir()} if kept.is_dir() else set()
    for name, digest in evidence.items():
        if name not in found:
            problems.append(f"{kept / name}: is gone")
        elif digest_of(kept / name) != digest:
            problems.append(f"{kept / name}: was changed")
    problems += [f"{kept / name}: was added" for name in sorted(found - evidence.keys())]
    return record, problems


def _record(subject: Subject, decision: Decision, results: list[SuiteResult], kept: Path) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "environment": subject.environment,
        "decision": "go" if decision.go else "no-go",
        "reasons": list(decision.reasons),
        "settled": list(decision.settled),
        "made": subject.made.isoformat(timespec="seconds"),
        "by": subject.by,
        "commit": subject.commit,
        "terraform": subject.terraform,
        "plan": subject.plan,
        "images": sorted({item for result in results for item in _images(result)}),
        "suites": [_suite(result) for result in sorted(results, key=lambda item: item.suite)],
        "waived": sorted(
            f"{item.control} on {item.address}: {item.message}"
            for result in results
            for item in result.verdicts
            if item.outcome is Outcome.WAIVED
        ),
        "evidence": [
            {"file": each.name, "sha256": digest_of(each), "bytes": each.stat().st_size}
            for each in sorted(kept.iterdir())
        ],
    }


def _suite(result: SuiteResult) -> dict[str, Any]:
    return {
        "suite": result.suite,
        "looked_at": " ".join(part for part in (result.target, result.account, result.region) if part),
        "finished": result.finished.isoformat(timespec="seconds"),
        "commit": result.commit,
        "counts": counts(result.verdicts),
    }


def _images(result: SuiteResult) -> list[str]:
    return [item.strip() for item in result.facts.get("images", "").split(",") if item.strip()]


def page(record: Mapping[str, Any]) -> str:
    """A record as Markdown."""
    outcomes = [outcome.value for outcome in Outcome]
    facts = [
        ("decision", f"**{record['decision']}**"),
        ("made", text(record["made"])),
        ("by", text(record["by"])),
        ("commit", code(record["commit"])),
        ("Terraform", code(record["terraform"])),
        ("plan", code(record["plan"]) or "none was given"),
        ("images", "<br>".join(map(code, record["images"]))),
        ("record", code(record[_DIGEST])),
    ]
    lines = [f"# Sign-off of {text(record['environment'])}: {record['decision']}", "", *table(("", ""), facts)]
    rows = [
        [item["suite"], text(item["looked_at"]), *(str(item["counts"][name]) for name in outcomes), item["finished"]]
        for item in record["suites"]
    ]
    head = ("suite", "looked at", *(name.replace("_", " ") for name in outcomes), "finished")
    lines += ["", "## Suites", "", *table(head, rows)]
    for title, key in (("What speaks against it", "reasons"), ("Settled", "settled"), ("Waived", "waived")):
        if record[key]:
            lines += ["", f"## {title}", "", *(f"- {text(item)}" for item in record[key])]
    files = [[code(item["file"]), str(item["bytes"]), code(item["sha256"])] for item in record["evidence"]]
    return "\n".join([*lines, "", "## Evidence", "", *table(("file", "bytes", "SHA-256"), files)]) + "\n"


def _digest_of(record: Mapping[str, Any]) -> str:
    content = {key: value for key, value in record.items() if key != _DIGEST}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, 64 hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
