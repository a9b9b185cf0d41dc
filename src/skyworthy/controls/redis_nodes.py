"""The node types of caches."""

from skyworthy.behavior.instance_classes import class_problem
from skyworthy.behavior.references import left_out, undecided
from skyworthy.controls.redis import CLUSTER, GROUP
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Resource, is_known


@control(
    "redis.node-type-offered",
    on=(GROUP, CLUSTER),
    severity="high",
    refs=["REQ REF-14", "REQ REF-15"],
    lenses=("declared",),
)
def node_type_is_offered(cache: Resource) -> None:
    """The node type of a cache is one that AWS offers.

    Why: ElastiCache refuses a type that does not exist, when half of the stack is already made.
    Fix: name a type such as `cache.t4g.micro` or `cache.r7g.large`.
    """
    if left_out(cache, "node_type"):
        not_applicable("it has the node type of the group or global datastore that it belongs to")
    name = cache["node_type"]
    if not is_known(name):
        raise undecided(name, "its node type")
    problem = class_problem(name, "cache")
    assert not problem, problem
