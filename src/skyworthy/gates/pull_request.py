"""The gate of a pull request: old debt does not block it, new debt does."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from skyworthy.behavior.cost import Estimate, estimate
from skyworthy.config import Environment, Settings, beside_each_other, load_settings
from skyworthy.errors import BadInput
from skyworthy.gates.comparison import Comparison, compare
from skyworthy.gates.revision import Revision
from skyworthy.results import SuiteResult
from skyworthy.suites.catalogue import SUITES
from skyworthy.suites.options import Options
from skyworthy.suites.repository import At, judge_repository
from skyworthy.suites.selection import the_repository
from skyworthy.suites.stage import Stage
from skyworthy.verdicts import Verdict, is_red


@dataclass(frozen=True)
class Base:
    """What an environment was before the change.

    Attributes:
        verdicts: of the suites that the gate runs; empty where it could not be judged.
        cost: what it costs; None where it could not be read.
        note: why it could not, for people; empty where it was.
    """

    verdicts: tuple[Verdict, ...]
    cost: Estimate | None = None
    note: str = ""


def judge_base(settings: Settings, environment: Environment, directory: Path, options: Options) -> Base:
    """Judge an environment as another revision has it.

    A base that has no such environment, or one that cannot be read, excuses nothing: all findings are new then.

    Args:
        settings: of what is checked out; the gate's suites and the cache are taken from it.
        environment: as it is checked out.
        directory: the other revision's files.
        options: as for what is checked out.
    """
    try:
        theirs = settings_at(settings, directory)
        before = same_environment(settings, environment, theirs, directory)
        # The cache is shared: what did not change is neither read nor given to checkov a second time.
        shared = dataclasses.replace(theirs, cache_directory=settings.cache)
        with Stage(shared, before, options) as stage:
            results = [SUITES[name].run(stage) for name in _static_only(settings)]
            cost = estimate(stage.declared, before.usage)
    except BadInput as error:
        return Base((), note=f"the base cannot be judged, so every finding counts as new: {error}")
    return Base(tuple(item for result in results for item in result.verdicts), cost)


def judge_base_repository(settings: Settings, base: Revision, options: Options) -> Base:
    """Judge the repository as another revision has it; see :func:`judge_base`."""
    try:
        theirs = dataclasses.replace(settings_at(settings, base.directory), cache_directory=settings.cache)
        with Stage(theirs, the_repository(theirs), options) as stage:
            result = judge_repository(stage, At(settings.directory, base.commit))
    except BadInput as error:
        return Base((), note=f"the base cannot be judged, so every finding counts as new: {error}")
    return Base(result.verdicts)


def against(settings: Settings, results: list[SuiteResult], base: Base) -> Comparison:
    """What an environment's results say that its base did not."""
    gate = settings.gates["pr"]
    verdicts = [item for result in results for item in result.verdicts]
    return compare(verdicts, base.verdicts, lambda item: is_red(item, gate))


def settings_at(settings: Settings, directory: Path) -> Settings:
    """The settings of another revision; where it has none, those of today: to take skyworthy up makes nothing worse.

    Args:
        settings: of what is checked out.
        directory: the other revision's files.
    """
    theirs = load_settings(directory)
    if theirs.environments:
        return theirs
    here = settings.directory.resolve()
    roots = {name: each.root.resolve() for name, each in settings.environments.items()}
    then = {name: directory / root.relative_to(here) for name, root in roots.items() if root.is_relative_to(here)}
    there = (
        dataclasses.replace(settings.environments[name], root=root) for name, root in then.items() if root.is_dir()
    )
    environments = {item.name: item for item in beside_each_other(there)}
    return dataclasses.replace(settings, directory=directory, environments=environments)


def same_environment(settings: Settings, environment: Environment, theirs: Settings, directory: Path) -> Environment:
    """An environment as another revision has it.

    Args:
        settings: of what is checked out.
        environment: one of its environments, or a root module that was named by hand.
        theirs: the other revision's settings.
        directory: its files.

    Raises:
        BadInput: it has no such environment.
    """
    if environment.name in theirs.environments:
        before = theirs.environments[environment.name]
        ours = settings.environments.get(environment.name, environment)  # what is more, came on the command line
        variables = {name: text for name, text in environment.variables.items() if ours.variables.get(name) != text}
        return dataclasses.replace(
            before,
            var_files=(*before.var_files, *environment.var_files[len(ours.var_files) :]),
            variables={**before.variables, **variables},
            workspace=environment.workspace if environment.workspace != ours.workspace else before.workspace,
        )
    root, here = environment.root.resolve(), settings.directory.resolve()
    if not root.is_relative_to(here):
        raise BadInput(f"{environment.root} lies outside of the repository")
    inside = root.relative_to(here)
    files = [directory / inside, *(directory / inside / name for name in environment.var_files)]
    if environment.name in settings.environments or not all(path.exists() for path in files):
        raise BadInput(f"it has no environment {environment.name}")
    others = (path.resolve() for path in environment.beside)
    beside = tuple(directory / path.relative_to(here) for path in others if path.is_relative_to(here))
    return dataclasses.replace(environment, root=directory / inside, beside=tuple(filter(Path.is_dir, beside)))


def _static_only(settings: Settings) -> list[str]:
    """The suites that can judge files that are not deployed."""
    return [name for name in settings.gates["pr"].suites if name == "static"]
