"""What a report shows of an environment beside its verdicts."""

from collections.abc import Iterator, Mapping

from skyworthy.config import Environment
from skyworthy.estate import Estate, Resource, Unknown, Value, show


def declared_facts(estate: Estate, environment: Environment) -> dict[str, str]:
    """URL, cluster, database, cache and images of an estate; what is not there is left out."""
    facts = {
        "url": environment.url,
        "region": ", ".join(environment.regions) or environment.region,
        "cluster": _joined(_text(item, "name") for item in _of(estate, "aws_ecs_cluster")),
        "database": _joined(_engine(item, "instance_class") for item in _of(estate, "aws_db_instance")),
        "cache": _joined(_engine(item, "node_type") for item in _of(estate, "aws_elasticache_replication_group")),
        "images": _joined(_images(estate)),
    }
    return {name: value for name, value in facts.items() if value}


def _of(estate: Estate, type: str) -> list[Resource]:
    """The resources of a type that there are to show; what could not be listed is no fact, and nothing is decided."""
    return [resource for resource in estate if resource.type == type and not resource.data]


def _joined(texts: Iterator[str]) -> str:
    return ", ".join(sorted({text for text in texts if text}))


def _text(resource: Resource, name: str) -> str:
    value = resource.peek(name)
    return "" if value is None or isinstance(value, Unknown) else show(value)


def _engine(resource: Resource, size: str) -> str:
    return " ".join(text for text in (_text(resource, name) for name in ("engine", "engine_version", size)) if text)


def _images(estate: Estate) -> Iterator[str]:
    for task in _of(estate, "aws_ecs_task_definition"):
        containers: Value = task.peek("container_definitions")
        for container in containers if isinstance(containers, list) else ():
            if isinstance(container, Mapping) and container.get("image") is not None:
                yield f"{show(container.get('name'))}={show(container['image'])}"
