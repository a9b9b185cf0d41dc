"""One run of a program, such as Terraform."""

import os
from pathlib import Path

from skyworthy.sandbox.terraform.runs import Command


def test_one_that_has_ended_meanwhile_can_be_asked_to_end(tmp_path: Path) -> None:
    with Command(["/bin/echo", "done"], dict(os.environ), tmp_path) as running:
        result = running.result()
        running.stop()
    assert (result.returncode, result.stdout) == (0, "done\n")
