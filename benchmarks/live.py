"""The live suite: alone on the reference stack, in a crowded account, and beside Prowler; writes benchmarks/live.md.

    python -m benchmarks.live [--repeats N] [--resources N] [--without-prowler]

Everything looks at sandboxes of this machine. Exit code 1 where an aim is missed.
"""

import argparse
import json
import math
import os
import platform
import shutil
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from benchmarks import generate
from benchmarks.measure import Run, median, run, table
from benchmarks.prowler import Prowler, Scan
from skyworthy import declared
from skyworthy.config import load_settings
from skyworthy.estate import Estate, Resource
from skyworthy.observed import Session, observe
from skyworthy.observed.tables import tables
from skyworthy.sandbox import cassette, faults, fill, server
from skyworthy.sandbox.server import Sandbox
from skyworthy.suites import live
from skyworthy.suites.account import Account
from skyworthy.suites.options import Options
from skyworthy.suites.stage import Stage

REPOSITORY = Path(__file__).parents[1]
PAGE = Path(__file__).with_suffix(".md")
SAMPLE = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
ENVIRONMENT = "staging"
RED = frozenset({"fail", "error", "unknown"})
MOST_CALLS, MOST_SECONDS = 60, 5.0
"""The aims on the reference stack, the seconds from the start of discovery."""
LARGE_SECONDS, LARGE_MEGABYTES, FILL_SECONDS = 60.0, 500.0, 60.0
"""The aims with many resources."""
START_SECONDS, REPLAY_SECONDS = 2.0, 3.0
"""The aims of the sandbox itself."""
_SHARED_CALLS = frozenset({"sts:GetCallerIdentity"})


@dataclass(frozen=True)
class Look:
    """Runs of `skyworthy live`, whole processes, on the same account.

    Args:
        runs: time and memory of each.
        suite: seconds of each that the suite took, from discovery to the last verdict, without the start of Python.
        verdicts: outcome -> number, of the last.
        red: (control, address, message) of its findings.
        calls: ``service:Operation`` -> number.
    """

    runs: tuple[Run, ...]
    suite: tuple[float, ...]
    verdicts: Mapping[str, int]
    red: frozenset[tuple[str, str, str]]
    calls: Mapping[str, int]

    @property
    def megabytes(self) -> float:
        """The largest peak."""
        return max(item.megabytes for item in self.runs)

    @property
    def total(self) -> int:
        """Calls in all."""
        return sum(self.calls.values())

    def cells(self, what: str) -> tuple[str, ...]:
        """As a row of the table."""
        judged = f"{sum(self.verdicts.values())} verdicts, {sum(self.verdicts.get(name, 0) for name in RED)} red"
        return (
            what,
            str(len(self.runs)),
            f"{median(self.runs):.1f}",
            f"{p95([item.seconds for item in self.runs]):.1f}",
            f"{self.megabytes:.0f}",
            str(self.total),
            judged,
        )


@dataclass(frozen=True)
class Aim:
    """What was wanted, what was measured, and whether that is enough."""

    what: str
    measured: str
    met: bool


def p95(values: Sequence[float]) -> float:
    """The nearest-rank 95th percentile."""
    return sorted(values)[math.ceil(0.95 * len(values)) - 1]


def look(project: Path, name: str, repeats: int = 1) -> Look:
    """Run `skyworthy live` on the running sandbox of a project.

    Raises:
        SystemExit: it could not evaluate.
    """
    program = Path(sys.executable).with_name("skyworthy")
    runs, seconds = [], []
    for _ in range(repeats):
        runs.append(run((program, "live", "--env", name, "--json", "live.json"), cwd=project))
        if runs[-1].code not in (0, 1):
            raise SystemExit(f"skyworthy live ended with {runs[-1].code}: {runs[-1].output}")
        told = json.loads((project / "live.json").read_text("utf-8"))
        seconds.append(told["seconds"])
    calls = {call: count for call, count in told["calls"].items() if call != "total"}
    verdicts = Counter(item["verdict"] for item in told["verdicts"])
    red = ((item["control"], item["address"], item["message"]) for item in told["verdicts"] if item["verdict"] in RED)
    return Look(tuple(runs), tuple(seconds), verdicts, frozenset(red), calls)


@dataclass(frozen=True)
class Bench:
    """A project with a running sandbox.

    Args:
        project: the folder.
        sandbox: of it.
        estate: what its Terraform declares.
    """

    project: Path
    sandbox: Sandbox
    estate: Estate

    def discoveries(self, repeats: int) -> list[float]:
        """Seconds from the start of a discovery to its end, each by a session of its own."""
        seconds = []
        for _ in range(repeats):
            session = Session(region=self.sandbox.region, endpoint_url=self.sandbox.url, target="sandbox")
            seconds.append(observe(session, self.estate, with_secrets=True).seconds)
        return seconds


