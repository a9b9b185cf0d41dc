"""Mutants of the reference stack: how many of them the static suite notices, and checkov beside it.

    python -m benchmarks.mutants [--checkov N|all] [--only TEXT] [--workers N] [--seed N]

General operators change the Terraform at every place that a requirement depends on (``mutation/dependencies.toml``).
A mutant is *noticed* where a verdict becomes *fail* or *error* that was not so before; a new *unknown* does not count.
Not counted are mutants that Terraform itself refuses, those that leave every resource as it was, and what
``survivors.toml`` says is no defect; it also says why the others survive, and it is told where it does not. Writes
``reports/mutants.md`` and ``.json``; exit code 1 where fewer than 95 % are noticed.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.measure import table
from benchmarks.mutation import beside, survivors
from benchmarks.mutation.judging import Judged, Status, judge_all
from benchmarks.mutation.mutant import Mutant
from benchmarks.mutation.operators import OPERATORS, mutants
from benchmarks.mutation.places import places
from benchmarks.mutation.survivors import Entry
from benchmarks.mutation.tree import Tree
from skyworthy.config import load_settings

REPOSITORY = Path(__file__).parents[1]
TREE = Path("terraform")
AIM = 0.95
LEAST = 150
_LEFT_OUT = ("refused", "same", "equivalent")


@dataclass(frozen=True)
class Score:
    """How many of the mutants that count were noticed.

    Args:
        judged: every mutant.
    """

    judged: tuple[Judged, ...]

    @property
    def counted(self) -> list[Judged]:
        """Those that are defects."""
        return [item for item in self.judged if item.status not in _LEFT_OUT]

    @property
    def noticed(self) -> int:
        """How many of these the suite notices."""
        return sum(item.status == "noticed" for item in self.counted)

    @property
    def survivors(self) -> list[Judged]:
        """Those that it does not."""
        return [item for item in self.counted if item.status != "noticed"]

    @property
    def share(self) -> float:
        """Noticed among those that count; 0 where none does."""
        return self.noticed / len(self.counted) if self.counted else 0.0


def all_mutants(repository: Path, tree: Path) -> list[Mutant]:
    """The mutants of the environments that ``skyworthy.toml`` names; production, which demands more, first."""
    environments = sorted(load_settings(repository).environments.values(), key=lambda item: item.name)
    base = (repository / tree).resolve()
    read = Tree(base, tuple(item.root.resolve().relative_to(base) for item in environments))
    return mutants(read, places(read))


def weigh(judged: Sequence[Judged], entries: Sequence[Entry]) -> Score:
    """The score: what was not noticed gets the reason that an entry gives, and is set apart where it is no defect."""
    weighed = []
    for item in judged:
        noticed = item.status in ("noticed", *_LEFT_OUT)
        entry = None if noticed else survivors.entry_for(item.mutant, entries)
        if entry is not None:
            status: Status = "equivalent" if entry.kind == "equivalent" else item.status
            item = replace(item, status=status, reason=entry.reason)
        weighed.append(item)
    return Score(tuple(weighed))


def by_operator(score: Score) -> str:
    """The score operator by operator, as a table."""
    rows = []
    for name in OPERATORS:
        counts: Counter[str] = Counter(item.status for item in score.judged if item.mutant.operator == name)
        if counts:
            rows.append(_row(name, counts))
    every: Counter[str] = Counter(item.status for item in score.judged)
    rows.append(_row("all", every))
    head = ("operator", "noticed", "unknown", "survived", "share", "equivalent", "same values", "refused by Terraform")
    return table(head, rows)


def _row(name: str, counts: "Counter[str]") -> tuple[str | int, ...]:
    counted = counts["noticed"] + counts["unknown"] + counts["survived"]
    share = f"{counts['noticed'] / counted:.0%}" if counted else "-"
    numbers = (counts["noticed"], counts["unknown"], counts["survived"])
    return (name, *numbers, share, counts["equivalent"], counts["same"], counts["refused"])


def by_requirement(score: Score) -> str:
    """How many defects are noticed for each requirement, as a table."""
    counted: Counter[str] = Counter()
    noticed: Counter[str] = Counter()
    for item in score.counted:
        counted.update(item.mutant.requirements)
        noticed.update(item.mutant.requirements if item.status == "noticed" else ())
    rows = [(id, noticed[id], counted[id], f"{noticed[id] / counted[id]:.0%}") for id in sorted(counted)]
    return table(("requirement", "noticed", "of", "share"), rows)


def not_noticed(score: Score) -> str:
    """What was not noticed, and why, as a table."""
    rows = [
        (
            f"{item.mutant.file}:{item.mutant.line}",
            f"{item.mutant.owner} {item.mutant.path}".strip(),
            item.mutant.operator,
            _code(item.mutant.before),
            _code(item.mutant.after) if item.mutant.after else "nothing",
            ", ".join(item.by) if item.status == "unknown" else "",
            item.reason or "**none is given**",
        )
        for item in score.survivors
    ]
    return table(("place", "of", "operator", "before", "after", "became unknown", "reason"), rows) if rows else "None."


def told(score: Score) -> list[str]:
    """The survivors, each with its reason, a line each."""
    found = [(item.mutant, item.reason or "no reason is given") for item in score.survivors]
    return [f"{it.file}:{it.line}: {it.owner} {it.path}: {it.operator}: {reason}" for it, reason in found]


def unexplained(score: Score) -> list[str]:
    """The survivors that nothing gives a reason for."""
    return [f"{item.mutant.line}: {item.mutant.id}" for item in score.survivors if not item.reason]


def unneeded(score: Score, entries: Sequence[Entry]) -> list[str]:
    """The reasons that no mutant survives for any more."""
    for_which = [(item.mutant, item.reason) for item in score.judged]
    return [
        entry.told
        for entry in entries
        if not any(reason == entry.reason and entry.covers(mutant) for mutant, reason in for_which)
    ]


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|").replace("`", "'") + "`"


def set_apart(score: Score) -> str:
    """The equivalent survivors by reason, as a table."""
    counts = Counter(item.reason for item in score.judged if item.status == "equivalent")
    return (
        table(("mutants", "reason"), [(count, reason) for reason, count in counts.most_common()]) if counts else "None."
    )


def side_by_side(score: Score, size: int, seed: int, workers: int) -> str:
    """Both tools on the same sample of the defects, operator by operator: what was looked at, and a table."""
    start = time.perf_counter()
    ours = {item.mutant.id: item.status == "noticed" for item in score.counted}
    chosen = beside.sample([item.mutant for item in score.counted], size, seed)
    cache = load_settings(REPOSITORY).cache.absolute()
    theirs = dict(
        zip(
            (mutant.id for mutant in chosen),
            beside.notices((REPOSITORY / TREE).resolve(), chosen, cache, workers),
            strict=True,
        )
    )
    rows = []
    for name in (*OPERATORS, "all"):
        group = [mutant.id for mutant in chosen if name in (mutant.operator, "all")]
        if group:
            we, they = sum(ours[id] for id in group), sum(bool(theirs[id]) for id in group)
            alone = sum(bool(theirs[id]) and not ours[id] for id in group)
            row = (name, len(group), we, f"{we / len(group):.0%}", they, f"{they / len(group):.0%}", alone)
            rows.append(row)
    told = f"{len(chosen)} of the {len(score.counted)} defects, each operator by its share. "
    told += f"{time.perf_counter() - start:.0f} s on {workers} processes."
    head = ("operator", "mutants", "skyworthy", "share", "checkov", "share", "checkov alone")
    return f"{told}\n\n{table(head, rows)}"


def encode(score: Score) -> list[dict[str, object]]:
    """Every mutant and what was said of it, for machines."""
    return [
        {
            "file": str(item.mutant.file),
            "line": item.mutant.line,
            "owner": item.mutant.owner,
            "path": item.mutant.path,
            "operator": item.mutant.operator,
            "requirements": item.mutant.requirements,
            "before": item.mutant.before,
            "after": item.mutant.after,
            "status": item.status,
            "by": item.by,
            "message": item.message,
            "reason": item.reason,
        }
        for item in score.judged
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge all mutants, print the tables, write the reports."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.mutants", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--checkov", default="150", help="how many mutants checkov is given too, or all (150; 0: none)")
    parser.add_argument("--only", default="", help="only mutants whose name holds this text, such as aws_lb or widen")
    parser.add_argument("--workers", type=int, default=2, help="processes (2)")
    parser.add_argument("--seed", type=int, default=5, help="of the sample for checkov (5)")
    options = parser.parse_args(arguments)
    start = time.perf_counter()
    made = [mutant for mutant in all_mutants(REPOSITORY, TREE) if options.only in mutant.id]
    entries = survivors.load()
    score = weigh(list(judge_all(REPOSITORY, TREE, made, options.workers)), entries)
    seconds = time.perf_counter() - start
    head = (
        f"{len(made)} mutants, {len(score.counted)} of them defects: {score.noticed} noticed, {score.share:.1%} "
        f"(at least {AIM:.0%} are wanted). {seconds:.0f} s on {options.workers} processes."
    )
    parts = ["# Mutants of the reference stack", head, by_operator(score)]
    print("\n\n".join(parts), flush=True)
    size = len(score.counted) if options.checkov == "all" else int(options.checkov)
    compared: list[str] = []
    if size and score.counted:
        compared += ["## The same mutants under checkov", side_by_side(score, size, options.seed, options.workers)]
    more = ["## By requirement", by_requirement(score), "## Survivors", not_noticed(score)]
    more += ["## Survivors that are no defects", set_apart(score)]
    open_ends = _list("Survivors without a reason", unexplained(score))
    if not options.only:
        open_ends += _list("Entries of survivors.toml that no survivor needs", unneeded(score, entries))
        _write(REPOSITORY / "reports", [*parts, *compared, *more, *open_ends], score)
    large = len(score.counted) > LEAST
    for part in (*compared, *(_list("Survivors", told(score)) if large else more), *open_ends):
        print(f"\n{part}")
    if not options.only:
        print("\nBy requirement, and what is set apart: reports/mutants.md")
    return 0 if score.share >= AIM and (options.only or len(score.counted) >= LEAST) else 1


def _list(title: str, texts: Sequence[str]) -> list[str]:
    return [f"## {title}", "\n".join(f"- {text}" for text in texts)] if texts else []


def _write(reports: Path, parts: Sequence[str], score: Score) -> None:
    reports.mkdir(exist_ok=True)
    (reports / "mutants.md").write_text("\n\n".join(parts) + "\n", "utf-8")
    (reports / "mutants.json").write_text(json.dumps(encode(score), indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
