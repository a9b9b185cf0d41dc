"""The catalogue of controls: registration, validation of their metadata, and look-up."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args

Severity = Literal["critical", "high", "medium", "low"]
Lens = Literal["declared", "observed", "smoke", "repository", "waivers"]

STACK = "stack"
"""What a control is on that judges the stack as a whole: its address is this word."""

ANY = "*"
"""What a control is on that is asked of every declared resource, whatever its type and whether it was found or not."""

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\.[a-z0-9]+(-[a-z0-9]+)*")
_REF = re.compile(r"REQ [A-Z]{3}-\d+|FSBP [A-Za-z][A-Za-z0-9]*\.\d+|CIS \d+(\.\d+)+|CKV2?_[A-Z]+_\d+")
_ARGUMENTS = (
    "estate",
    "policy",
    "inventory",
    "env_template",
    "usage",
    "configuration",
    "regions",
    "running",
    "declared",
    "deploy",
    "now",
    "state",
    "repository",
)
"""What a control may ask for by name: the estate; the environment's Policy and inventory minimums; the EnvTemplate of
the application or None; what is assumed of its use (see ``behavior.cost``); the settings of deployments; for the
declared lens the root module's Configuration and the estate's Regions; for the smoke lens the service's running copy;
for the observed lens the estate of the code, the time, and what the account holds of the state's bucket and lock
table; for the repository lens the Repository."""


@dataclass(frozen=True)
class Control:
    """One rule of the catalogue.

    Args:
        id: ``service.rule``, kebab case; never reused for another rule.
        on: the Terraform types whose resources it judges, or ``(STACK,)`` or ``(ANY,)``.
        severity: how bad a violation is.
        refs: ids it answers to: ``REQ DAT-1``, ``FSBP RDS.3``, ``CIS 2.3.1``, ``CKV_AWS_16``.
        lenses: the sides it can judge.
        aliases: other names of it: ids it had before, and what lists of controls call it.
        function: asserts what must hold of ``resource`` (first argument, absent for STACK), and may ask for more
            by name, see ``_ARGUMENTS``.
        title: first line of the docstring.
        why: the reason, from the docstring.
        fix: the remedy, from the docstring.
        arguments: the extra arguments that the function asks for.
    """

    id: str
    on: tuple[str, ...]
    severity: Severity
    refs: tuple[str, ...]
    lenses: tuple[Lens, ...]
    aliases: tuple[str, ...]
    function: Callable[..., None]
    title: str
    why: str
    fix: str
    arguments: tuple[str, ...]

    @property
    def area(self) -> str:
        """The part of the id before the dot, ``ecs``; the module of the control is ``ecs``, or ``ecs_`` and a topic."""
        return self.id.partition(".")[0]

    @property
    def names(self) -> tuple[str, ...]:
        """Its id and its aliases."""
        return (self.id, *self.aliases)

    @property
    def requirements(self) -> tuple[str, ...]:
        """The requirement ids among the refs, ``DAT-1``."""
        return tuple(ref.removeprefix("REQ ") for ref in self.refs if ref.startswith("REQ "))


class NotApplicable(Exception):
    """Raised by a control that has nothing to judge in a resource; the reason is the message."""


def not_applicable(reason: str) -> None:
    """End a control with the verdict *not applicable*."""
    raise NotApplicable(reason)


_registered: dict[str, Control] = {}


def control(
    id: str,
    *,
    on: str | tuple[str, ...],
    severity: Severity,
    refs: Iterable[str],
    lenses: tuple[Lens, ...] = ("declared", "observed"),
    aliases: tuple[str, ...] = (),
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function as a control; see :class:`Control` for the arguments.

    The docstring is its documentation: a title that ends with a full stop, then paragraphs ``Why: ...`` and
    ``Fix: ...``.

    Raises:
        ValueError: where the metadata are incomplete or malformed, or the id is taken.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        title, why, fix = _documentation(id, function)
        parameters = tuple(inspect.signature(function).parameters)
        extra = parameters if on == STACK else parameters[1:]  # the first is the resource, whatever it is called
        names = tuple(name for name in extra if name in _ARGUMENTS)
        made = Control(
            id=id,
            on=(on,) if isinstance(on, str) else tuple(on),
            severity=severity,
            refs=tuple(refs),
            lenses=lenses,
            aliases=aliases,
            function=function,
            title=title,
            why=why,
            fix=fix,
            arguments=names,
        )
        _validate(made)
        _registered[id] = made
        return function

    return register


def _documentation(id: str, function: Callable[..., None]) -> tuple[str, str, str]:
    paragraphs = [" ".join(part.split()) for part in (inspect.getdoc(function) or "").split("\n\n")]
    labelled = " ".join(paragraphs[1:])
    match = re.fullmatch(r"Why: (?P<why>.+?) Fix: (?P<fix>.+)", labelled)
    if not paragraphs[0].endswith(".") or match is None:
        raise ValueError(f"control {id}: the docstring must be a title sentence, then 'Why: ...' and 'Fix: ...'")
    return paragraphs[0], match["why"], match["fix"]


def _validate(made: Control) -> None:
    problems = []
    if not all(_ID.fullmatch(name) for name in made.names):
        problems.append("the id must be service.rule in kebab case, and so must its aliases")
    taken = {name for other in _registered.values() for name in other.names}
    problems += [f"{name} is taken" for name in made.names if name in taken]
    if made.severity not in get_args(Severity):
        problems.append(f"severity {made.severity!r} is none of {', '.join(get_args(Severity))}")
    if not made.requirements:
        problems.append("refs must name a requirement (REQ ...)")
    problems += [f"ref {ref!r} has no known form" for ref in made.refs if not _REF.fullmatch(ref)]
    if not made.on or not made.lenses:
        problems.append("it judges nothing")
    if problems:
        raise ValueError(f"control {made.id}: {'; '.join(problems)}")


@cache
def catalogue() -> tuple[Control, ...]:
    """Every control, sorted by id. Imports all modules of this package."""
    package = importlib.import_module("skyworthy.controls")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"skyworthy.controls.{module.name}")
    return tuple(sorted(_registered.values(), key=lambda item: item.id))


def find_control(id: str) -> Control | None:
    """The control of an id or alias."""
    return next((item for item in catalogue() if id in item.names), None)


def arguments_for(made: Control, available: Mapping[str, Any]) -> dict[str, Any]:
    """The extra arguments that a control asks for, picked from what is available."""
    return {name: available[name] for name in made.arguments}
