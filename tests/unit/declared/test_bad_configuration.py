"""Each bad input is one message with file and line, or the next step."""

from pathlib import Path

import pytest

from skyworthy import declared
from skyworthy.errors import BadInput

from .conftest import Write

BAD = {
    "no closing brace": (
        {"main.tf": 'resource "aws_vpc" "a" {\n  cidr_block = "10.0.0.0/16"\n'},
        "main.tf:3: a block is not closed: '}' expected",
    ),
    "no value": ({"main.tf": "locals {\n  a =\n}\n"}, "main.tf:2: an expression expected, found the end of the line"),
    "open string": ({"main.tf": 'locals {\n  a = "x\n}\n'}, "main.tf:2: a string is not closed: '\"' expected"),
    "open heredoc": ({"main.tf": "locals {\n  a = <<EOT\nx\n}\n"}, "main.tf:2: the heredoc EOT is not closed"),
    "open bracket": (
        {"main.tf": "locals {\n  a = [1, 2\n}\n"},
        "main.tf:3: ']' expected to close the bracket, found '}'",
    ),
    "two items in a line": (
        {"main.tf": "locals {\n  a = 1 b = 2\n}\n"},
        "main.tf:2: a new line expected after an item, found 'b = 2'",
    ),
    "bad escape": ({"main.tf": 'locals {\n  a = "\\q"\n}\n'}, "main.tf:2: '\\q' is not an escape of HCL"),
    "in a heredoc": (
        {"main.tf": "locals {\n  a = <<-EOT\n    one\n    ${1 +}\n  EOT\n}\n"},
        "main.tf:4: an expression expected, found '}'",
    ),
    "attribute set twice": (
        {"main.tf": "locals {\n  a = 1\n  a = 2\n}\n"},
        "main.tf:3: a is set twice in one block (first in line 2)",
    ),
    "attribute outside": ({"main.tf": "region = 1\n"}, "main.tf:1: region is set outside of a block"),
    "labels": ({"main.tf": 'resource "aws_vpc" {\n}\n'}, "main.tf:1: resource takes 2 labels, not 1"),
    "block twice": (
        {"a.tf": 'resource "aws_vpc" "a" {}\n', "b.tf": '\nresource "aws_vpc" "a" {}\n'},
        "b.tf:2: resource aws_vpc a is declared twice (first at a.tf:1)",
    ),
    "variable twice": (
        {"a.tf": 'variable "a" {}\n', "b.tf": 'variable "a" {}\n'},
        "b.tf:1: variable a is declared twice (first at a.tf:1)",
    ),
    "local twice": (
        {"a.tf": "locals {\n  a = 1\n}\nlocals {\n  a = 2\n}\n"},
        "a.tf:5: local a is declared twice (first at a.tf:2)",
    ),
    "module that is missing": (
        {"main.tf": '\nmodule "vpc" {\n  source = "./modules/vpc"\n}\n'},
        "main.tf:2: module vpc: modules/vpc is missing",
    ),
    "module without files": (
        {"main.tf": 'module "vpc" {\n  source = "./vpc"\n}\n', "vpc/README.md": "nothing"},
        "main.tf:1: module vpc: no .tf files in vpc",
    ),
    "module that calls itself": (
        {"main.tf": 'module "again" {\n  source = "./."\n}\n'},
        "main.tf:1: module again calls itself",
    ),
    "HCL in JSON": ({"main.tf.json": 'resource "aws_vpc" "a" {}\n'}, "main.tf.json:1: not JSON: Expecting value"),
    "JSON list": ({"main.tf.json": "[1]"}, "main.tf.json:1: a JSON object expected"),
    "JSON block": (
        {"main.tf.json": '{"resource": {"aws_vpc": ["x"]}}'},
        "main.tf.json:1: resource.aws_vpc must be an object",
    ),
    "not text": ({"main.tf": "# \udcff\n"}, "main.tf:1: not UTF-8 text"),
    "tfvars with a block": (
        {"main.tf": "", "terraform.tfvars": "a = 1\nlocals {}\n"},
        "terraform.tfvars:2: a variables file holds values only, not a locals block",
    ),
    "tfvars": (
        {"main.tf": "", "terraform.tfvars": "a = [\n"},
        "terraform.tfvars:2: an expression expected, found the end",
    ),
    "manifest": (
        {"main.tf": "", ".terraform/modules/modules.json": "{}"},
        ".terraform/modules/modules.json:1: not a module manifest; run terraform init again",
    ),
    "no Terraform": ({"notes.txt": ""}, "{root}: no .tf or .tf.json files here; give a directory with a root module"),
}


@pytest.mark.parametrize(("files", "message"), BAD.values(), ids=BAD)
def test_bad_input_has_one_message(
    files: dict[str, str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput) as error:
        declared.read(Path())
    assert str(error.value) == message.replace("{root}", ".")


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as error:
        declared.read(tmp_path / "nowhere")
    assert str(error.value) == f"{tmp_path}/nowhere: there is no such directory"


def test_a_missing_variables_file_is_named(write: Write) -> None:
    root = write({"main.tf": ""})
    with pytest.raises(BadInput) as error:
        declared.read(root, declared.Inputs((root / "none.tfvars",)))
    assert str(error.value) == f"{root}/none.tfvars: there is no such variables file"