@contextmanager
def opened(project: Path, name: str, root: Path) -> Iterator[Bench]:
    """A sandbox of a project for the duration of the block."""
    estate = declared.read(root)
    sandbox = server.start_detached(project, name)
    try:
        yield Bench(project, sandbox, estate)
    finally:
        server.stop(project, name)


def reference(folder: Path) -> Path:
    """A copy of the reference stack's project."""
    folder.mkdir()
    for name in ("skyworthy.toml", "waivers.toml", ".env.template"):
        shutil.copyfile(REPOSITORY / name, folder / name)
    for name in ("terraform", "cassettes"):
        shutil.copytree(REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns(".terraform*"))
    return folder


def of_sandbox(repeats: int) -> list[tuple[str, list[float]]]:
    """Seconds of starts and replays, in turns."""
    starts, replays = [], []
    tape = cassette.load(REPOSITORY / "cassettes" / f"{ENVIRONMENT}.jsonl")
    for _ in range(repeats):
        start = time.perf_counter()
        with server.running() as sandbox:
            starts.append(time.perf_counter() - start)
            start = time.perf_counter()
            cassette.replay(tape, sandbox)
            replays.append(time.perf_counter() - start)
    return [("start of the server", starts), (f"replay of the {ENVIRONMENT} cassette", replays)]


def by_kind(calls: Mapping[str, int]) -> tuple[int, int]:
    """Calls that list or take several at once, and calls that AWS offers for one resource at a time only."""
    single = {
        f"{read.service}:{read.operation}"
        for read in tables().reads.values()
        if (read.each or read.declared) and not read.batch_parameter
    }
    each = sum(count for call, count in calls.items() if call in single)
    return sum(calls.values()) - each, each


def grown(before: Look, after: Look) -> str:
    """The operations that were called more often, with the numbers."""
    more = {call: count for call, count in after.calls.items() if count != before.calls.get(call, 0)}
    return ", ".join(f"{call} {before.calls.get(call, 0)} → {count}" for call, count in sorted(more.items())) or "none"


def beside_the_stack(bench: Bench, resources: int, repeats: int) -> tuple[list[tuple[str, ...]], list[Aim], list[str]]:
    """The reference stack alone, then among many resources that are not its own."""
    alone = look(bench.project, ENVIRONMENT, repeats)
    discoveries = bench.discoveries(repeats)
    start = time.perf_counter()
    fill.fill(bench.sandbox, resources)
    seconds = time.perf_counter() - start
    crowded = look(bench.project, ENVIRONMENT, repeats)
    fill.undo(bench.sandbox)
    rows = [alone.cells("reference stack, alone"), crowded.cells(f"reference stack, {resources} others beside it")]
    aims = [
        Aim(f"reference stack: at most {MOST_CALLS} calls", f"{alone.total}", alone.total <= MOST_CALLS),
        Aim(
            f"reference stack: at most {MOST_SECONDS:g} s from the start of discovery",
            f"p95 {p95(alone.suite):.1f} s to the last verdict, {p95(discoveries):.1f} s of it discovery",
            p95(alone.suite) <= MOST_SECONDS,
        ),
        Aim(
            f"{resources} resources put into the sandbox: under {FILL_SECONDS:g} s",
            f"{seconds:.1f} s",
            seconds < FILL_SECONDS,
        ),
        Aim(
            "the same verdicts among others",
            f"{len(alone.red ^ crowded.red)} differ",
            alone.verdicts == crowded.verdicts and alone.red == crowded.red,
        ),
        Aim(
            "among others, calls grow by pages only",
            f"{alone.total} → {crowded.total}",
            by_kind(alone.calls)[1] == by_kind(crowded.calls)[1],
        ),
    ]
    return rows, aims, [f"More calls among {resources} others, all of them further pages: {grown(alone, crowded)}."]


