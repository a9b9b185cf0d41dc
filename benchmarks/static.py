"""The static suite beside checkov: whole processes on the same files in one run.

    python -m benchmarks.static [--repeats N] [--resources N] [--checkov-limit SECONDS]

On the reference stack the two take turns, both without what they kept from earlier runs but their bytecode; on a
generated estate each runs once, checkov at most as long as it is given. Exit code 1 where an aim is missed.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import generate
from benchmarks.measure import Run, median, run, table
from skyworthy.checkov.environment import child_environment, provide
from skyworthy.config import load_settings

REPOSITORY = Path(__file__).parents[1]
RATIO, SECONDS, MEGABYTES = 0.25, 20.0, 500.0
"""The aims: share of checkov's time on the reference stack; time and memory on the generated estate."""
_CHECKOV = ("--framework", "terraform", "--output", "json", "--compact", "--soft-fail", "--skip-download")
_MORE = ("--download-external-modules", "false")


@dataclass(frozen=True)
class Line:
    """One row of the report: what ran on what."""

    stack: str
    tool: str
    runs: tuple[Run, ...]
    found: str

    def cells(self) -> tuple[str, ...]:
        """As shown."""
        seconds = f"{median(self.runs):.2f}" + (" (cut off)" if self.runs[0].cut_off else "")
        peak = max(item.megabytes for item in self.runs)
        return (self.stack, self.tool, str(len(self.runs)), seconds, f"{peak:.0f}", self.found)


class Checkov:
    """Checkov alone, in the environment that the product runs it in.

    Args:
        folder: where its copies of files and its home are made.
    """

    def __init__(self, folder: Path) -> None:
        cache = load_settings(REPOSITORY).cache.absolute()
        self._command = provide(cache, _build, lambda text: print(text, file=sys.stderr)).command
        self._home = folder / "home"
        self._home.mkdir()

    def __call__(self, directory: Path, limit: float) -> Run:
        """One run on everything below a directory."""
        command = (*self._command, f"--directory={directory}", *_CHECKOV, *_MORE)
        return run(command, cwd=self._home, env=child_environment(self._home), limit=limit)


def _build(command: Sequence[str], *, env: Mapping[str, str], cwd: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(list(command), env=dict(env), cwd=cwd, capture_output=True, text=True, check=False)


def _ours(directory: Path, *arguments: str, limit: float = 600.0) -> Run:
    """One run of the command line, without what it kept from the last but its bytecode, which checkov keeps too."""
    shutil.rmtree(directory / ".skyworthy", ignore_errors=True)
    program = Path(sys.executable).with_name("skyworthy")
    command = (program, "static", "--no-checkov", "--json", "verdicts.json", *arguments)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(directory.parent / "bytecode")
    done = run(command, cwd=directory, env=environment, limit=limit)
    if done.code not in (0, 1) and not done.cut_off:
        raise SystemExit(f"skyworthy static ended with {done.code}: {done.output}")
    return done


def _verdicts(directory: Path) -> str:
    data = json.loads((directory / "verdicts.json").read_text("utf-8"))
    return f"{sum(_count(item) for item in (data if isinstance(data, list) else [data]))} verdicts"


def _count(item: Any) -> int:
    if isinstance(item, dict):
        return len(item["verdicts"]) if "verdicts" in item else sum(map(_count, item.values()))
    return sum(map(_count, item)) if isinstance(item, list) else 0


def _checks(done: Run) -> str:
    if done.cut_off:
        return "nothing yet"
    data = json.loads(done.output)
    summary = data["summary"] if isinstance(data, dict) else data[0]["summary"]
    return f"{summary['passed'] + summary['failed']} checks"


def copied(folder: Path) -> Path:
    """A copy of the reference stack with what its settings name; the folder."""
    folder.mkdir()
    for name in ("skyworthy.toml", "waivers.toml", ".env.template"):
        shutil.copyfile(REPOSITORY / name, folder / name)
    shutil.copytree(REPOSITORY / "terraform", folder / "terraform", ignore=shutil.ignore_patterns(".terraform*"))
    return folder


def reference(folder: Path, checkov: Checkov, repeats: int) -> list[Line]:
    """Both on a copy of the reference stack, in turns."""
    copy = copied(folder / "reference")
    _ours(copy)  # compiles, as does the next
    checkov(copy / "terraform", 600.0)
    ours, theirs = [], []
    for _ in range(repeats):
        ours.append(_ours(copy))
        theirs.append(checkov(copy / "terraform", 600.0))
    return [
        Line("reference", "skyworthy static", tuple(ours), _verdicts(copy)),
        Line("reference", "checkov", tuple(theirs), _checks(theirs[0])),
    ]


def large(folder: Path, checkov: Checkov, resources: int, limit: float) -> list[Line]:
    """Both on a generated estate."""
    directory = folder / "large"
    directory.mkdir()
    name = f"{generate.write(directory, resources)} resources"
    ours = _ours(directory, "--terraform", str(directory))
    lines = [Line(name, "skyworthy static", (ours,), _verdicts(directory))]
    if limit > 0:
        theirs = checkov(directory, limit)
        lines.append(Line(name, "checkov", (theirs,), _checks(theirs)))
    return lines


def judgement(lines: Sequence[Line]) -> list[tuple[str, str, bool]]:
    """Aim, measured, met."""
    ours, theirs, estate = lines[0], lines[1], lines[2]
    ratio = median(ours.runs) / median(theirs.runs)
    peak = estate.runs[0].megabytes
    return [
        (f"reference: at most {RATIO:g} of checkov's time", f"{ratio:.2f}", ratio <= RATIO),
        (f"{estate.stack}: under {SECONDS:g} s", f"{median(estate.runs):.1f} s", median(estate.runs) < SECONDS),
        (f"{estate.stack}: under {MEGABYTES:g} MB", f"{peak:.0f} MB", peak < MEGABYTES),
    ]


def main() -> int:
    """Measure, print, write ``reports/bench-static.md``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.static", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=5, help="runs of each on the reference stack (5)")
    parser.add_argument("--resources", type=int, default=10_000, help="size of the generated estate (10000)")
    parser.add_argument("--checkov-limit", type=float, default=60.0, help="seconds for checkov there; 0: none (60)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-static-") as made:
        folder = Path(made)
        checkov = Checkov(folder)
        lines = reference(folder, checkov, options.repeats)
        lines += large(folder, checkov, options.resources, options.checkov_limit)
    aims = judgement(lines)
    text = "\n\n".join(
        (
            "# Static suite beside checkov",
            f"Whole processes, bytecode kept only, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f} at the end.",
            table(("stack", "tool", "runs", "median s", "peak MB", "found"), [line.cells() for line in lines]),
            table(("aim", "measured", "met"), [(aim, value, "yes" if met else "no") for aim, value, met in aims]),
        )
    )
    reports = REPOSITORY / "reports"
    reports.mkdir(exist_ok=True)
    (reports / "bench-static.md").write_text(f"{text}\n", "utf-8")
    print(text)
    return 0 if all(met for _, _, met in aims) else 1


if __name__ == "__main__":
    sys.exit(main())
