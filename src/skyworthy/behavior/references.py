"""Which resources name another one, and what to say where that is not known."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

from skyworthy.estate import Estate, Reference, Resource, Template, Undecidable, Unknown, Value, leaves, show


def undecided(value: Value, what: str) -> Undecidable:
    """What to raise where something is not plain data: what it is, and why it is not known."""
    if isinstance(value, (Unknown, Reference, Template)):
        cause = value.undecidable()
        return Undecidable(f"{what}: {cause.reason}", denied=cause.denied)
    return Undecidable(f"{what} is {show(value)}")


def naming(estate: Estate, target: Resource, attribute: str, *types: str, implied: bool = True) -> tuple[Resource, ...]:
    """The resources of some types of which an attribute names a resource.

    Args:
        estate: where to look.
        target: what is named.
        attribute: names it.
        types: of the resources.
        implied: whether what AWS puts there counts where the attribute is left out.

    Raises:
        Undecidable: where none is known to name it, and of some it is unknown what they name.
    """
    found: list[Resource] = []
    undecided: Undecidable | None = None
    for resource in estate.of(*types):
        if not implied and resource.blank is None and left_out(resource, attribute):
            continue
        try:
            if any(item is target for item in named(estate, resource.peek(attribute), target.type)):
                found.append(resource)
        except Undecidable as undecidable:
            if _is_about_another(estate, target, resource, attribute):
                continue
            reason = f"{attribute} of {resource.address}: {undecidable.reason}"
            undecided = undecided or Undecidable(reason, denied=undecidable.denied)
    if not found and undecided is not None:
        raise undecided
    return tuple(found)


def _is_about_another(estate: Estate, target: Resource, resource: Resource, attribute: str) -> bool:
    """Whether a resource of which it is not known how many there are names something else, each of them."""
    value = resource.outlined.peek(attribute)
    if not resource.outline or any(isinstance(item, Unknown) for item in leaves(value)):
        return False
    return all(item is not target for item in named(estate, value, target.type))


def named(estate: Estate, value: Value, *types: str) -> tuple[Resource, ...]:
    """The resources that an identifier, or each of a list of them, names; what names nothing here is left out.

    Raises:
        Undecidable: where an identifier is unknown.
    """
    if isinstance(value, Unknown):
        raise value.undecidable()
    items = value if isinstance(value, (list, tuple)) else [value]
    found = (estate.find(item, *types) for item in items)
    return tuple(item for item in found if item is not None)


def blocks(value: Value) -> list[Mapping[str, Value]]:
    """Nested blocks as far as they are known."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, (list, tuple)) else []


def inheriting(database: Resource, attribute: str, estate: Estate) -> Resource | None:
    """Who says an attribute of a database: of a read replica without one of its own the source, else itself.

    None where the source is not part of the estate.

    Raises:
        Undecidable: where the source is not known.
    """
    source = database.attributes.get("replicate_source_db")
    if not source or attribute in database.attributes:
        return database
    return estate.find(source, "aws_db_instance")


def absent(estate: Estate, finding: str, *types: str) -> Undecidable | AssertionError:
    """What to raise where something is not there: a finding, or Undecidable where it may stand in an unread module.

    Args:
        estate: where it was looked for.
        finding: says that it is not there.
        types: of what is sought; a module of which it is known that it makes none of them does not hold it.
    """
    for note in estate.notes:
        of_module = note.address is not None and note.address.rpartition(".")[0].endswith("module")
        module, downloaded, _ = note.message.partition(" is not downloaded")
        if of_module and downloaded and not _is_without(module, types):
            return Undecidable(f"{finding}, unless {module} has it")
    return AssertionError(finding)


def _is_without(module: str, types: tuple[str, ...]) -> bool:
    """Whether an unread module, ``module vpc ("terraform-aws-modules/vpc/aws")``, is known to make no such types."""
    written = module.partition('("')[2].partition('"')[0]
    made = _registry_modules().get("/".join(written.removeprefix("registry.terraform.io/").split("/")[:3]))
    return made is not None and bool(types) and not any(item.startswith(made) for item in types)


@cache
def _registry_modules() -> Mapping[str, tuple[str, ...]]:
    """Sources of modules of the public registry -> how the types begin that they make."""
    text = resources.files("skyworthy.behavior").joinpath("registry_modules.toml").read_text("utf-8")
    return {source: tuple(types) for source, types in tomllib.loads(text).items()}


def task_definition_of(service: Resource, estate: Estate) -> Resource | None:
    """The task definition of a service, also where it is written as family and revision; None: not of this estate.

    Raises:
        Undecidable: where it is not known.
    """
    value = service.peek("task_definition")
    if isinstance(value, Template):
        addresses = {reference.address for reference in value.references}
        found = estate.get(addresses.pop()) if len(addresses) == 1 else None
        if found is not None and found.type == "aws_ecs_task_definition":
            return found
    if isinstance(value, str) and not value.startswith("arn:"):
        value = value.partition(":")[0]
    return estate.find(value, "aws_ecs_task_definition")


def left_out(resource: Resource, *attributes: str) -> bool:
    """Whether none of some attributes is set, so that AWS or Terraform decides: absent, null or empty.

    Raises:
        Undecidable: where they are absent because the resource could not be read.
    """
    values = [resource.attributes.get(name) for name in attributes]
    if any(not (value is None or (isinstance(value, (str, list, tuple, dict)) and not value)) for value in values):
        return False
    if resource.blank is not None and not any(name in resource.attributes for name in attributes):
        raise Undecidable(
            f"{attributes[0]} of {resource.address}: {resource.blank.reason}", denied=resource.blank.denied
        )
    return True


def attached(estate: Estate, target: Resource, attribute: str, *types: str) -> tuple[Resource, ...]:
    """The same as :func:`naming`, where an attribute that is left out names nothing, whatever AWS puts there."""
    return naming(estate, target, attribute, *types, implied=False)
