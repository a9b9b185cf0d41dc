"""The static suite on mutants, in process: a copy of the tree a worker, each mutant written into it and taken back."""

import dataclasses
import datetime
import multiprocessing
import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from benchmarks.mutation.mutant import Mutant
from skyworthy import declared
from skyworthy.config import SETTINGS_FILE, WAIVERS_FILE, Environment, Waiver, load_settings, load_waivers
from skyworthy.declared.evaluation.blocks import settle
from skyworthy.declared.evaluation.modules import Module
from skyworthy.declared.evaluation.values import plain
from skyworthy.declared.hcl import Body
from skyworthy.declared.reader import deep_expressions, open_root, read_root
from skyworthy.declared.sources import Loader
from skyworthy.declared.variables import Inputs
from skyworthy.errors import BadInput
from skyworthy.estate import Estate, Unknown, type_of
from skyworthy.estate.codec import encode_value
from skyworthy.estate.configuration import Configuration
from skyworthy.suites.static import judge_declared
from skyworthy.suites.suite import apply_waivers
from skyworthy.verdicts import Outcome

Status = Literal["noticed", "unknown", "survived", "refused", "same", "equivalent"]
Found = dict[tuple[str, str, str], tuple[Outcome, str]]
"""By environment, control and address: the verdict and its message."""
State = dict[str, Any]
"""By address: lifecycle and values."""
_RED = frozenset({Outcome.FAIL, Outcome.ERROR})


@dataclass(frozen=True)
class Judged:
    """What the suite says of a mutant.

    Args:
        mutant: which.
        status: noticed where a verdict became *fail* or *error*; unknown where one became *unknown* only; refused
            where the Terraform cannot be read any more, or a validation block of its own refuses it; same where every
            resource has the values that it had before; equivalent where ``survivors.toml`` says that it is no defect.
        by: controls that notice it (or have become unknown).
        message: of one of them, or why the Terraform refuses it.
        reason: why it survives, by ``survivors.toml``; empty where nothing says so.
    """

    mutant: Mutant
    status: Status
    by: tuple[str, ...] = ()
    message: str = ""
    reason: str = ""


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
        template = load_settings(repository).env_template
        names = (SETTINGS_FILE, WAIVERS_FILE, *((template.path.relative_to(repository),) if template else ()))
        for name in names:
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(repository / name, copy / name)
        shutil.copytree(repository / tree, copy / tree, ignore=shutil.ignore_patterns(".terraform*"))
        self.tree = copy / tree
        settings = load_settings(copy)
        self.environments = tuple(settings.environments.values())
        self._deploy = settings.deploy
        self._today = datetime.datetime.now(datetime.UTC).date()
        self._waivers: tuple[Waiver, ...] = load_waivers(copy / WAIVERS_FILE, self._today)
        self._kept: dict[tuple[Path, bytes], Body] = {}
        self._configurations: dict[str, Configuration] = {}
        self._refusals: dict[str, frozenset[tuple[str, str]]] = {}
        self._states: dict[str, State] = {}
        self.baseline: Found = {}
        for environment in self.environments:
            self._configurations[environment.name] = declared.configuration(environment.root, beside=environment.beside)
            estate = self._read(environment)
            self._states[environment.name] = _state(estate)
            self.baseline |= self.verdicts(environment, estate, self._configurations[environment.name])
            self._refusals[environment.name] = self._refused(environment)
        self._parsed_once = frozenset(self._kept)

    def _read(self, environment: Environment) -> Estate:
        return read_root(environment.root, Inputs(), _Parsed(self._kept))

    def verdicts(self, environment: Environment, estate: Estate, configuration: Configuration) -> Found:
        """Every verdict on an environment, under the waivers."""
        verdicts = judge_declared(estate, configuration, environment, self._deploy)
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
        concerned = [item for item in self.environments if item.root in [self.tree / root for root in mutant.roots]]
        lost: Found = {}
        changed = False
        for environment in concerned:
            try:
                if mutant.supplies and self._refuses(environment):
                    return Judged(mutant, "refused", message="a validation block of the configuration refuses it")
                estate = self._read(environment)
                found = self.verdicts(environment, estate, self._configuration(environment, mutant))
            except BadInput as error:
                return Judged(mutant, "refused", message=str(error))
            worse = self._new(found, _RED)
            if worse:
                return _by(mutant, "noticed", worse)
            lost |= self._new(found, frozenset({Outcome.UNKNOWN}))
            changed = changed or _state(estate) != self._states[environment.name]
        if not changed:
            return Judged(mutant, "same")
        return _by(mutant, "unknown" if lost else "survived", lost)

    def _new(self, found: Found, outcomes: frozenset[Outcome]) -> Found:
        """The verdicts of some outcomes that were others before."""
        before = {key for key, value in self.baseline.items() if value[0] in outcomes}
        return {key: value for key, value in found.items() if value[0] in outcomes and key not in before}

    def _configuration(self, environment: Environment, mutant: Mutant) -> Configuration:
        if (self.tree / mutant.file).parent == environment.root:
            return declared.configuration(environment.root, beside=environment.beside)
        return self._configurations[environment.name]

    def _refuses(self, environment: Environment) -> bool:
        """Whether a validation block says no that said yes before: then neither plan nor apply comes to anything."""
        return not self._refused(environment) <= self._refusals[environment.name]

    def _refused(self, environment: Environment) -> frozenset[tuple[str, str]]:
        with deep_expressions(environment.root):
            modules = _modules(open_root(environment.root, Inputs(), _Parsed(self._kept)))
            return frozenset((module.path, condition) for module in modules for condition in _invalid(module))


def _by(mutant: Mutant, status: Status, found: Found) -> Judged:
    controls = tuple(dict.fromkeys(control for _, control, _ in found))
    return Judged(mutant, status, controls, next((message for _, message in found.values()), ""))


def _state(estate: Estate) -> State:
    """What an estate says in the end: an attribute that has its default says nothing."""
    return {
        resource.address: (
            encode_value(resource.lifecycle),
            {
                name: encode_value(value)
                for name, value in resource.attributes.items()
                if isinstance(value, Unknown)
                or encode_value(value) != encode_value(type_of(resource.type).default(name))
            },
        )
        for resource in estate
    }


def _modules(module: Module) -> Iterator[Module]:
    yield module
    for call in module.source.of("module"):
        children = module.children(call)
        for _, _, child in () if isinstance(children, Unknown) else children:
            yield from _modules(child)


def _invalid(module: Module) -> Iterator[str]:
    """The conditions of validation blocks that are false."""
    for variable in module.source.of("variable"):
        for validation in variable.body.of("validation"):
            condition = validation.body.attributes["condition"]
            if plain(settle(condition.expression, condition.text, module.scope)) is False:
                yield condition.text


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
        # Not a multiprocessing.Pool: that starts workers whose beginning fails anew, for ever.
        with ProcessPoolExecutor(workers, context, _start, (repository, tree, directories)) as pool:
            yield from pool.map(_one, mutants, chunksize=8)
