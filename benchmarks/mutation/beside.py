"""Checkov on the same mutants, through the product's own runner: kept by content, and loaded once a worker."""

import random
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from typing import TypeVar

from benchmarks.mutation.mutant import Mutant
from benchmarks.mutation.warm import Warm
from skyworthy import checkov

Failed = frozenset[tuple[str, str]]
"""Check and address."""
T = TypeVar("T")


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
    benches: SimpleQueue[_Bench] = SimpleQueue()
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="mutants-checkov-"))
        for number in range(workers):
            copy = Path(folder, str(number), tree.name)
            shutil.copytree(tree, copy, ignore=shutil.ignore_patterns(".terraform*"))
            benches.put(_Bench(copy, cache, stack.enter_context(Warm())))
        pool = stack.enter_context(ThreadPoolExecutor(workers))
        roots = sorted({root for mutant in mutants for root in mutant.roots})
        before = dict(
            zip(roots, pool.map(lambda root: _at(benches, lambda bench: bench.failed(root)), roots), strict=True)
        )
        yield from pool.map(lambda mutant: _at(benches, lambda bench: bench.noticed(mutant, before)), mutants)


def _at(benches: "SimpleQueue[_Bench]", do: "Callable[[_Bench], T]") -> T:
    """What is done at the next bench that is free."""
    bench = benches.get()
    try:
        return do(bench)
    finally:
        benches.put(bench)


@dataclass(frozen=True)
class _Bench:
    """A copy of the tree, with a checkov of its own.

    Args:
        copy: of the tree.
        cache: folder of the product's caches.
        run: runs checkov.
    """

    copy: Path
    cache: Path
    run: Warm

    def failed(self, root: Path) -> Failed:
        """What checkov says of a root as it is."""
        with checkov.start(self.copy / root, cache=self.cache, run=self.run) as scan:
            return frozenset((item.check_id, item.address) for item in scan.findings().failed)

    def noticed(self, mutant: Mutant, before: Mapping[Path, Failed]) -> tuple[str, ...]:
        """The checks that fail on a mutant and did not before; roots after the first that shows any are left out."""
        path = self.copy / mutant.file
        original = path.read_bytes()
        path.write_text(mutant.text, "utf-8")
        try:
            new = (self.failed(root) - before[root] for root in mutant.roots)
            return tuple(sorted({check for check, _ in next(filter(None, new), ())}))
        finally:
            path.write_bytes(original)
