"""Cassettes: the API calls of an apply, kept in a file, and carried out again without Terraform.

A cassette is JSON lines. The first line is the header: format version, environment, the digest of the Terraform it was
made from, and the versions of the tools. Each further line is one call that changed the account (see
`tape.Tape.record`).
Replaying gives the same ids, since ids follow from the calls (see `ids`).
"""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from skyworthy.declared import Inputs
from skyworthy.errors import BadInput
from skyworthy.files import write_whole
from skyworthy.sandbox.server import Sandbox, running
from skyworthy.sandbox.terraform import driver
from skyworthy.sandbox.terraform.workspace import digest

FORMAT = 1


@dataclass(frozen=True)
class Cassette:
    """A cassette that was read.

    Attributes:
        path: the file.
        environment: name of the environment.
        digest: of the Terraform it was made from.
        tools: versions of what made it.
        lines: the calls, one JSON object each.
    """

    path: Path
    environment: str
    digest: str
    tools: Mapping[str, str]
    lines: tuple[str, ...]


def record(
    root: Path,
    out: Path,
    *,
    inputs: Inputs | None = None,
    parallelism: int = 1,
    progress: driver.Progress | None = None,
) -> Cassette:
    """Apply a root module to a fresh sandbox and keep its calls.

    Args:
        root: folder of the root module.
        out: the file to write, named as the environment; replaced only when the recording is complete.
        inputs: what the root module is given.
        parallelism: how many resources at once; with more than one the account is the same, but the order of the lines
            is another at each recording.
        progress: told about each resource.

    Raises:
        BadInput: the apply failed, or a second plan still shows changes.
    """
    environment = out.stem
    options = driver.Options(inputs or Inputs(), parallelism=parallelism)
    with running(environment) as sandbox, driver.opened(root, sandbox, options) as copied:
        sandbox.control("POST", "recording", {"on": True})
        copied.apply(progress)
        sandbox.control("POST", "recording", {"on": False})
        empty, plan = copied.plan_is_empty()
        if not empty:
            raise BadInput(f"{root}: the plan after the apply still shows changes, nothing was recorded:\n{plan}")
        entries = sandbox.control("GET", "recording")
        tools = _tools(copied.folder)
    header = {"format": FORMAT, "environment": environment, "digest": digest(root, inputs), "tools": tools}
    lines = [json.dumps(each, sort_keys=True) for each in (header, *entries)]
    write_whole(out, "\n".join(lines) + "\n")
    return load(out)


def load(path: Path) -> Cassette:
    """Read a cassette.

    Raises:
        BadInput: there is no such file, or it is not a cassette of this format.
    """
    try:
        first, *lines = path.read_text().splitlines()
        header = json.loads(first)
        if header["format"] != FORMAT:
            raise BadInput(f"{path}:1: cassette format {header['format']}, this version reads {FORMAT}; record it anew")
        return Cassette(path, header["environment"], header["digest"], header["tools"], tuple(lines))
    except FileNotFoundError as error:
        raise BadInput(
            f"{path}: no such cassette; record one with `skyworthy sandbox record --env {path.stem}`"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{path}:1: not a cassette ({type(error).__name__}: {error}); record it anew") from error


def check(cassette: Cassette, root: Path, inputs: Inputs | None = None) -> None:
    """See that a cassette belongs to the Terraform as it is now.

    Raises:
        BadInput: it is stale; the message says how to record anew.
    """
    if cassette.digest != digest(root, inputs):
        raise BadInput(
            f"{cassette.path}: recorded from another state of {root} than the present one; "
            f"record anew with `skyworthy sandbox record --env {cassette.environment}` (needs terraform)"
        )


def replay(cassette: Cassette, sandbox: Sandbox) -> int:
    """Carry out a cassette's calls in a fresh sandbox.

    Returns:
        The number of calls.

    Raises:
        BadInput: a call did not succeed, so that the account is not what was recorded.
    """
    told: dict[str, Any] = sandbox.control("POST", "replay", "\n".join(cassette.lines))
    if told["failures"]:
        shown = "\n".join(f"- {failure}" for failure in told["failures"][:10])
        raise BadInput(f"{cassette.path}: {len(told['failures'])} of {told['calls']} calls failed on replay:\n{shown}")
    return int(told["calls"])


def _tools(folder: Path) -> dict[str, str]:
    """Versions of Terraform, the AWS provider and moto."""
    told = subprocess.run(
        [driver.executable(), "version", "-json"], capture_output=True, text=True, check=True, cwd=folder
    )
    return {"terraform": str(json.loads(told.stdout)["terraform_version"]), "moto": version("moto")}
