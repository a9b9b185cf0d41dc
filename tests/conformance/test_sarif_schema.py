"""Our SARIF is valid against the schema of the standard, which the crate serde-sarif carries."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from skyworthy.config import BUILT_IN_POLICIES, Environment, Settings
from skyworthy.reports.sarif import sarif
from skyworthy.suites import static
from skyworthy.suites.options import Options
from skyworthy.suites.stage import Stage

MANIFEST = """
[package]
name = "schema"
version = "0.1.0"

[lib]
path = "empty.rs"

[dependencies]
serde-sarif = "=0.8.0"
"""
STACK = """
resource "aws_db_instance" "main" {
  identifier        = "main"
  engine            = "postgres"
  instance_class    = "db.t3.micro"
  storage_encrypted = false
  multi_az          = var.multi_az
}

variable "multi_az" {}
"""


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Draft7Validator:
    if shutil.which("cargo") is None:
        pytest.skip("cargo is not on the PATH: the schema comes from the crate serde-sarif")
    folder = tmp_path_factory.mktemp("crate")
    (folder / "Cargo.toml").write_text(MANIFEST, "utf-8")
    (folder / "empty.rs").write_text("", "utf-8")
    home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    done = subprocess.run(["cargo", "fetch", "--quiet"], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"the registry of crates cannot be reached: {done.stderr.strip()[:200]}")
    (found,) = home.glob("registry/src/*/serde-sarif-0.8.0/src/schema.json")
    return Draft7Validator(json.loads(found.read_text("utf-8")))


def test_the_sarif_of_a_stack_with_failures_and_unknowns_is_valid(schema: Draft7Validator, tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(STACK, "utf-8")
    environment = Environment("staging", tmp_path, policy=BUILT_IN_POLICIES["production"])
    with Stage(Settings(tmp_path), environment, Options(checkov=False)) as stage:
        result = static.run(stage)
    log = json.loads(sarif([result]))
    assert {item["kind"] for item in log["runs"][0]["results"]} == {"fail", "open"}
    assert [f"{list(error.path)}: {error.message}" for error in schema.iter_errors(log)] == []