def declared_too(folder: Path, resources: int) -> tuple[list[tuple[str, ...]], list[Aim], list[str]]:
    """An estate of many resources, each declared and each there."""
    project = folder / "large"
    (project / "terraform").mkdir(parents=True)
    count = generate.write(project / "terraform", resources)
    settings = '[project]\nname = "estate"\n\n[environments.large]\nterraform = "terraform"\nregion = "us-east-1"\n'
    (project / "skyworthy.toml").write_text(settings, "utf-8")
    with opened(project, "large", project / "terraform") as bench:
        fill.fill(bench.sandbox, resources)
        seen = look(project, "large")
        (discovery,) = bench.discoveries(1)
    pages, each = by_kind(seen.calls)
    seconds = median(seen.runs)
    aims = [
        Aim(
            f"{count} resources declared: under {LARGE_SECONDS:g} s",
            f"{seconds:.1f} s, discovery {discovery:.1f} s",
            seconds < LARGE_SECONDS,
        ),
        Aim(
            f"{count} resources declared: under {LARGE_MEGABYTES:g} MB",
            f"{seen.megabytes:.0f} MB",
            seen.megabytes < LARGE_MEGABYTES,
        ),
    ]
    kinds = {call: n for call, n in seen.calls.items() if by_kind({call: n})[1] > 9}
    told = ", ".join(f"{call} {n}" for call, n in sorted(kinds.items()))
    note = (
        f"Of the {seen.total} calls on {count} declared resources {pages} are pages and batches; {each} are of "
        f"operations that AWS offers for one resource at a time only: {told}."
    )
    return [seen.cells(f"{count} resources, all declared")], aims, [note]


@dataclass(frozen=True)
class Noticed:
    """Who noticed a fault.

    Args:
        fault: its id.
        what: its title and the resource.
        ours: the controls that name the resource.
        theirs: the checks of Prowler that do.
    """

    fault: str
    what: str
    ours: tuple[str, ...]
    theirs: tuple[str, ...]

    def cells(self) -> tuple[str, ...]:
        """As a row of the table."""
        return self.fault, self.what, _shown(self.ours), _shown(self.theirs)


def _shown(names: Sequence[str], most: int = 2) -> str:
    return (", ".join(f"`{name}`" for name in names[:most]) + (", ..." if len(names) > most else "")) or "no"


def beside_prowler(bench: Bench, folder: Path) -> tuple[list[tuple[str, ...]], list[Noticed], list[str]]:
    """Both on the same sandbox: clean, then with each batch of faults."""
    folder.mkdir()
    prowler = Prowler(SAMPLE["prowler"], SAMPLE["services"], folder)
    session = Session(region=bench.sandbox.region, endpoint_url=bench.sandbox.url, target="sandbox")
    clean = observe(session, bench.estate).estate
    ours = look(bench.project, ENVIRONMENT)
    before = _calls(bench.sandbox)
    theirs = prowler.scan(bench.sandbox)
    calls = _calls(bench.sandbox) - before
    snapshots = calls["ec2:DescribeSnapshotAttribute"]
    rows: list[tuple[str, ...]] = [
        ("skyworthy live", f"{median(ours.runs):.1f}", f"{ours.megabytes:.0f}", str(ours.total), f"{len(ours.red)}"),
        (
            f"prowler {prowler.version}",
            f"{theirs.process.seconds:.1f}",
            f"{theirs.process.megabytes:.0f}",
            f"{calls.total()} ({calls.total() - snapshots} without DescribeSnapshotAttribute)",
            f"{len(theirs.findings)}",
        ),
    ]
    noticed: list[Noticed] = []
    strange: set[str] = set()
    for batch in SAMPLE["batches"]:
        alone = {id: _red_alone(bench, session, id) for id in batch}
        injected = [faults.inject_fault(bench.sandbox, id) for id in batch]
        new = prowler.scan(bench.sandbox).without(theirs)
        faults.heal(bench.sandbox)
        noticed += [_noticed(item, clean, alone[item.fault.id], new) for item in injected]
        strange |= {check for check, _, _ in new.findings}
    strange -= {check for item in noticed for check in item.theirs}
    notes = [
        f"Prowler runs as `{prowler.command}`; `AWS_ENDPOINT_URL` and dummy credentials alone point it at the sandbox. "
        f"{snapshots} of its calls ask for the snapshots of machine images that moto holds from the start.",
        "For skyworthy each fault is injected alone: what turns red is counted. For Prowler the faults of a batch are "
        "in force together, on resources of their own: a check counts that did not fail before and names the resource.",
        f"Checks that failed anew and name none of the broken resources: {_shown(sorted(strange), 99)}.",
    ]
    return rows, noticed, notes


def _calls(sandbox: Sandbox) -> Counter[str]:
    return Counter(sandbox.control("GET", "status")["calls"])


def _red_alone(bench: Bench, session: Session, id: str) -> set[tuple[str, str]]:
    """(control, address) of what one fault turns red."""
    settings = load_settings(bench.project)
    account = Account(session, bench.sandbox, "for the faults", lambda _: session)
    red: list[set[tuple[str, str]]] = []
    for broken in (False, True):
        if broken:
            faults.inject_fault(bench.sandbox, id)
        with Stage(settings, settings.environment(ENVIRONMENT), Options()) as stage:
            stage.__dict__.update(declared=bench.estate, account=account)
            verdicts = live.run(stage).verdicts
        red.append({(item.control, item.address) for item in verdicts if item.outcome.value in RED})
    faults.heal(bench.sandbox)
    return red[1] - red[0]


