"""The repository suite: what is asked of the repository as such, once for all environments."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from skyworthy import declared
from skyworthy.config import Environment, Settings
from skyworthy.controls import catalogue
from skyworthy.errors import BadInput
from skyworthy.estate import Estate, Undecidable
from skyworthy.repository import Repository
from skyworthy.repository.credentials import ALLOWED_FILE, load_allowed
from skyworthy.results import SuiteResult
from skyworthy.suites.options import Options, Progress
from skyworthy.suites.selection import NO_STACK
from skyworthy.suites.stage import Stage
from skyworthy.suites.suite import finish, stopwatch
from skyworthy.verdicts import Verdict, cases, judge


@dataclass(frozen=True)
class At:
    """Another revision of the repository.

    Args:
        directory: the checkout that knows it.
        commit: which.
    """

    directory: Path
    commit: str


def run(stage: Stage) -> SuiteResult:
    """Judge the repository in which skyworthy.toml stands.

    Raises:
        BadInput: allowed-credentials.toml is malformed.
    """
    return judge_repository(stage)


def judge_repository(stage: Stage, at: At | None = None) -> SuiteResult:
    """The verdicts of the repository's controls.

    Args:
        stage: of the environment that stands for the repository.
        at: the revision whose files lie in the stage's directory, where that is no checkout.

    Raises:
        BadInput: allowed-credentials.toml is malformed.
    """
    with stopwatch() as seconds:
        repository = repository_of(stage.settings, stage.options, at)
        load_allowed(repository.directory / ALLOWED_FILE)  # what is wrong with it is no finding
        stage.options.progress("judging documents, workflows, scripts and variables")
        verdicts = [
            _legible(
                judge(
                    case.control,
                    None,
                    NO_STACK,
                    stage.environment.policy,
                    root=stage.environment.name,
                    lens="repository",
                    repository=repository,
                )
            )
            for case in cases(catalogue(), NO_STACK, "repository")
        ]
        return finish("repository", stage, verdicts, seconds())


def _legible(verdict: Verdict) -> Verdict:
    """A verdict whose message can be written anywhere: names of files may be no text."""
    return replace(verdict, message=verdict.message.encode("utf-8", "backslashreplace").decode())


def repository_of(settings: Settings, options: Options, at: At | None = None) -> Repository:
    """The repository of a directory of settings."""
    contexts = [image.context for image in settings.deploy.images.values()]
    launched = [item.directory for item in settings.launch.stand_ins.values()]
    return Repository(
        settings.directory,
        settings.cache,
        env_template=settings.env_template,
        sources=tuple(sorted({Path(name).as_posix() for name in (*contexts, *launched)})),
        estates=lambda: _estates(settings, options.progress),
        git_directory=at.directory if at else None,
        revision=at.commit if at else "",
        progress=options.progress,
    )


def _estates(settings: Settings, progress: Progress) -> Mapping[str, Estate]:
    found = {}
    for name, environment in settings.environments.items():
        progress(f"reading {environment.root}")
        found[name] = _declared(settings, environment)
    return found


def _declared(settings: Settings, environment: Environment) -> Estate:
    try:
        return declared.read(environment.root, declared.inputs_of(environment), cache=settings.cache)
    except BadInput as error:
        raise Undecidable(str(error)) from error
