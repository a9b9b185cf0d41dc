"""The commands of the documents, run in a fresh clone against the sandbox, so that they cannot rot."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
if str(PROJECT) not in sys.path:
    sys.path.insert(0, str(PROJECT))

from tests.conformance.documents import blocks, script  # noqa: E402
from tests.conformance.test_third_party import START  # noqa: E402

RUN = sorted(path for path in (PROJECT / "docs").glob("*.md") if any(not block.reason for block in blocks(path)))

AWS = f"""#!/usr/bin/env bash
unset PYTHONPATH
# In us-east-1 the CLI gives RDS an address of its own, whatever AWS_ENDPOINT_URL says.
if [ "$1" = rds ]; then set -- --endpoint-url "$AWS_ENDPOINT_URL" "$@"; fi
AWS_PAGER= exec {shlex.join(START)} "$@"
"""

pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.mark.parametrize("path", RUN, ids=lambda path: path.name)
def test_the_commands_of_a_document_work(path: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.invalid", "-c", "commit.gpgsign=false"]
    subprocess.run([*git, "clone", "--quiet", "--no-hardlinks", str(PROJECT), str(clone)], check=True)
    (clone / ".venv").symlink_to(Path(sys.prefix))
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "PYTHONPATH": str(clone / "src"),
        "PATH": f"{Path(sys.prefix) / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "NO_COLOR": "1",
        "COLUMNS": "200",
    }
    commands = script(path)
    if "aws " in commands:
        environment["PATH"] = f"{aws_cli(tmp_path / 'bin')}{os.pathsep}{environment['PATH']}"
    # `make` must not install anew what this interpreter has.
    (Path(sys.prefix) / ".installed").touch()
    try:
        done = subprocess.run(
            ["bash", "-c", commands], cwd=clone, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    finally:
        subprocess.run(["skyworthy", "sandbox", "down", "--env", "staging"], cwd=clone, env=environment, check=False)


def aws_cli(folder: Path) -> Path:
    """A folder with an ``aws``: the AWS CLI in an environment of its own; skips where that cannot be had."""
    program = folder / "aws"
    folder.mkdir()
    program.write_text(AWS, "utf-8")
    program.chmod(0o755)
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    if not done.stdout.startswith("aws-cli/"):
        pytest.skip(f"the AWS CLI cannot be had from a package index: {done.stderr.strip()[-200:]}")
    return folder
