"""Variables without a value, and placeholders for them."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from skyworthy.declared import Inputs, ambient
from skyworthy.errors import BadInput
from skyworthy.sandbox.terraform import adaptation, inputs

NOTHING = Inputs()


def _nothing(_: str) -> Sequence[str]:
    return ()


def _root(tmp_path: Path, text: str) -> Path:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "main.tf").write_text(text)
    return tmp_path / "root"


def _filled(tmp_path: Path, text: str) -> object:
    root = _root(tmp_path, text)
    missing = inputs.lacking(adaptation.sources_of(root)[0], NOTHING)
    given, _ = inputs.fill(missing, root, tmp_path, NOTHING, _nothing)
    return json.loads(given.var_files[-1].read_text())["x"]


def test_values_come_from_files_options_and_environment(tmp_path: Path) -> None:
    root = _root(tmp_path, "".join(f'variable "{name}" {{}}\n' for name in "abcde") + 'variable "f" { default = 1 }\n')
    (root / "terraform.tfvars").write_text("a = 1\n")
    (tmp_path / "more.tfvars").write_text("b = 1\n")
    given = Inputs((tmp_path / "more.tfvars",), {"d": "1"}, ambient({"TF_VAR_c": "1"}).ambient)

    missing = inputs.lacking(adaptation.sources_of(root)[0], given)

    assert [block.labels[0] for block in missing] == ["e"]


def test_refusal_lists_variables_with_type_place_and_description(tmp_path: Path) -> None:
    root = _root(tmp_path, 'variable "mail" {\n  type        = string\n  description = "Who hears of it"\n}\n')

    refusal = inputs.refuse(inputs.lacking(adaptation.sources_of(root)[0], NOTHING), root)

    assert str(refusal) == (
        f"{root}: 1 required variable has no value:\n- mail (string, {root}/main.tf:1): Who hears of it\n"
        "give them with --var NAME=VALUE or --var-file FILE, or let --fill make placeholders"
    )


@pytest.mark.parametrize(
    ("name", "type", "value"),
    [
        ("alert_email", "string", "nobody@example.com"),
        ("vpc_cidr", "string", "10.0.0.0/16"),
        ("private_subnet_cidrs", "list(string)", ["10.0.1.0/24", "10.0.2.0/24"]),
        ("task_role_arn", "string", "arn:aws:iam::123456789012:role/placeholder"),
        ("container_port", "number", 8080),
        ("enable_waf", "bool", False),
        ("availability_zones", "set(string)", ["us-east-1a", "us-east-1b"]),
        ("tags", "map(string)", {"placeholder": "placeholder"}),
        ("pair", "tuple([string, number])", ["placeholder", 1]),
        ("anything", "any", "placeholder"),
        (
            "service",
            "object({ cpu = number, domain = string, note = optional(string) })",
            {"cpu": 256, "domain": "example.com"},
        ),
    ],
)
def test_placeholder_fits_name_and_type(tmp_path: Path, name: str, type: str, value: object) -> None:
    root = _root(tmp_path, f'variable "{name}" {{\n  type = {type}\n}}\n')
    missing = inputs.lacking(adaptation.sources_of(root)[0], NOTHING)

    given, notes = inputs.fill(missing, root, tmp_path, NOTHING, _nothing)

    assert json.loads(given.var_files[-1].read_text()) == {name: value}
    assert notes == [f"variable {name} ({root}/main.tf:1) = {json.dumps(value)}"]


@pytest.mark.parametrize(
    ("type", "condition", "value"),
    [
        ("string", 'contains(["sandpit", "live"], var.x)', "sandpit"),
        ("string", "length(var.x) >= 24", "Placeholder-0-dummy-dumm"),
        ("string", 'can(regex("^[0-9]{12}$", var.x))', "123456789012"),
        ("string", "can(cidrnetmask(var.x))", "10.0.0.0/16"),
        ("string", 'startswith(var.x, "acme-")', "acme-placeholder"),
        ("number", "var.x >= 3 && var.x < 5", 3),
        ("number", "var.x % 64 == 0 && var.x > 128", 256),
        ("list(string)", "length(var.x) > 1", ["placeholder", "placeholder"]),
        ("bool", "var.x", True),
    ],
)
def test_placeholder_passes_the_validation(tmp_path: Path, type: str, condition: str, value: object) -> None:
    assert value == _filled(
        tmp_path,
        f'variable "x" {{\n  type = {type}\n  validation {{\n    condition = {condition}\n'
        '    error_message = "No."\n  }\n}\n',
    )


def test_validation_that_no_placeholder_passes_is_named(tmp_path: Path) -> None:
    text = 'variable "x" {\n  type = string\n  validation {\n    condition = sha1(var.x) == "0"\n'

    with pytest.raises(BadInput, match=r"main\.tf:1: --fill finds no value for variable x .*\(Never\.\).*--var x="):
        _filled(tmp_path, text + '    error_message = "Never."\n  }\n}\n')
