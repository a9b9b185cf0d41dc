"""What a resource holds at most, so that a scenario can say "98 % of its connections"."""

import re
from collections.abc import Callable, Mapping

from skyworthy.behavior.references import inheriting, naming, task_definition_of, undecided
from skyworthy.estate import Estate, Resource, Undecidable, is_known, show

GIB = 1024**3

_GIB_OF_SIZE = {"micro": 1, "small": 2, "medium": 4, "large": 8, "xlarge": 16}
"""Memory of general-purpose database classes (t3, t4g, m5 ... m8g); r classes have twice as much per size.

Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Summary.html
"""


def capacity(name: str, resource: Resource, estate: Estate) -> float:
    """A capacity of a resource.

    Args:
        name: ``storage`` and ``ram`` (bytes), ``connections``, ``cpu`` (units of a task), ``memory`` (MiB of a task).
        resource: a database for the first three, a service for the others.
        estate: where its parameter group and task definition are.

    Raises:
        Undecidable: where it is not known.
    """
    return _CAPACITIES[name](resource, estate)


def _storage(database: Resource, estate: Estate) -> float:
    """A read replica has the storage of its source."""
    return _number(inheriting(database, "allocated_storage", estate) or database, "allocated_storage") * GIB


_BYTES_OF_CONNECTION = {"mysql": 12582880, "mariadb": 12582880, "aurora-mysql": 12582880}
_MOST_CONNECTIONS = 5000
_CLUSTER_GROUP = "aws_rds_cluster_parameter_group"


def _connections(database: Resource, estate: Estate) -> float:
    """The least of memory / 9531392 and 5000 for PostgreSQL, memory / 12582880 for MySQL, unless a group sets it.

    Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html#RDS_Limits.MaxConnections
    """
    instance = _member(database, estate)
    named = (("parameter_group_name", "aws_db_parameter_group"), ("db_parameter_group_name", "aws_db_parameter_group"))
    groups = [estate.find(instance.attributes.get(name), kind) for name, kind in named]
    groups.append(estate.find(database.attributes.get("db_cluster_parameter_group_name"), _CLUSTER_GROUP))
    for group in groups:
        for parameter in (group["parameter"] or []) if group else []:
            value = str(parameter.get("value"))
            if parameter.get("name") == "max_connections" and value.isdigit():
                return float(value)
    engine = str(database.attributes.get("engine"))
    return min(_memory_of_class(instance) / _BYTES_OF_CONNECTION.get(engine, 9531392), _MOST_CONNECTIONS)


def _member(database: Resource, estate: Estate) -> Resource:
    """The instance itself, or of a cluster its first one, which is of the class of the writer."""
    if database.type != "aws_rds_cluster":
        return database
    members = naming(estate, database, "cluster_identifier", "aws_rds_cluster_instance")
    if not members:
        raise Undecidable(f"{database.address} has no instance in this stack")
    return members[0]


def _memory_of_class(database: Resource) -> float:
    name = database["instance_class"]
    match = re.fullmatch(r"db\.(?P<family>[a-z]\d+[a-z]*)\.(?P<times>\d*)(?P<size>[a-z]+)", str(name))
    if match is None or match["size"] not in _GIB_OF_SIZE or match["family"][0] not in "tmr":
        raise Undecidable(f"the memory of {show(name)} of {database.address} is not known")
    factor = 2 if match["family"].startswith("r") else 1
    return _GIB_OF_SIZE[match["size"]] * int(match["times"] or 1) * factor * GIB


def _of_task(attribute: str) -> Callable[[Resource, Estate], float]:
    def read(service: Resource, estate: Estate) -> float:
        definition = task_definition_of(service, estate)
        if definition is None:
            raise Undecidable(f"the task definition of {service.address} is not part of this stack")
        return _number(definition, attribute)

    return read


def _number(resource: Resource, attribute: str) -> float:
    value = resource[attribute]
    if value is None or not is_known(value):
        raise undecided(value, f"{attribute} of {resource.address}")
    return float(value)


_CAPACITIES: Mapping[str, Callable[[Resource, Estate], float]] = {
    "storage": _storage,
    "connections": _connections,
    "ram": lambda database, estate: float(_memory_of_class(_member(database, estate))),
    "cpu": _of_task("cpu"),
    "memory": _of_task("memory"),
}
