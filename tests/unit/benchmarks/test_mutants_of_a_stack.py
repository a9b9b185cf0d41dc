"""Mutants of a small stack: what the operators make of it, and what is said of each."""

from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from textwrap import dedent

import pytest
from benchmarks.mutants import Score, all_mutants, not_noticed, unexplained, unneeded, weigh
from benchmarks.mutation.judging import Bench, Judged, judge_all
from benchmarks.mutation.mutant import Mutant, apply
from benchmarks.mutation.survivors import Entry, load

from skyworthy.errors import BadInput

MAIN = """\
variable "days" {}

module "db" {
  source = "../db"

  days = var.days
}
"""

MODULE = """\
variable "encrypted" {
  type    = bool
  default = true
}

variable "days" {
  type = number

  validation {
    condition     = var.days <= 35
    error_message = "At most 35 days."
  }
}

resource "aws_db_instance" "main" {
  identifier              = "main"
  engine                  = "postgres"
  instance_class          = "db.t3.micro"
  storage_encrypted       = var.encrypted
  publicly_accessible     = false
  backup_retention_period = var.days
}

resource "aws_vpc_security_group_ingress_rule" "db" {
  security_group_id            = "sg-0a1b2c3d"
  referenced_security_group_id = "sg-0d3c2b1a"
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    files = {
        "skyworthy.toml": """
            [application]
            env_template = "settings/variables"
            [environments.production]
            terraform = "terraform/production"
            """,
        "settings/variables": "# required: app\nENVIRONMENT=local\n",
        "waivers.toml": "",
        "terraform/production/main.tf": MAIN,
        "terraform/production/terraform.tfvars": "days = 7\n",
        "terraform/db/main.tf": MODULE,
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
    return root


def found(repository: Path, owner: str, path: str) -> dict[tuple[str, str, str], Mutant]:
    made = all_mutants(repository, Path("terraform"))
    return {(m.operator, m.before, m.after): m for m in made if (m.owner, m.path) == (owner, path)}


def judge(repository: Path, tmp_path: Path, mutant: Mutant) -> Judged:
    copy = tmp_path / "copy"
    copy.mkdir()
    return Bench(repository, Path("terraform"), copy).judge(mutant)


def test_an_attribute_is_dropped_and_its_boolean_flipped(repository: Path) -> None:
    assert set(found(repository, "aws_db_instance.main", "storage_encrypted")) == {
        ("drop attribute", "storage_encrypted = var.encrypted", ""),
        ("flip boolean", "var.encrypted", "!(var.encrypted)"),
    }


def test_what_supplies_a_value_is_changed_too_with_the_requirements_of_what_it_supplies(repository: Path) -> None:
    (flipped,) = found(repository, "default of var.encrypted", "default").values()
    assert (flipped.before, flipped.after, flipped.line) == ("true", "false", 3)
    assert flipped.requirements == ("DAT-1",)
    assert set(found(repository, "terraform.tfvars", "days")) == {("factor", "7", "70"), ("factor", "7", "0")}


def test_a_rule_is_widened_moved_and_deleted(repository: Path) -> None:
    name = "aws_vpc_security_group_ingress_rule.db"
    (widened,) = (m for m in found(repository, name, "referenced_security_group_id").values() if m.operator == "widen")
    assert 'cidr_ipv4 = "0.0.0.0/0"' in widened.text
    assert "referenced_security_group_id" not in widened.text
    (deleted,) = found(repository, name, "").values()
    assert deleted.operator == "delete resource"
    assert deleted.text == MODULE[: MODULE.index('resource "aws_vpc_security_group')].rstrip("\n") + "\n\n"
    moved = {(m.before, m.after) for m in found(repository, name, "from_port").values() if m.operator == "factor"}
    assert moved == {("5432", "54320"), ("5432", "543")}


def test_what_the_provider_demands_is_not_dropped(repository: Path) -> None:
    operators = {m.operator for m in found(repository, "aws_db_instance.main", "engine").values()}
    assert "drop attribute" not in operators


@pytest.mark.parametrize(
    ("owner", "path", "operator", "after", "status", "by"),
    [
        ("aws_db_instance.main", "publicly_accessible", "flip boolean", "true", "noticed", "rds.not-public"),
        ("aws_db_instance.main", "publicly_accessible", "drop attribute", "", "same", ""),
        ("default of var.encrypted", "default", "flip boolean", "false", "noticed", "rds.encrypted-at-rest"),
        ("terraform.tfvars", "days", "factor", "70", "refused", ""),
    ],
)
def test_the_suite_judges_a_mutant(
    repository: Path, tmp_path: Path, owner: str, path: str, operator: str, after: str, status: str, by: str
) -> None:
    mutants = found(repository, owner, path).values()
    (mutant,) = (item for item in mutants if item.operator == operator and item.after == after)
    judged = judge(repository, tmp_path, mutant)
    assert judged.status == status
    assert not by or by in judged.by
    assert (tmp_path / "copy" / "terraform" / mutant.file).read_text() != mutant.text


def test_a_list_keeps_its_commas_when_an_element_goes() -> None:
    text = 'a = ["x", "y", "z"]\n'
    assert apply(text, [(5, 8, "")]) == 'a = ["y", "z"]\n'
    assert apply(text, [(15, 18, "")]) == 'a = ["x", "y"]\n'


def test_survivors_that_are_no_defects_are_set_apart_and_others_count(repository: Path) -> None:
    mutants = list(found(repository, "terraform.tfvars", "days").values())
    judged = [Judged(mutants[0], "survived"), Judged(mutants[1], "noticed", ("rds.backup-retention",))]
    assert Score(tuple(judged)).share == 0.5
    weighed = weigh(judged, [Entry("more is kept", path="days", after=mutants[0].after)])
    assert [(item.status, item.reason) for item in weighed.judged] == [("equivalent", "more is kept"), ("noticed", "")]
    assert weighed.share == 1.0


def test_survivors_with_a_reason_count_and_the_others_are_told(repository: Path) -> None:
    mutants = list(found(repository, "terraform.tfvars", "days").values())
    judged = [Judged(mutants[0], "survived"), Judged(mutants[1], "unknown", ("rds.backup-retention",))]
    weighed = weigh(judged, [Entry("nobody asks", "survivor", path="days", after=mutants[0].after)])
    assert [(item.status, item.reason) for item in weighed.judged] == [("survived", "nobody asks"), ("unknown", "")]
    assert weighed.share == 0.0
    assert unexplained(weighed) == [f"{mutants[1].line}: {mutants[1].id}"]
    rows = [line.strip("|").split("|")[-2:] for line in not_noticed(weighed).splitlines()[2:]]
    assert [[cell.strip() for cell in row] for row in rows] == [
        ["", "nobody asks"],
        ["rds.backup-retention", "**none is given**"],
    ]


def test_a_reason_that_no_mutant_survives_for_any_more_is_told(repository: Path) -> None:
    survived, noticed = found(repository, "terraform.tfvars", "days").values()
    entries = [
        Entry("more is kept", path="days", after=survived.after),
        Entry("nobody asks", "survivor", path="days", after=noticed.after),
        Entry("another says it before", "survivor", path="days", after=survived.after),
    ]
    weighed = weigh([Judged(survived, "survived"), Judged(noticed, "noticed")], entries)
    assert unneeded(weighed, entries) == [
        f"survivor with path days, after {noticed.after}: nobody asks",
        f"survivor with path days, after {survived.after}: another says it before",
    ]


def test_a_mutant_that_is_only_unknown_is_not_noticed(repository: Path) -> None:
    mutant = next(iter(found(repository, "terraform.tfvars", "days").values()))
    assert Score((Judged(mutant, "unknown"),)).share == 0.0


@pytest.mark.parametrize("kind", ["equivalent", "survivor"])
@pytest.mark.parametrize("entry", ['path = "days"', 'reason = "so"', 'reason = "so"\nplace = "x"'])
def test_an_entry_without_reason_or_without_pattern_is_refused(tmp_path: Path, kind: str, entry: str) -> None:
    path = tmp_path / "survivors.toml"
    path.write_text(f"[[{kind}]]\n{entry}\n")
    with pytest.raises(BadInput, match=f"{kind} 1 needs a reason"):
        load(path)


def test_a_table_of_another_name_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "survivors.toml"
    path.write_text('[[survivors]]\npath = "days"\nreason = "so"\n')
    with pytest.raises(BadInput, match=r"tables are \[\[equivalent\]\] and \[\[survivor\]\]"):
        load(path)


def test_the_entries_of_the_reference_stack_are_well_formed() -> None:
    assert load()


def test_workers_that_cannot_start_end_the_run(repository: Path) -> None:
    mutants = list(found(repository, "terraform.tfvars", "days").values())
    (repository / "waivers.toml").unlink()
    with pytest.raises(BrokenProcessPool):
        list(judge_all(repository, Path("terraform"), mutants, 1))
