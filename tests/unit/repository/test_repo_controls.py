"""Each control of the repository on real repositories: what passes, what fails with which words."""

from pathlib import Path

import pytest

from .conftest import Checkout, Judge

PYTEST = """[pytest]
addopts = --strict-config --strict-markers
xfail_strict = true
markers =
    static: a
    live: b
    smoke: c
    integration: d
    slow: e
    requires_api(name): f
"""
SUITE = {"tests/static/test_it.py": "def test_it(sky_static):\n    pass\n"}
OIDC = """on: push
permissions: { id-token: write }
jobs:
  go:
    runs-on: ubuntu-latest
    steps:
      - uses: aws-actions/configure-aws-credentials@v5
        with:
          aws-region: eu-central-1
          role-to-assume: ${{ vars.ROLE }}
      - run: aws sts get-caller-identity
        env:
          AWS_ACCESS_KEY_ID: ${{ steps.login.outputs.aws-access-key-id }}
"""

TERRAFORM = 'resource "aws_guardduty_detector_feature" "audit" {\n  name = "EKS_AUDIT_LOGS"\n}\n'
TRACES = [
    ({"main.tf": 'resource "aws_eks_cluster" "x" {}\n'}, "main.tf:1: aws_eks"),
    ({"vpc.tf": '# a\nlocals { tags = { "kubernetes.io/role/elb" = 1 } }\n'}, "vpc.tf:2: kubernetes"),
    ({"modules/eks/main.tf": "\n"}, "modules/eks/main.tf: eks"),
    ({"deploy.sh": "# kubectl once\naws eks update-kubeconfig --name x\n"}, "deploy.sh:2: aws eks"),
    ({".github/workflows/a.yml": "jobs:\n  a:\n    steps:\n      - run: kubectl apply -f x\n"},
     ".github/workflows/a.yml:4: kubectl"),
    ({"app.yaml": "apiVersion: apps/v1\nkind: Deployment\n"}, "app.yaml:1: a Kubernetes manifest"),
    ({"README.md": "To deploy:\n\n```bash\nhelm upgrade x .\n```\n"}, "README.md:4: helm"),
    ({"deploy/Chart.yaml": "name: x\n"}, "deploy/Chart.yaml: Chart.yaml"),
]  # fmt: skip


@pytest.mark.parametrize(("files", "message"), TRACES, ids=[next(iter(files)) for files, _ in TRACES])
def test_a_trace_of_eks_is_found_where_it_stands(
    checkout: Checkout, said: Judge, files: dict[str, str], message: str
) -> None:
    assert said("repo.no-eks-traces", checkout.write(files).directory) == ("fail", message)
    archived = {f"infra/archive/{name}": text for name, text in files.items()}
    for name in files:
        (checkout.directory / name).unlink()
    assert said("repo.no-eks-traces", checkout.write(archived).directory) == ("pass", "")


def test_what_is_told_of_eks_is_no_trace(checkout: Checkout, said: Judge) -> None:
    files = {"README.md": "EKS and `kubectl` are history.\n", "main.tf": TERRAFORM, "x.py": "K = 'kubectl'\n"}
    assert said("repo.no-eks-traces", checkout.write(files).directory) == ("pass", "")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"pytest.ini": PYTEST}, ("pass", "")),
        ({"pytest.ini": PYTEST.replace("addopts = --strict-config --strict-markers", "strict = true")}, ("pass", "")),
        ({"pytest.ini": PYTEST.replace(" --strict-markers", "")},
         ("fail", "pytest.ini: --strict-markers is not among addopts")),
        ({"pytest.ini": PYTEST.replace("= true", "= false")}, ("fail", "pytest.ini: xfail_strict is not true")),
        ({"pytest.ini": PYTEST.replace("    slow: e\n", "")}, ("fail", "pytest.ini: markers are not registered: slow")),
        ({"pytest.ini": "addopts = -q\n"}, ("fail", "pytest.ini: File contains no section headers. "
                                            "file: '<string>', line: 1 'addopts = -q\\n'")),
        ({"pyproject.toml": "[tool.pytest.ini_options]\naddopts = ['--strict-config', '--strict-markers']\n"
          "xfail_strict = true\nmarkers = ['static: a', 'live', 'smoke', 'integration', 'slow', 'requires_api']\n"},
         ("pass", "")),
        ({"pyproject.toml": "[project]\n"}, ("fail", "there is no pytest.ini, and pytest is told nothing elsewhere")),
    ],
)  # fmt: skip
def test_pytest_must_be_strict(
    checkout: Checkout, said: Judge, settings: dict[str, str], expected: tuple[str, str]
) -> None:
    assert said("repo.pytest-strict", checkout.write(SUITE | settings).directory) == expected