def _noticed(injected: faults.Injected, clean: Estate, ours: set[tuple[str, str]], theirs: Scan) -> Noticed:
    hit = injected.hit
    assert hit is not None, "a transport fault hits no resource"
    there = clean.find(hit.identifier, hit.type)
    named = sorted(ours, key=lambda red: (there is None or red[1] != there.address, red))
    names = {hit.identifier, *(_called(there) if there else ()), *SAMPLE["also_named"].get(injected.fault.id, ())}
    checks = {check for name in names for check in theirs.naming(name)}
    what = f"{injected.fault.title.rstrip('.')} ({hit.type})"
    return Noticed(injected.fault.id, what, tuple(dict.fromkeys(rule for rule, _ in named)), tuple(sorted(checks)))


def _called(resource: Resource) -> Iterator[str]:
    """What a resource is called in an account."""
    for name in ("id", "arn", "name", "identifier"):
        value = resource.attributes.get(name)
        if isinstance(value, str) and value:
            yield value


def page(parts: Sequence[str]) -> str:
    """The page: how it was made, then its parts."""
    tools = ", ".join(f"{name} {version(name)}" for name in ("skyworthy", "moto", "boto3"))
    head = (
        f"Generated by `make bench-live` (`python -m benchmarks.live`) on {time.strftime('%Y-%m-%d', time.gmtime())}: "
        f"{tools}, Python {platform.python_version()}, {os.cpu_count()} CPUs, "
        f"load {os.getloadavg()[0]:.1f} at the end. Whole processes on sandboxes of the same machine, which takes its "
        "share of the time."
    )
    return "\n\n".join(("# The live suite, measured", head, *parts)) + "\n"


def main() -> int:
    """Measure, print, write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=5, help="runs on the reference stack (5)")
    parser.add_argument("--resources", type=int, default=10_000, help="size of the large estate (10000)")
    parser.add_argument("--without-prowler", action="store_true", help="leave Prowler out")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-live-") as made:
        text, met = _measured(Path(made), options)
    PAGE.write_text(text, "utf-8")
    print(text)
    return 0 if met else 1


def _measured(folder: Path, options: argparse.Namespace) -> tuple[str, bool]:
    of_itself = of_sandbox(options.repeats)
    project = reference(folder / "reference")
    root = project / "terraform" / "environments" / ENVIRONMENT
    with opened(project, ENVIRONMENT, root) as bench:
        cassette.replay(cassette.load(project / "cassettes" / f"{ENVIRONMENT}.jsonl"), bench.sandbox)
        rows, aims, notes = beside_the_stack(bench, options.resources, options.repeats)
        compared = None if options.without_prowler else beside_prowler(bench, folder / "prowler")
    more = declared_too(folder, options.resources)
    aims += more[1]
    (_, starts), (_, replays) = of_itself
    aims += [
        Aim(f"server started in under {START_SECONDS:g} s", f"p95 {p95(starts):.1f} s", p95(starts) < START_SECONDS),
        Aim(
            f"cassette replayed in under {REPLAY_SECONDS:g} s",
            f"p95 {p95(replays):.1f} s",
            p95(replays) < REPLAY_SECONDS,
        ),
    ]
    head = ("`skyworthy live --env ENV` on", "runs", "median s", "p95 s", "peak MB", "calls", "found")
    parts = [
        table(head, [*rows, *more[0]]),
        "\n\n".join((*notes, *more[2])),
        table(("aim", "measured", "met"), [(aim.what, aim.measured, "yes" if aim.met else "no") for aim in aims]),
    ]
    parts += _comparison(*compared) if compared else []
    return page(parts), all(aim.met for aim in aims)


def _comparison(rows: Sequence[Sequence[str]], noticed: Sequence[Noticed], notes: Sequence[str]) -> list[str]:
    ours, theirs = (
        sum(bool(names) for names in side) for side in zip(*((n.ours, n.theirs) for n in noticed), strict=True)
    )
    return [
        "## Beside Prowler, on the same sandbox in the same run",
        table(("tool", "seconds", "peak MB", "calls", "findings on the sound stack"), rows),
        *notes,
        f"Of {len(noticed)} faults (`benchmarks/live.toml`) skyworthy notices {ours}, Prowler {theirs}.",
        table(("fault", "what is broken", "skyworthy", "Prowler"), [item.cells() for item in noticed]),
    ]


if __name__ == "__main__":
    sys.exit(main())
