"""Comparing a declared resource with its observed counterpart.

Compared is what both sides know: what stands in the code or follows from the provider's defaults, with what the account
tells. What Terraform is told to leave alone (``ignore_changes``), what deployments give (``deployments.py``), what AWS
chooses where the code does not, and what AWS changes by itself within the bounds that the code sets, is no drift.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from skyworthy.behavior.drift import plain
from skyworthy.behavior.drift.deployments import REPLACES, belongs_to_deployments, undeployed
from skyworthy.behavior.drift.differences import Difference, Told
from skyworthy.behavior.drift.resolving import Resolver
from skyworthy.behavior.drift.rules import rules
from skyworthy.behavior.drift.values import Comparer, Place, flat
from skyworthy.behavior.tasks import scaling_target
from skyworthy.config.deploy import DeploySettings
from skyworthy.estate import Estate, Resource, Undecidable, Unknown, Value, type_of

_ITEM = re.compile(r"\[[^\]]*\]")
_DEPLOYED = DeploySettings()


@dataclass(frozen=True)
class Comparison:
    """A declared resource beside the observed one.

    Args:
        declared: the resource in the code.
        differences: what is not as the code says.
        compared: number of attributes that both sides know.
        blanks: places in the code of which the account, or the code, does not tell the value.
        refused: why a part could not be read, where the account refused to tell.
    """

    declared: Resource
    differences: tuple[Difference, ...] = ()
    compared: int = 0
    blanks: tuple[str, ...] = ()
    refused: Unknown | None = None

    def __str__(self) -> str:
        return "; ".join(map(str, self.differences))


def compare(
    resource: Resource, declared: Estate, observed: Estate, deploy: DeploySettings = _DEPLOYED
) -> Comparison | None:
    """Compare a declared resource with its counterpart in the account.

    Args:
        resource: of the declared estate.
        declared: the estate of the code.
        observed: the estate of the account, at the addresses of the code.
        deploy: what deployments give.

    Returns:
        None where there is no counterpart, or nothing of it could be read.
    """
    there = observed.get(resource.address)
    if there is None or not there.attributes:
        return None
    comparer = Comparer(Resolver(declared, observed))
    deployed = belongs_to_deployments(resource, declared)
    ignored = _ignored(resource, deployed)
    told, compared = Told(), 0
    for name, value in there.attributes.items():
        if not _asked(resource, name) or name in ignored or "all" in ignored:
            continue
        wanted, label = _wanted(resource, name), "tags" if name == "tags_all" else name
        if isinstance(value, Unknown) or isinstance(wanted, Unknown):
            told.blanks += [label] if name in resource.attributes and not plain.is_empty(wanted) else []
        elif value is not None or name in resource.attributes:
            compared += 1
            value = _without_aws_tags(value) if name == "tags_all" else value
            if deployed and name == "container_definitions":
                wanted, value = undeployed(wanted, deploy), undeployed(value, deploy)
            place = Place(resource.type, (name,), label, name if name in type_of(resource.type).json else "")
            told.add(comparer.compare(place, wanted, value))
    kept = [item for item in told.differences if not _is_ignored(item, ignored)]
    kept = [item for item in kept if not _is_moved(item, resource, there, declared)]
    unread = [name for name in resource.attributes if name not in there.attributes and _says_something(resource, name)]
    return Comparison(
        resource, tuple(kept), compared, tuple(sorted({*told.blanks, *unread})), _refused(resource, there)
    )


def _refused(resource: Resource, there: Resource) -> Unknown | None:
    """Why an attribute that the code has a value for could not be read, where the account refused to tell."""
    for name, value in there.attributes.items():
        if isinstance(value, Unknown) and value.denied and not isinstance(resource.peek(name), Unknown):
            return value
    return None


def _wanted(resource: Resource, name: str) -> Value:
    """What the code, the provider or AWS sets."""
    value = resource.peek(name)
    return rules().chosen.get(f"{resource.type}.{name}") if value is None else value


def _asked(resource: Resource, name: str) -> bool:
    """Whether an attribute is compared at all."""
    full = f"{resource.type}.{name}"
    if full in rules().left_out:
        return False
    if name == "tags":  # they are among tags_all
        return "tags_all" not in resource.attributes
    if name in resource.attributes or full in rules().none:
        return True
    kind = type_of(resource.type)
    return name not in kind.blocks and kind.defaults.get(name) != []  # other resources may hold the items


def _says_something(resource: Resource, name: str) -> bool:
    return _asked(resource, name) and not plain.is_empty(resource.attributes[name])


def _without_aws_tags(tags: Value) -> Value:
    """The tags without those that AWS adds, whose prefix is reserved."""
    if not isinstance(tags, Mapping):
        return tags
    return {key: value for key, value in tags.items() if not str(key).lower().startswith("aws:")}


def _ignored(resource: Resource, deployed: bool) -> frozenset[str]:
    """The places that Terraform leaves alone, or leaves to deployments."""
    names = set(flat(resource.ignored))
    names |= {f"tags_all{name.removeprefix('tags')}" for name in names if name.partition(".")[0] == "tags"}
    return frozenset(names | {f"tags.{REPLACES}"} if deployed else names)


def _is_ignored(difference: Difference, ignored: frozenset[str]) -> bool:
    path = _ITEM.sub("", difference.path)
    return any(path == name or path.startswith(f"{name}.") for name in ignored)


def _is_moved(difference: Difference, resource: Resource, there: Resource, declared: Estate) -> bool:
    """Whether AWS changed it by itself within the bounds that the code sets."""
    if (resource.type, difference.path) == ("aws_ecs_service", "desired_count"):
        return _scaled(resource, there.peek("desired_count"), declared)
    if (resource.type, difference.path) == ("aws_db_instance", "allocated_storage"):
        return _between(
            there, "allocated_storage", resource.peek("allocated_storage"), "max_allocated_storage", resource
        )
    if difference.path == "engine_version":
        return _newer(resource, there.peek("engine_version"))
    return False


def _scaled(service: Resource, count: Value, declared: Estate) -> bool:
    """Whether autoscaling may have set a number of tasks."""
    try:
        target = scaling_target(service, declared)
        return target is not None and target["min_capacity"] <= count <= target["max_capacity"]
    except (Undecidable, TypeError):
        return True


def _between(there: Resource, name: str, least: Value, most: str, resource: Resource) -> bool:
    value, highest = there.peek(name), resource.peek(most)
    numbers = all(isinstance(item, (int, float)) for item in (value, least, highest))
    return numbers and least <= value <= highest


def _newer(resource: Resource, version: Value) -> bool:
    """Whether a version fits the one in the code: ``17`` is any 17.x, and minor upgrades may have gone beyond 17.2."""
    wanted = resource.peek("engine_version")
    if not (isinstance(wanted, str) and isinstance(version, str)):
        return False
    ours, theirs = (re.findall(r"\d+", text) for text in (wanted, version))
    if theirs[: len(ours)] == ours:
        return True
    upgrades = resource.peek("auto_minor_version_upgrade") is True
    return upgrades and ours[:1] == theirs[:1] and list(map(int, theirs)) > list(map(int, ours))
