"""The role that ``skyworthy policy --format terraform`` prints: real Terraform takes it, and our own catalogue too."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from skyworthy import declared
from skyworthy.config import load_settings
from skyworthy.observed.policy import Place, needed_policy
from skyworthy.sandbox.server import Sandbox
from skyworthy.sandbox.terraform import driver
from skyworthy.suites.catalogue import SUITES
from skyworthy.suites.options import Options
from skyworthy.suites.selection import environments_below
from skyworthy.suites.stage import Stage
from skyworthy.verdicts import Outcome

PROJECT = Path(__file__).parents[2]
PROGRAM = [sys.executable, "-c", "from skyworthy.cli import main; main()"]
PROVIDER = 'provider "aws" {\n  region = "us-east-1"\n}\n\n'
GITHUB = ("--oidc-repository", "acme/shop", "--oidc-subject", "environment:staging")

pytestmark = pytest.mark.integration


@pytest.fixture(params=[GITHUB, ()], ids=["role", "policy"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A root module of nothing but what the command prints."""
    arguments = ("policy", "--env", "staging", "--format", "terraform", *request.param)
    done = subprocess.run([*PROGRAM, *arguments], cwd=PROJECT, capture_output=True, text=True, check=True)
    (tmp_path / "nightly").mkdir()
    (tmp_path / "nightly" / "main.tf").write_text(PROVIDER + done.stdout, "utf-8")
    return tmp_path / "nightly"


def test_our_own_controls_find_nothing_wrong_with_it(root: Path, tmp_path: Path) -> None:
    settings = load_settings(tmp_path)
    (environment,) = environments_below(settings, root)
    with Stage(settings, environment, Options(checkov=False)) as stage:
        result = SUITES["static"].run(stage)
    bad = {Outcome.FAIL, Outcome.ERROR, Outcome.UNKNOWN}
    found = [item for item in result.verdicts if item.control.startswith("iam.") and item.outcome in bad]
    assert found == []


@pytest.mark.skipif(not (shutil.which("terraform") or shutil.which("tofu")), reason="terraform is not on the PATH")
def test_terraform_formats_validates_and_applies_it(root: Path, sandbox: Sandbox) -> None:
    formatted = subprocess.run(
        [driver.executable(), "fmt", "-check", "-diff", str(root)], capture_output=True, text=True, check=False
    )
    assert formatted.returncode == 0, formatted.stdout
    with driver.opened(root, sandbox) as copied:
        applied = copied.apply()
        empty, plan = copied.plan_is_empty()
    assert empty, plan
    settings = load_settings(PROJECT).environment("staging")
    estate = declared.read(settings.root, declared.inputs_of(settings))
    expected = needed_policy(estate, Place("aws", "us-east-1", sandbox.account_id))
    iam = sandbox.client("iam")
    if "aws_iam_policy.skyworthy" in applied.resources:
        arn = iam.list_policies(Scope="Local")["Policies"][0]["Arn"]
        found = iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"]
    else:
        found = iam.get_role_policy(RoleName="skyworthy-staging", PolicyName="read-only")["PolicyDocument"]
        trust = iam.get_role(RoleName="skyworthy-staging")["Role"]["AssumeRolePolicyDocument"]
        (statement,) = trust["Statement"]
        assert statement["Condition"]["StringEquals"] == {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": "repo:acme/shop:environment:staging",
        }
    assert json.loads(json.dumps(found)) == expected
