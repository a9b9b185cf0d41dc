"""Checkov on the same mutants, through the product's own runner, kept by content."""

import random
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory

from benchmarks.mutation.mutant import Mutant
from skyworthy import checkov

Failed = frozenset[tuple[str, str]]
"""Check and address."""


def sample(mutants: Sequence[Mutant], size: int, seed: int) -> list[Mutant]:
    """Some of the mutants, by a seed: every operator has its share, at least one."""
    chosen = random.Random(seed)  # noqa: S311 - a sample, not a secret
    groups: dict[str, list[Mutant]] = {}
    for mutant in mutants:
        groups.setdefault(mutant.operator, []).append(mutant)
    found: list[Mutant] = []
    for group in groups.values():
        found += chosen.sample(group, min(len(group), max(1, round(size * len(group) / len(mutants)))))
    return found


def notices(tree: Path, mutants: Sequence[Mutant], cache: Path, workers: int) -> Iterator[tuple[str, ...]]:
    """The checks of checkov that fail on each mutant and did not before, in the order of the mutants.

    Args:
        tree: directory of the Terraform.
        mutants: to look at.
        cache: folder of the product's caches.
        workers: processes at a time.
    """
    with TemporaryDirectory(prefix="mutants-checkov-") as folder, ThreadPoolExecutor(workers) as pool:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(workers):
            copy = Path(folder, str(number), tree.name)
            shutil.copytree(tree, copy, ignore=shutil.ignore_patterns(".terraform*"))
            copies.put(copy)
        roots = sorted({root for mutant in mutants for root in mutant.roots})
        before = dict(zip(roots, pool.map(lambda root: _failed(tree / root, cache), roots), strict=True))
        yield from pool.map(lambda mutant: _noticed(mutant, copies, cache, before), mutants)


def _noticed(mutant: Mutant, copies: "SimpleQueue[Path]", cache: Path, before: dict[Path, Failed]) -> tuple[str, ...]:
    copy = copies.get()
    path = copy / mutant.file
    original = path.read_bytes()
    path.write_text(mutant.text, "utf-8")
    try:
        for root in mutant.roots:
            new = _failed(copy / root, cache) - before[root]
            if new:
                return tuple(sorted({check for check, _ in new}))
        return ()
    finally:
        path.write_bytes(original)
        copies.put(copy)


def _failed(root: Path, cache: Path) -> Failed:
    with checkov.start(root, cache=cache) as scan:
        return frozenset((item.check_id, item.address) for item in scan.findings().failed)