def test_pytest_is_nobodys_business_where_no_suite_is(checkout: Checkout, said: Judge) -> None:
    files = {"pytest.ini": "[pytest]\n", "tests/test_own.py": "def test_it(): pass\n"}
    outcome = said("repo.pytest-strict", checkout.write(files).directory)
    assert outcome == ("not_applicable", "there is no suite of skyworthy in pytest")


KEYS = [
    (OIDC, ""),
    (OIDC.replace("          role-to-assume: ${{ vars.ROLE }}\n", ""),
     "7: configure-aws-credentials has no role-to-assume"),
    (OIDC.replace("    aws-region: eu-central-1", "    aws-access-key-id: ${{ secrets.KEY }}"),
     "9: aws-access-key-id is a key that lasts"),
    (OIDC.replace("steps.login.outputs.aws-access-key-id", "vars.KEY"), "13: AWS_ACCESS_KEY_ID is a key that lasts"),
    (OIDC + "      - run: terraform apply\n        env:\n          TF_VAR_key: ${{ secrets.AWS_SECRET_ACCESS_KEY }}\n",
     "16: secrets.AWS_SECRET_ACCESS_KEY is a key that lasts"),
    (OIDC + "      - run: aws configure set aws_secret_access_key $KEY\n",
     "14: aws_secret_access_key is a key that lasts"),
    (OIDC + "      - { uses: x, with: { aws-secret-access-key: '${{ secrets.KEY }}' } }\n",
     "14: aws-secret-access-key is a key that lasts"),
    (OIDC.replace("with:\n          aws-region: eu-central-1\n          role-to-assume: ${{ vars.ROLE }}",
                  "with: { aws-region: eu-central-1, role-to-assume: x }"), ""),
    (OIDC + "      # aws-access-key-id: ${{ secrets.KEY }}\n      - run: AWS_ACCESS_KEY_ID=testing make\n", ""),
]  # fmt: skip


@pytest.mark.parametrize(("workflow", "message"), KEYS)
def test_a_workflow_has_no_key_that_lasts(checkout: Checkout, said: Judge, workflow: str, message: str) -> None:
    name = ".github/workflows/deploy.yml"
    expected = ("fail", f"{name}:{message}") if message else ("pass", "")
    assert said("repo.workflows-oidc-only", checkout.write({name: workflow}).directory) == expected


def test_without_workflows_there_is_nothing_to_judge(checkout: Checkout, said: Judge) -> None:
    for control in ("repo.workflows-oidc-only", "repo.workflows-lint"):
        outcome = said(control, checkout.write({"a": "x"}).directory)
        assert outcome == ("not_applicable", "there are no workflows")


DOCUMENTS: dict[str, str | bytes] = {
    "README.md": "# Start here\n\n[a](docs/a.md#two-words) [b](docs) [self](#start-here) [c](docs/a.md#own 'title')\n"
    "[out](https://example.com/x) [mail](mailto:x@example.com) [line](src/x.py#L3) ![p](</docs/a b.png>)\n\n"
    "`[code](nowhere.md)`\n\n```\n[block](nowhere.md)\n```\n\n[ref]: docs/a.md\n",
    "docs/a.md": 'Two *words*\n===========\n\n<a id="own"></a>\n\n## Again\n\n## Again\n\n'
    "[up](../README.md) [two](#again-1)\n",
    "docs/a b.png": b"\x89PNG\0",
    "src/x.py": "\n",
}


