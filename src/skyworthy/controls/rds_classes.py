"""The instance classes of databases."""

from skyworthy.behavior.instance_classes import class_problem
from skyworthy.behavior.references import left_out, undecided
from skyworthy.controls.rds import CLUSTER, INSTANCE, MEMBER
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Resource, is_known


@control(
    "rds.instance-class-offered",
    on=(INSTANCE, CLUSTER, MEMBER),
    severity="high",
    refs=["REQ REF-14", "REQ REF-15"],
    lenses=("declared",),
)
def instance_class_is_offered(database: Resource) -> None:
    """The instance class of a database is one that AWS offers for its engine.

    Why: RDS refuses a class that does not exist, or not for this engine, when half of the stack is already made.
    Fix: name a class of the engine, such as `db.t4g.micro`; Aurora begins with `db.t4g.medium`.
    """
    whole = database.type == CLUSTER  # of which the members have one class, other than Aurora's
    attribute = "db_cluster_instance_class" if whole else "instance_class"
    if left_out(database, attribute):
        not_applicable("it has no instance class of its own")
    name = database[attribute]
    if not is_known(name):
        raise undecided(name, "its instance class")
    engine = database.attributes.get("engine")
    problem = class_problem(name, "cluster" if whole else "database", engine if isinstance(engine, str) else "")
    assert not problem, problem
