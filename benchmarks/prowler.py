"""Prowler in an environment of its own, on a sandbox: nothing but AWS's own variables point it there."""

import json
import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import uv

from benchmarks.measure import Run, run
from skyworthy.sandbox.server import Sandbox

_LEFT_OUT = ("AWS_", "PYTHON", "VIRTUAL_ENV", "CONDA_")


@dataclass(frozen=True)
class Scan:
    """What one run of Prowler told.

    Args:
        process: time and memory.
        findings: (check, identifier of the resource, message) of each failed check.
    """

    process: Run
    findings: frozenset[tuple[str, str, str]]

    def naming(self, identifier: str) -> set[str]:
        """The checks that failed on a resource, or say its name; a longer name that holds it is another's."""
        said = re.compile(rf"(?<![\w/-]){re.escape(identifier)}(?![\w/-])")
        ends = (f":{identifier}", f"/{identifier}")
        return {
            check
            for check, uid, message in self.findings
            if uid == identifier or uid.endswith(ends) or said.search(message)
        }

    def without(self, other: "Scan") -> "Scan":
        """What was not found by another scan."""
        return Scan(self.process, self.findings - other.findings)


class Prowler:
    """Prowler of one version.

    Args:
        version: as on the package index.
        services: Prowler's names of the services to look at.
        folder: its home and outputs.
    """

    def __init__(self, version: str, services: Sequence[str], folder: Path) -> None:
        self.version, self.services, self._folder = version, tuple(services), folder
        self._start = (uv.find_uv_bin(), "tool", "run", "--from", f"prowler=={version}", "prowler")
        self._kept = {name: value for name, value in os.environ.items() if not name.startswith(_LEFT_OUT)}
        # The environment is built before anything is measured.
        subprocess.run([*self._start, "--version"], env=self._kept, check=True, capture_output=True)
        cache = subprocess.run([self._start[0], "cache", "dir"], check=True, capture_output=True, text=True)
        self._kept |= {"UV_CACHE_DIR": cache.stdout.strip(), "UV_OFFLINE": "1", "HOME": str(folder)}

    @property
    def command(self) -> str:
        """What is run, for people."""
        return (
            f"uv tool run --from prowler=={self.version} prowler aws --region REGION --services "
            f"{' '.join(self.services)} --output-formats json-ocsf --ignore-exit-code-3"
        )

    def scan(self, sandbox: Sandbox) -> Scan:
        """Look at a sandbox.

        Raises:
            SystemExit: it failed.
        """
        output = self._folder / "output"
        for old in output.glob("*.json"):
            old.unlink()
        options = ("--output-formats", "json-ocsf", "--output-directory", output, "--no-banner", "--ignore-exit-code-3")
        command = (*self._start, "aws", "--region", sandbox.region, "--services", *self.services, *options)
        done = run(command, cwd=self._folder, env=self._kept | sandbox.environment())
        if done.code:
            raise SystemExit(f"prowler ended with {done.code}: {done.output}")
        (told,) = output.glob("*.json")
        found = json.loads(told.read_text("utf-8"))
        failed = [item for item in found if item["status_code"] == "FAIL"]
        return Scan(
            done,
            frozenset(
                (item["metadata"]["event_code"], resource["uid"], item["message"])
                for item in failed
                for resource in item["resources"]
            ),
        )
