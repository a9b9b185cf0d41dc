"""What of the settings holds for which directory."""

from pathlib import Path

import pytest

from skyworthy.config import load_settings
from skyworthy.suites.options import Options
from skyworthy.suites.selection import select
from skyworthy.suites.stage import Stage

SETTINGS = """
[environments.staging]
terraform = "ours"

[deploy.images.backend]
context = "app"
"""
WAIVERS = """
[[waiver]]
control = "rds.*"
resource = "*"
environment = "*"
owner = "platform"
reason = "one zone until launch"
expires = 2026-12-31
"""


@pytest.mark.parametrize(("directory", "ours"), [("ours", True), ("theirs", False)])
def test_deployments_and_waivers_are_not_those_of_somebody_elses_directory(
    tmp_path: Path, directory: str, ours: bool
) -> None:
    for each in ("ours", "theirs", "app"):
        (tmp_path / each).mkdir()
        (tmp_path / each / "main.tf").write_text('provider "aws" {}\n')
    (tmp_path / "skyworthy.toml").write_text(SETTINGS)
    (tmp_path / "waivers.toml").write_text(WAIVERS)
    settings = load_settings(tmp_path)
    (environment,) = select(settings, terraform=tmp_path / directory)
    stage = Stage(settings, environment, Options())
    assert (bool(stage.deploy.images), bool(stage.waivers)) == (ours, ours)
