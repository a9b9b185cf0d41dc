"""What a root module reaches, its digest and its copy."""

import shutil
from pathlib import Path

import pytest

from skyworthy.declared import Inputs
from skyworthy.errors import BadInput
from skyworthy.sandbox.terraform import workspace


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A root module with a module that calls another, a template, a policy outside and things that do not count."""
    files = {
        "environments/staging/main.tf": 'module "app" {\n  source = "../../modules/app"\n}\n',
        "environments/staging/backend.tf": 'terraform {\n  backend "s3" {}\n}\n',
        "environments/staging/terraform.tfvars": 'name = "app"\n',
        "environments/staging/terraform.tfstate": "{}",
        "environments/staging/.terraform/modules/modules.json": "{}",
        "environments/staging/README.md": "read me",
        "environments/production/main.tf": "",
        "modules/app/main.tf": (
            'module "net" {\n  source = "../net"\n}\n'
            'locals {\n  policy = file("${path.module}/../../policies/app.json")\n}\n'
            'locals {\n  source = "${path.module}/../../functions"\n}\n'
        ),
        "modules/app/templates/run.sh.tftpl": "echo ${name}\n",
        "modules/app/examples/main.tf": "",
        "modules/net/main.tf": 'resource "aws_vpc" "main" {\n  cidr_block = "10.0.0.0/16"\n}\n',
        "modules/unused/main.tf": "",
        "policies/app.json": "{}",
        "policies/other.json": "{}",
        "functions/handler/index.py": "",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def _files(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_root_reaches_its_modules(tree: Path) -> None:
    assert workspace.reached(tree / "environments" / "staging") == [
        tree / "environments" / "staging",
        tree / "modules" / "app",
        tree / "modules" / "net",
    ]


def test_copy_holds_what_is_reached(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    before, home = _files(tree), tmp_path_factory.mktemp("home")

    copied = workspace.copy(tree / "environments" / "staging", home / "tree")

    assert copied == home / "tree" / "environments" / "staging"
    assert sorted(_files(home / "tree")) == [
        "environments/staging/README.md",
        "environments/staging/backend.tf",
        "environments/staging/main.tf",
        "environments/staging/terraform.tfvars",
        "functions/handler/index.py",
        "modules/app/main.tf",
        "modules/app/templates/run.sh.tftpl",
        "modules/net/main.tf",
        "policies/app.json",
    ]
    assert _files(tree) == before


def test_copy_made_again_forgets_files_that_are_gone(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    home, root = tmp_path_factory.mktemp("home"), tree / "environments" / "staging"
    workspace.copy(root, home / "tree")
    (root / "terraform.tfvars").unlink()

    copied = workspace.copy(root, home / "tree")

    assert not (copied / "terraform.tfvars").exists()


@pytest.mark.parametrize(
    "name",
    [
        "environments/staging/terraform.tfvars",
        "modules/net/main.tf",
        "modules/app/templates/run.sh.tftpl",
        "policies/app.json",
    ],
)
def test_digest_changes_with_every_file_that_counts(tree: Path, name: str) -> None:
    root = tree / "environments" / "staging"
    before = workspace.digest(root)
    (tree / name).write_text("# changed\n")

    assert workspace.digest(root) != before


@pytest.mark.parametrize(
    "name", ["environments/staging/README.md", "environments/staging/terraform.tfstate", "modules/unused/main.tf"]
)
def test_digest_ignores_documents_state_and_what_is_not_reached(tree: Path, name: str) -> None:
    root = tree / "environments" / "staging"
    before = workspace.digest(root)
    (tree / name).write_text("changed\n")

    assert workspace.digest(root) == before


def test_digest_is_the_same_elsewhere_and_with_other_line_ends(
    tree: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "tree"
    shutil.copytree(tree, elsewhere)
    main = elsewhere / "modules" / "net" / "main.tf"
    main.write_bytes(main.read_bytes().replace(b"\n", b"\r\n"))

    assert workspace.digest(elsewhere / "environments" / "staging") == workspace.digest(
        tree / "environments" / "staging"
    )


def test_missing_module_is_named_with_its_line(tree: Path) -> None:
    main = tree / "modules" / "app" / "main.tf"
    main.write_text('# first\nmodule "gone" {\n  source = "../gone"\n}\n')

    with pytest.raises(BadInput, match=rf"{main}:3: module source \.\./gone does not exist"):
        workspace.reached(tree / "environments" / "staging")


def test_folder_without_terraform_is_an_error(tree: Path) -> None:
    with pytest.raises(BadInput, match=r"policies: no Terraform files"):
        workspace.reached(tree / "policies")
    with pytest.raises(BadInput, match=r"nowhere: no such folder"):
        workspace.reached(tree / "nowhere")


def test_providers_come_from_the_mirror_where_one_is_given(tmp_path: Path) -> None:
    assert 'filesystem_mirror {\n    path = "/mirror"' in workspace.cli_configuration("/mirror", tmp_path)
    assert (
        workspace.cli_configuration(None, tmp_path) == f'disable_checkpoint = true\nplugin_cache_dir = "{tmp_path}"\n'
    )


def test_the_digest_tells_what_settings_give(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text("")
    given = [Inputs(), Inputs(variables={"size": "large"}), Inputs(workspace="blue")]
    assert len({workspace.digest(tmp_path, each) for each in given}) == len(given)
    machines = Inputs(ambient={"size": "large"})
    assert workspace.digest(tmp_path, machines) == workspace.digest(tmp_path)
