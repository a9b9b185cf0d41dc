"""Every control against real Terraform: fixtures/controls/<id>/{good,bad,unknown}*.tf, each with the exact verdicts.

The head of a fixture says what is expected, one verdict a line; what is not listed must pass. A file beside it whose
name ends in ``.env.template`` is the application's, one that ends in ``.beside`` another root module's:

    # policy: production
    # demand: scaling_metrics=cpu,memory
    # inventory: aws_db_instance=2
    # deploys: api
    # expect: fail aws_db_instance.main: storage is not encrypted
    # expect: unknown aws_db_instance.main: storage_encrypted of aws_db_instance.main: variable encrypted has no value
"""

import dataclasses
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from skyworthy import declared
from skyworthy.config import BUILT_IN_POLICIES, Environment, load_env_template
from skyworthy.config.deploy import DeploySettings, ImageSource
from skyworthy.controls import Control, catalogue
from skyworthy.estate.regions import Regions
from skyworthy.suites.places import home_of
from skyworthy.verdicts import Outcome, cases, judge

FIXTURES = Path(__file__).parents[1] / "fixtures" / "controls"
EXPECTED = re.compile(r"^# expect: (?P<outcome>\w+) (?P<address>\S+?)(: (?P<message>.*))?$", re.MULTILINE)
DECLARED = [control for control in catalogue() if "declared" in control.lenses]
FILES = sorted(FIXTURES.glob("*/*.tf"))
DEMAND = re.compile(r"^# demand: (\w+)=(\S+)", re.MULTILINE)
INVENTORY = re.compile(r"^# inventory: (\w+)=(\d+)", re.MULTILINE)
DEPLOYS = re.compile(r"^# deploys: (\w+)", re.MULTILINE)
NEVER_FAILS = {"terraform.readable": "what could not be read is unknown, never wrong"}
NEVER_UNKNOWN = {
    "terraform.state-shared": "a backend block is there or not",
    "terraform.evaluates": "what is not known is told by terraform.readable",
    "terraform.versions-pinned": "constraints are literals",
    "terraform.arns-are-arns": "only what is written out can be no ARN",
    "terraform.destroy-prevented": "a lifecycle setting is a literal",
    "terraform.secrets-marked": "the mark is a literal",
    "secret.version-holds-a-value": "an expression is a value, whatever it comes to",
}
NEEDED = {"good": {Outcome.PASS}, "bad": {Outcome.FAIL}, "unknown": {Outcome.UNKNOWN}}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_verdicts_are_exactly_those_of_the_fixture(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # locations are relative to it
    control = next(control for control in DECLARED if control.id == path.parent.name)
    shutil.copy(path, tmp_path / "main.tf")
    for extra in path.parent.glob(f"{path.stem}*.tfvars"):
        shutil.copy(extra, tmp_path / "terraform.tfvars")
    text = path.read_text("utf-8")
    policy = re.search(r"^# policy: (\w+)", text, re.MULTILINE)
    demands: dict[str, Any] = {
        name: int(value) if value.isdigit() else tuple(value.split(",")) for name, value in DEMAND.findall(text)
    }
    template = path.parent / f"{path.stem}.env.template"
    estate = declared.read(tmp_path)
    other = path.parent / f"{path.stem}.beside"
    if other.exists():
        (tmp_path / "beside").mkdir()
        shutil.copy(other, tmp_path / "beside" / "main.tf")
    configuration = declared.configuration(tmp_path, beside=[tmp_path / "beside"] if other.exists() else [])
    regions = Regions(estate, home_of(Environment("fixture", tmp_path), configuration))
    verdicts = [
        judge(
            control,
            case.resource,
            regions.seen_by(case.resource),
            dataclasses.replace(BUILT_IN_POLICIES[policy[1] if policy else "baseline"], **demands),
            root="fixture",
            configuration=configuration,
            regions=regions,
            inventory={name: int(least) for name, least in INVENTORY.findall(text)},
            usage={},
            env_template=load_env_template(template) if template.exists() else None,
            deploy=DeploySettings({name: ImageSource(".") for name in DEPLOYS.findall(text)}),
        )
        for case in cases([control], estate, "declared")
    ]
    found = {(item.outcome.value, item.address, item.message) for item in verdicts if item.outcome is not Outcome.PASS}
    expected = {(m["outcome"], m["address"], m["message"] or "") for m in EXPECTED.finditer(text)}
    assert found == expected
    kind = re.match(r"[a-z]+", path.stem)
    assert kind is not None
    assert NEEDED[kind[0]] <= {item.outcome for item in verdicts}, "the fixture does not show what its name says"


@pytest.mark.parametrize("control", DECLARED, ids=lambda control: control.id)
def test_every_control_has_a_good_a_bad_and_an_unknown_fixture(control: Control) -> None:
    kinds = {re.match(r"[a-z]+", path.stem)[0] for path in (FIXTURES / control.id).glob("*.tf")}  # type: ignore[index]
    never = ({"bad"} if control.id in NEVER_FAILS else set()) | ({"unknown"} if control.id in NEVER_UNKNOWN else set())
    assert kinds == {"good", "bad", "unknown"} - never
