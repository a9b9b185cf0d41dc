"""The static suite on mutants, in process: a copy of the tree a worker, each mutant written into it and taken back."""

import dataclasses
import datetime
import multiprocessing
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from benchmarks.mutation.mutant import Mutant
from skyworthy import declared
from skyworthy.config import WAIVERS_FILE, Environment, Waiver, load_settings, load_waivers
from skyworthy.declared.evaluation.blocks import settle
from skyworthy.declared.evaluation.modules import Module
from skyworthy.declared.evaluation.values import plain
from skyworthy.declared.hcl import Body
from skyworthy.declared.reader import deep_expressions, open_root, read_root
from skyworthy.declared.sources import Loader
from skyworthy.errors import BadInput
from skyworthy.estate import Unknown
from skyworthy.estate.configuration import Configuration
from skyworthy.suites.static import judge_declared
from skyworthy.suites.suite import apply_waivers
from skyworthy.verdicts import Outcome

Status = Literal["noticed", "unknown", "survived", "refused"]
Found = dict[tuple[str, str, str], tuple[Outcome, str]]
"""By environment, control and address: the verdict and its message."""
_RED = frozenset({Outcome.FAIL, Outcome.ERROR})


@dataclass(frozen=True)
class Judged:
    """What the suite says of a mutant.

    Args:
        mutant: which.
        status: noticed where a verdict became *fail* or *error*; unknown where one became *unknown* only; refused
            where the Terraform cannot be read any more, or a validation block of its own refuses it.
        by: controls that notice it (or have become unknown), with one message.
    """

    mutant: Mutant
    status: Status
    by: tuple[str, ...] = ()
    message: str = ""


class _Parsed(Loader):
    """A loader that parses what it has seen before only where the text differs."""

    kept: dict[tuple[Path, bytes], Body]

    def __init__(self, kept: dict[tuple[Path, bytes], Body]) -> None:
        super().__init__()
        self.kept = kept

    def _parse(self, path: Path) -> Body:
        data = path.read_bytes()
        if (path, data) not in self.kept:
            self.kept[path, data] = super()._parse(path)
        return self.kept[path, data]


