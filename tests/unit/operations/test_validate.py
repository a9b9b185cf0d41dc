"""All Terraform in one table."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from skyworthy.cli import skyworthy
from skyworthy.errors import BadInput
from skyworthy.operations.validate import Module, validate, worst

ROOT = 'terraform {\n  backend "local" {}\n}\n\nmodule "name" {\n  source = "../../modules/name"\n}\n'
NAME = 'output "name" {\n  value = "shop"\n}\n'
needs_terraform = pytest.mark.skipif(not shutil.which("terraform"), reason="terraform is not on the PATH")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with a root and the module that it calls."""
    for folder, text in (("environments/staging", ROOT), ("modules/name", NAME), ("archive/old", 'x "y" {\n')):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "main.tf").write_text(text)
    return tmp_path


def validated(tree: Path) -> dict[str, Module]:
    found = validate(tree, [tree / "environments" / "staging"], lambda _: None)
    return {str(item.directory.relative_to(tree)): item for item in found}


@needs_terraform
def test_sound_modules_pass_and_nothing_is_written(tree: Path) -> None:
    before = sorted(tree.rglob("*"))
    found = validated(tree)
    assert list(found) == ["environments/staging", "modules/name"]
    assert worst(list(found.values())) == "pass"
    root, module = found.values()
    assert (root.root, module.root) == (True, False)
    assert (root.readable is not None, module.readable) == (True, None)
    assert module.valid.detail == f"with {root.directory}"
    assert sorted(tree.rglob("*")) == before


@needs_terraform
def test_each_kind_of_fault_is_told(tree: Path) -> None:
    (tree / "modules" / "name" / "main.tf").write_text('output "name" {\nvalue = var.missing\n}\n')
    found = validated(tree)
    module = found["modules/name"]
    assert (module.formatted.outcome, module.valid.outcome) == ("fail", "fail")
    assert module.formatted.detail == f"run `terraform fmt {module.directory}`: main.tf"
    assert module.valid.detail.startswith("main.tf:2: Reference to undeclared input variable")
    assert found["environments/staging"].valid.outcome == "fail"
    done = CliRunner().invoke(skyworthy, ["validate", "--terraform", str(tree)])
    assert done.exit_code == 1
    assert done.output.splitlines()[-1] == "2 modules, 1 of them roots: fail"


@needs_terraform
def test_provider_that_cannot_be_had_is_unknown(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tree / "mirror").mkdir()
    monkeypatch.setenv("SKYWORTHY_PROVIDER_MIRROR", str(tree / "mirror"))
    (tree / "environments" / "staging" / "main.tf").write_text(ROOT + '\nresource "random_pet" "name" {}\n')
    assert validated(tree)["environments/staging"].valid.outcome == "unknown"


def test_without_terraform_it_is_unknown(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tree))
    found = validated(tree)
    root = found["environments/staging"]
    assert (root.valid.detail, root.formatted.outcome) == ("terraform is not on the PATH", "unknown")
    assert root.readable is not None
    assert root.readable.outcome == "pass"
    assert worst(list(found.values())) == "unknown"
    assert CliRunner().invoke(skyworthy, ["validate", "--terraform", str(tree)]).exit_code == 2


def test_nothing_to_validate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match="holds no Terraform"):
        validate(tmp_path, [], lambda _: None)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(skyworthy, ["validate"])
    assert str(done.exception) == "there is no directory terraform here: name one with --terraform DIR"
