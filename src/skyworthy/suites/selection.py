"""Which environments a command is about: from skyworthy.toml, or from any directory of Terraform."""

import os
from pathlib import Path

from skyworthy import declared
from skyworthy.config import BUILT_IN_POLICIES, Environment, Settings, policy_for
from skyworthy.errors import BadInput
from skyworthy.estate import Estate
from skyworthy.results import Suite

REPOSITORY = "repository"
"""What stands for the repository where results name an environment."""
NO_STACK = Estate((), name=REPOSITORY)
"""What the repository's controls have in the place of an estate: they judge no resource."""


def select(settings: Settings, *, terraform: Path | None = None, env: str | None = None) -> tuple[Environment, ...]:
    """The environments meant.

    Args:
        settings: of the directory that the command was started in.
        terraform: a root module, or a tree in which the root modules are found.
        env: the name of one environment, of skyworthy.toml or among the roots found.

    Raises:
        BadInput: nothing is configured and nothing given, or the name or directory does not exist.
    """
    if terraform is None:
        if not settings.environments:
            raise BadInput(
                f"no skyworthy.toml in {settings.directory.resolve()}: name the Terraform to certify with "
                "--terraform DIR (`--terraform .` finds the root modules here), or take it up with `skyworthy init`"
            )
        return (settings.environment(env),) if env else tuple(settings.environments.values())
    found = environments_below(settings, terraform)
    if env is None:
        return found
    named = tuple(item for item in found if item.name == env)
    if not named:
        raise BadInput(f"unknown environment {env!r} in {terraform}; there are: {', '.join(x.name for x in found)}")
    return named


def environments_of(
    suite: Suite, settings: Settings, *, terraform: Path | None = None, env: str | None = None
) -> tuple[Environment, ...]:
    """What a suite judges: the environments meant (see :func:`select`), or the repository, which is one for all."""
    if suite == "repository":
        return (the_repository(settings),)
    return select(settings, terraform=terraform, env=env)


def the_repository(settings: Settings) -> Environment:
    """What stands for the repository in the place of an environment."""
    return Environment(name=REPOSITORY, root=settings.directory)


def environments_below(settings: Settings, directory: Path) -> tuple[Environment, ...]:
    """One environment for each root module in a tree; one that skyworthy.toml describes keeps what it says."""
    if not directory.is_dir():
        raise BadInput(f"{directory}: no such directory")
    roots = declared.find_roots(directory)
    if not roots:
        raise BadInput(f"{directory}: no Terraform root module found: no *.tf files here or below")
    ours = settings.environments.values()
    configured = {root: [item for item in ours if item.root.resolve() == root.resolve()] for root in roots}
    return tuple(item for root in roots for item in configured[root] or [_environment(root, directory, roots)])


def _environment(root: Path, directory: Path, roots: list[Path]) -> Environment:
    names = [item.resolve().name for item in roots]
    own = root.resolve().name
    name = own if names.count(own) == 1 else os.path.relpath(root, directory)
    policy = policy_for(name)
    return Environment(name=name, root=root, policy=BUILT_IN_POLICIES[policy], policy_name=policy)
