"""What `skyworthy init` writes into a repository that holds Terraform: settings, waivers, thin suites, a workflow."""

import configparser
import json
import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from skyworthy.config import SETTINGS_FILE, WAIVERS_FILE, Environment

COUNTED = (
    "aws_ecs_service",
    "aws_lb",
    "aws_db_instance",
    "aws_elasticache_replication_group",
    "aws_cloudwatch_metric_alarm",
)
"""The types of which a stack that loses one has lost something: the inventory demands what is there now."""

_WAIVERS = """\
# Findings that somebody answers for until a date, at most 180 days ahead. One that nothing needs any longer is red.
#
# [[waiver]]
# control = "rds.multi-az"
# resource = "aws_db_instance.reports"
# owner = "platform"
# reason = "it can be built anew from the warehouse in ten minutes"
# expires = 2027-05-01
"""
_SUITE = '''\
"""{title}"""

import pytest

from skyworthy.plugin import settle
from skyworthy.verdicts import Verdict

pytestmark = [{marks}]


def test_{name}({fixture}: Verdict) -> None:
    settle({fixture})
'''
_PYTEST = """\
[pytest]
minversion = 9.0
testpaths = tests/static
addopts = --strict-config --strict-markers --import-mode=importlib -rfE
xfail_strict = true
empty_parameter_set_mark = fail_at_collect
markers =
    static: reads code only: no credentials, no network
    live: looks at an AWS account or the sandbox, read-only
    smoke: asks running services
    integration: works with real external programs
    slow: takes longer than ten seconds
    requires_api: needs an AWS API (an account or the sandbox)
"""
WORKFLOW = ".github/workflows/skyworthy.yml"
"""Where GitHub Actions looks for it: in the root of a repository only."""
_WORKFLOW = """\
# What a pull request makes worse stops it; older findings are listed.
name: skyworthy

on: pull_request

permissions: {}

concurrency:
  group: skyworthy-${{ github.ref }}
  cancel-in-progress: true

jobs:
  gate:
    name: What the branch makes worse
    runs-on: ubuntu-24.04
    timeout-minutes: 20
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@df4cb1c069e1874edd31b4311f1884172cec0e10 # v6.0.3
        with:
          fetch-depth: 0 # the base is where the branch left the other one
          persist-credentials: false

      - uses: actions/setup-python@a309ff8b426b58ec0e2a45f0f869d46889d02405 # v6.2.0
        with:
          python-version: "3.12"

      - name: Install
        run: python -m pip install skyworthy==VERSION

      - name: Judge
        env:
          BASE: ${{ github.base_ref }}
        run: skyworthy gate pr --against "origin/$BASE"

      - name: Keep the reports
        if: ${{ !cancelled() }}
        uses: actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1
        with:
          name: skyworthy-reports
          path: reports
          if-no-files-found: ignore
"""
_SUITES = {
    "tests/static/test_stack_declared.py": _SUITE.format(
        title="Every control of skyworthy's catalogue on what the Terraform declares.",
        marks="pytest.mark.static", name="declared", fixture="sky_static",
    ),
    "tests/live/test_stack_observed.py": _SUITE.format(
        title="Every declared resource exists, and every control holds on what is really there.",
        marks="pytest.mark.live, pytest.mark.requires_api", name="observed", fixture="sky_live",
    ),
    "tests/smoke/test_stack_running.py": _SUITE.format(
        title="The running services answer as they should.",
        marks="pytest.mark.smoke, pytest.mark.requires_api", name="running", fixture="sky_smoke",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Found:
    """A root module as `init` sees it.

    Attributes:
        environment: its name, root and the policy that its name calls for.
        counts: how many there are of each type in :data:`COUNTED`; types that are not there are left out.
        region: of its provider, where that is a literal; else empty.
        problem: why it could not be read; empty where it was.
    """

    environment: Environment
    counts: Mapping[str, int] = field(default_factory=dict)
    region: str = ""
    problem: str = ""


def files_for(directory: Path, found: Sequence[Found]) -> dict[str, str]:
    """What to write, by path below the directory.

    Args:
        directory: of the repository.
        found: its root modules, at least one.
    """
    files = {SETTINGS_FILE: _settings(directory, found), WAIVERS_FILE: _WAIVERS, **_SUITES}
    if not _has_pytest_settings(directory):
        files["pytest.ini"] = _PYTEST
    if repository_above(directory) is None:
        files[WORKFLOW] = _WORKFLOW.replace("VERSION", version("skyworthy"))
    return files


def repository_above(directory: Path) -> Path | None:
    """The root of the git checkout that a directory is a part of; None where it is the root itself, or in none."""
    directory = directory.resolve()
    if (directory / ".git").exists():
        return None
    return next((parent for parent in directory.parents if (parent / ".git").exists()), None)


def _settings(directory: Path, found: Sequence[Found]) -> str:
    parts = [f"# What skyworthy certifies here.\n\n[project]\nname = {_quoted(directory.resolve().name)}\n"]
    parts += [_environment(directory, each) for each in found]
    return "\n".join(parts)


def _environment(directory: Path, found: Found) -> str:
    environment = found.environment
    root = Path(os.path.relpath(environment.root.resolve(), directory.resolve())).as_posix()
    lines = [f"[environments.{_quoted(environment.name)}]", f"terraform = {_quoted(root)}"]
    if environment.workspace:
        lines.append(f"workspace = {_quoted(environment.workspace)}")
    if environment.var_files:
        lines.append(f"var_files = [{', '.join(map(_quoted, environment.var_files))}]")
    lines.append(f"policy = {{ base = {_quoted(environment.policy_name)} }}  # guessed from the name")
    if found.region:
        lines.append(f"region = {_quoted(found.region)}")
    else:
        lines.append('# region = "us-east-1"  # of the account; not told by the provider block')
    if found.problem:
        lines.append(f"# could not be read yet: {' '.join(found.problem.split())}")
    if found.counts:
        inventory = ", ".join(f"{name} = {count}" for name, count in sorted(found.counts.items()))
        lines.append(f"inventory = {{ {inventory} }}  # at least what is declared today")
    return "\n".join(lines) + "\n"


def _has_pytest_settings(directory: Path) -> bool:
    if any((directory / name).exists() for name in ("pytest.ini", ".pytest.ini", "pytest.toml")):
        return True
    pyproject = directory / "pyproject.toml"
    if pyproject.exists() and "pytest" in tomllib.loads(pyproject.read_text("utf-8")).get("tool", {}):
        return True
    for name, section in (("tox.ini", "pytest"), ("setup.cfg", "tool:pytest")):
        parser = configparser.ConfigParser(interpolation=None)
        parser.read(directory / name, "utf-8")
        if parser.has_section(section):
            return True
    return False


def _quoted(text: str) -> str:
    """A basic string of TOML; JSON's escapes are among its escapes."""
    return json.dumps(text, ensure_ascii=False)