class Bench:
    """A copy of a repository's Terraform on which mutants are judged.

    Args:
        repository: holds ``skyworthy.toml``, ``waivers.toml`` and the tree.
        tree: directory of the Terraform, relative to it.
        copy: an empty directory.
    """

    def __init__(self, repository: Path, tree: Path, copy: Path) -> None:
        for name in ("skyworthy.toml", WAIVERS_FILE):
            shutil.copyfile(repository / name, copy / name)
        shutil.copytree(repository / tree, copy / tree, ignore=shutil.ignore_patterns(".terraform*"))
        self.tree = copy / tree
        self.environments = tuple(load_settings(copy).environments.values())
        self._today = datetime.datetime.now(datetime.UTC).date()
        self._waivers: tuple[Waiver, ...] = load_waivers(copy / WAIVERS_FILE, self._today)
        self._kept: dict[tuple[Path, bytes], Body] = {}
        self._configurations: dict[str, Configuration] = {}
        self.baseline: Found = {}
        for environment in self.environments:
            self._configurations[environment.name] = declared.configuration(environment.root)
            self.baseline |= self.verdicts(environment, self._configurations[environment.name])
        self._parsed_once = frozenset(self._kept)

    def verdicts(self, environment: Environment, configuration: Configuration) -> Found:
        """Every verdict on an environment as it stands in the copy, under the waivers.

        Raises:
            BadInput: where it cannot be read.
        """
        estate = read_root(environment.root, (), _Parsed(self._kept))
        verdicts = judge_declared(estate, configuration, environment)
        waived = apply_waivers(verdicts, self._waivers, environment.name, self._today)
        return {(environment.name, item.control, item.address): (item.outcome, item.message) for item in waived}

    def judge(self, mutant: Mutant) -> Judged:
        """The suite on one mutant; environments after the first that notices it are not looked at."""
        path = self.tree / mutant.file
        original = path.read_bytes()
        path.write_text(mutant.text, "utf-8")
        try:
            return self._judge(mutant)
        finally:
            path.write_bytes(original)
            for key in self._kept.keys() - self._parsed_once:
                del self._kept[key]

    def _judge(self, mutant: Mutant) -> Judged:
        roots = [self.tree / root for root in mutant.roots]
        undecided: tuple[str, ...] = ()
        message = ""
        refused = 0
        concerned = [item for item in self.environments if item.root in roots]
        for environment in concerned:
            try:
                refused += self._refuses(environment)
                found = self.verdicts(environment, self._configuration(environment, mutant))
            except BadInput as error:
                return Judged(mutant, "refused", message=str(error))
            worse = {key: value for key, value in found.items() if self._worse(key, value[0], _RED)}
            if worse and not refused:
                controls = tuple(dict.fromkeys(control for _, control, _ in worse))
                return Judged(mutant, "noticed", controls, next(iter(worse.values()))[1])
            lost = {key: value for key, value in found.items() if self._worse(key, value[0], {Outcome.UNKNOWN})}
            if lost and not undecided:
                undecided = tuple(dict.fromkeys(control for _, control, _ in lost))
                message = next(iter(lost.values()))[1]
        if refused:
            return Judged(mutant, "refused", message="a validation block of the configuration refuses it")
        return Judged(mutant, "unknown" if undecided else "survived", undecided, message)

    def _worse(self, key: tuple[str, str, str], outcome: Outcome, kinds: Iterable[Outcome]) -> bool:
        before = self.baseline.get(key)
        return outcome in kinds and (before is None or before[0] is not outcome)

    def _configuration(self, environment: Environment, mutant: Mutant) -> Configuration:
        if (self.tree / mutant.file).parent == environment.root:
            return declared.configuration(environment.root)
        return self._configurations[environment.name]

    def _refuses(self, environment: Environment) -> bool:
        """Whether a validation block says no: then neither plan nor apply comes to anything."""
        with deep_expressions(environment.root):
            return any(_invalid(module) for module in _modules(open_root(environment.root, (), _Parsed(self._kept))))


def _modules(module: Module) -> Iterator[Module]:
    yield module
    for call in module.source.of("module"):
        children = module.children(call)
        for _, _, child in () if isinstance(children, Unknown) else children:
            yield from _modules(child)


def _invalid(module: Module) -> bool:
    for variable in module.source.of("variable"):
        for validation in variable.body.of("validation"):
            condition = validation.body.attributes["condition"]
            if plain(settle(condition.expression, condition.text, module.scope)) is False:
                return True
    return False


_bench: Bench


def _start(repository: Path, tree: Path, directories: "multiprocessing.SimpleQueue[str]") -> None:
    global _bench
    _bench = Bench(repository, tree, Path(directories.get()))


def _one(mutant: Mutant) -> Judged:
    judged = _bench.judge(mutant)
    return dataclasses.replace(judged, message=judged.message.replace(f"{_bench.tree}/", ""))


def judge_all(repository: Path, tree: Path, mutants: list[Mutant], workers: int) -> Iterator[Judged]:
    """The suite on every mutant, in their order.

    Args:
        repository: holds settings and waivers.
        tree: directory of the Terraform, relative to it.
        mutants: what to judge.
        workers: processes.
    """
    context = multiprocessing.get_context("spawn")
    with TemporaryDirectory(prefix="mutants-") as folder:
        directories = context.SimpleQueue()
        for number in range(workers):
            copy = Path(folder, str(number))
            copy.mkdir()
            directories.put(str(copy))
        with context.Pool(workers, _start, (repository, tree, directories)) as pool:
            yield from pool.imap(_one, mutants, chunksize=8)
