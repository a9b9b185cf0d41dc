"""A record tells what was decided and on what, and notices every byte that is no longer as it was."""

import datetime
import json
from pathlib import Path

import pytest

from skyworthy.errors import BadInput
from skyworthy.gates.record import Subject, digest_of, problems_of, write_record
from skyworthy.gates.signoff import Decision
from skyworthy.results import SuiteResult
from skyworthy.verdicts import Outcome, Verdict

MADE = datetime.datetime(2026, 11, 21, 12, 0, tzinfo=datetime.UTC)
RESULT = SuiteResult(
    "static", "production", (Verdict("rds.x", "declared", "production", "aws_db_instance.main", Outcome.PASS),), 1.0,
    MADE, "0123456789ab", facts={"images": "backend=repo:1, frontend=repo:2"},
)  # fmt: skip


@pytest.fixture
def record(tmp_path: Path) -> Path:
    evidence = tmp_path / "results-static.json"
    evidence.write_text("{}", "utf-8")
    subject = Subject("production", "0123456789ab", "sha256:1", "", "somebody", MADE)
    missing = tmp_path / "not-there.xml"
    path, _ = write_record(tmp_path / "signoff", subject, Decision((), ()), [RESULT], [evidence, missing])
    return path


def test_a_record_names_what_was_decided_and_the_digests_of_its_evidence(record: Path) -> None:
    data = json.loads(record.read_text("utf-8"))
    assert record.name == "production-20261121T120000Z.json"
    assert (data["decision"], data["by"], data["images"]) == ("go", "somebody", ["backend=repo:1", "frontend=repo:2"])
    kept = record.with_suffix("") / "results-static.json"
    assert data["evidence"] == [{"file": "results-static.json", "sha256": digest_of(kept), "bytes": 2}]
    assert problems_of(record) == (data, [])
    assert "# Sign-off of production: go" in record.with_suffix(".md").read_text("utf-8")


def test_a_changed_byte_is_noticed_wherever_it_is(record: Path) -> None:
    kept, for_people = record.with_suffix(""), record.with_suffix(".md")
    evidence = kept / "results-static.json"
    evidence.write_text("{ }", "utf-8")
    assert problems_of(record)[1] == [f"{evidence}: was changed"]
    evidence.unlink()
    assert problems_of(record)[1] == [f"{evidence}: is gone"]
    evidence.write_text("{}", "utf-8")
    (kept / "more.json").write_text("{}", "utf-8")
    assert problems_of(record)[1] == [f"{kept / 'more.json'}: was added"]
    (kept / "more.json").unlink()
    for_people.write_text(for_people.read_text("utf-8").replace("go", "stay"), "utf-8")
    assert problems_of(record)[1] == [f"{for_people}: was changed"]
    for_people.unlink()
    assert problems_of(record)[1] == [f"{for_people}: is gone"]


def test_a_record_that_was_rewritten_is_noticed(record: Path) -> None:
    record.write_text(record.read_text("utf-8").replace("somebody", "somebody else"), "utf-8")
    assert f"{record}: the record was changed" in problems_of(record)[1]


def test_a_second_record_of_the_same_second_is_refused_and_the_first_stays(record: Path, tmp_path: Path) -> None:
    subject = Subject("production", "0123456789ab", "sha256:1", "", "somebody", MADE)
    with pytest.raises(FileExistsError):
        write_record(tmp_path / "signoff", subject, Decision((), ()), [RESULT], [])
    assert problems_of(record)[1] == []


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"digest": "x", "evidence": [{}]}'])
def test_what_is_no_record_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "record.json"
    path.write_text(content, "utf-8")
    with pytest.raises(BadInput, match=r"record\.json: not the record of a sign-off"):
        problems_of(path)