def test_links_that_lead_somewhere_pass(checkout: Checkout, said: Judge) -> None:
    assert said("repo.links-resolve", checkout.write(DOCUMENTS).directory) == ("pass", "")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("[x](gone.md)", "gone.md is not there"),
        ("[x](docs/a.md#three)", "docs/a.md#three has no such heading"),
        ("[x](#nowhere)", "#nowhere has no such heading"),
        ("[x](../else.md)", "../else.md is not there"),
        ("[x][y]\n\n[y]: gone.md", "gone.md is not there"),
        ('<img alt="" src="gone.png">', "gone.png is not there"),
        ("[x](kept/out.md)", "kept/out.md is not there"),
    ],
)
def test_a_link_that_leads_nowhere_is_named(checkout: Checkout, said: Judge, line: str, problem: str) -> None:
    checkout.write(DOCUMENTS | {"more.md": f"{line}\n", ".gitignore": "kept/\n", "kept/out.md": ""})
    number = 3 if "[y]:" in line else 1
    assert said("repo.links-resolve", checkout.directory) == ("fail", f"more.md:{number}: {problem}")


def test_commands_of_documents_must_parse(checkout: Checkout, said: Judge) -> None:
    good = (
        "```bash\naws s3 ls \\\n  --recursive\n```\n\n```console\n$ for i in a b; do\n> echo $i\ndone (said it\n```\n"
    )
    console = "```console\n$ ls\nit's output (\n```\n```python\nif (\n```\n"
    assert said("repo.runbook-commands-parse", checkout.write({"a.md": console}).directory) == ("pass", "")
    checkout.write({"a.md": "1. Do\n\n   ```sh\n   echo ok\n   echo 'open\n   ```\n"})
    outcome, message = said("repo.runbook-commands-parse", checkout.directory)
    assert outcome == "fail"
    assert message.startswith("a.md:5: unexpected EOF while looking for matching")
    outcome, message = said("repo.runbook-commands-parse", checkout.write({"a.md": good}).directory)
    assert outcome == "fail", "the loop of the session was not closed by what was typed"
    checkout.write({"a.md": "No commands.\n"})
    assert said("repo.runbook-commands-parse", checkout.directory)[0] == "not_applicable"


def test_outside_of_a_checkout_nothing_is_green(tmp_path: Path, said: Judge) -> None:
    for control in ("repo.no-credentials", "repo.history-no-credentials", "repo.links-resolve", "repo.no-eks-traces"):
        outcome, message = said(control, tmp_path)
        assert outcome == "unknown"
        assert message.startswith("git cannot tell: fatal: not a git repository")


def test_an_empty_repository_is_not_green(checkout: Checkout, said: Judge) -> None:
    for control in ("repo.no-credentials", "repo.links-resolve", "repo.workflows-oidc-only"):
        assert said(control, checkout.directory) == ("unknown", "the repository holds no file")


def test_a_part_of_a_checkout_sees_its_workflows_and_what_lies_beside_it(checkout: Checkout, said: Judge) -> None:
    keyed = OIDC.replace("steps.login.outputs.aws-access-key-id", "secrets.KEY")
    part = checkout.write(
        {
            ".github/workflows/x.yml": keyed,
            "other/broken.md": "[x](gone.md)\n",
            "part/a.md": "[beside](../other/broken.md) [gone](../other/gone.md) [out](../../else)\n",
        }
    ).directory / "part"  # fmt: skip
    assert said("repo.workflows-oidc-only", part) == (
        "fail",
        "../.github/workflows/x.yml:13: AWS_ACCESS_KEY_ID is a key that lasts",
    )
    assert said("repo.links-resolve", part) == (
        "fail",
        "a.md:1: ../other/gone.md is not there; a.md:1: ../../else is not there",
    )


def test_a_symbolic_link_is_read_as_git_keeps_it(checkout: Checkout, said: Judge, tmp_path: Path) -> None:
    (tmp_path / "outside.md").write_text("[x](gone.md)\n", "utf-8")
    checkout.write({"a.md": "[link](link.md)\n"})
    (checkout.directory / "link.md").symlink_to(tmp_path / "outside.md")
    assert said("repo.links-resolve", checkout.directory) == ("pass", "")


def test_what_a_hook_of_git_sets_does_not_lead_elsewhere(
    checkout: Checkout, said: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout.write({"a.md": "[x](gone.md)\n"})
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert said("repo.links-resolve", checkout.directory)[0] == "fail"
