"""Which environments a command is about: from skyworthy.toml, or from any directory of Terraform."""

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path

from skyworthy import declared
from skyworthy.config import BUILT_IN_POLICIES, Environment, Settings, beside_each_other, policy_for
from skyworthy.errors import BadInput
from skyworthy.estate import Estate
from skyworthy.results import Suite

REPOSITORY = "repository"
"""What stands for the repository where results name an environment."""
NO_STACK = Estate((), name=REPOSITORY)
"""What the repository's controls have in the place of an estate: they judge no resource."""


def select(
    settings: Settings,
    *,
    terraform: Path | None = None,
    env: str | None = None,
    var_files: Sequence[Path] = (),
    workspace: str = "",
) -> tuple[Environment, ...]:
    """The environments meant.

    Args:
        settings: of the directory that the command was started in.
        terraform: a root module, or a tree in which the root modules are found.
        env: the name of one environment, of skyworthy.toml or among the roots found.
        var_files: tfvars files that will be given to each. In a tree none are looked for then, and their names too say
            which policy is meant.
        workspace: in which each will be read; its name says so, too.

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
    found = environments_below(settings, terraform, look=not var_files)
    named = tuple(item for item in found if env in (None, item.name))
    if not named:
        raise BadInput(f"unknown environment {env!r} in {terraform}; there are: {', '.join(x.name for x in found)}")
    told = [policy for name in (workspace, *(path.name for path in var_files)) if (policy := _told_by(name))]
    described = tuple(settings.environments.values())
    return tuple(item if item in described else _judged_by(item, told) for item in named)


def _told_by(name: str) -> str:
    policy = policy_for(name)
    return "" if policy == "baseline" else policy


def _judged_by(environment: Environment, told: Sequence[str]) -> Environment:
    """By the policy that its own name calls for, else by the first of those that something else tells."""
    policy = _told_by(environment.name) or next(iter(told), environment.policy_name)
    return dataclasses.replace(environment, policy=BUILT_IN_POLICIES[policy], policy_name=policy)


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


def environments_below(settings: Settings, directory: Path, *, look: bool = True) -> tuple[Environment, ...]:
    """One environment for each root module in a tree, and for each set of values that one of them is applied with.

    Args:
        settings: a root that they describe keeps what they say.
        directory: a root module, or a tree that holds some.
        look: for tfvars files that Terraform does not load by itself, see :func:`skyworthy.declared.variable_sets`.

    Raises:
        BadInput: there is no root module, or one does not parse.
    """
    if not directory.is_dir():
        raise BadInput(f"{directory}: no such directory")
    roots = declared.find_roots(directory)
    if not roots:
        raise BadInput(f"{directory}: no Terraform root module found: no *.tf files here or below")
    ours = settings.environments.values()
    configured = {root: [item for item in ours if item.root.resolve() == root.resolve()] for root in roots}
    return tuple(
        beside_each_other(
            item for root in roots for item in configured[root] or _environments(root, directory, roots, look)
        )
    )


def _environments(root: Path, directory: Path, roots: list[Path], look: bool) -> list[Environment]:
    names = [item.resolve().name for item in roots]
    own = root.resolve().name
    name = own if names.count(own) == 1 else os.path.relpath(root, directory)
    sets = declared.variable_sets(root) if look else {}
    if not sets:
        return [_environment(name, root)]
    below = "" if len(roots) == 1 else f"{name}/"
    asked = declared.asks_for_workspace(root)
    return [
        dataclasses.replace(
            _environment(below + each, root, files),
            var_files=tuple(os.path.relpath(path, root) for path in files),
            workspace=each if asked else "",
        )
        for each, files in sets.items()
    ]


def _environment(name: str, root: Path, var_files: Sequence[Path] = ()) -> Environment:
    """An environment by the policy that its name calls for, else by what the code calls itself."""
    policy = _told_by(name) or policy_for(declared.calls_itself(root, var_files))
    return Environment(name=name, root=root, policy=BUILT_IN_POLICIES[policy], policy_name=policy)
