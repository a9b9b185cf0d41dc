"""What ``skyworthy deploy`` and ``skyworthy rollback`` call beside what every deployment takes.

Sources: the Service Authorization Reference,
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html, and
https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from skyworthy.behavior.deploy_roles import Deployer, Target
from skyworthy.behavior.permissions import Context, arn_of
from skyworthy.behavior.permissions.probes import ACCOUNT, LATER, NOBODYS, REGION
from skyworthy.behavior.tasks import cluster_of
from skyworthy.estate import Estate, Reference, Resource, Template, Value


@dataclass(frozen=True)
class Call:
    """Something that a role is asked for.

    Args:
        action: ``ecs:ListTasks``.
        resource: on which.
        keys: condition keys that are known of the request.
    """

    action: str
    resource: Value = "*"
    keys: dict[str, Value] = field(default_factory=dict)


def unanswered(deployer: Deployer, found: tuple[Target, ...]) -> Iterator[str]:
    """What the commands call and a role may not, a clause for each service that it brings new revisions of.

    Raises:
        Undecidable: where its policies do not tell.
    """
    for target in found:
        if deployer.updates(target) and deployer.registers(target):
            missing = [call.action for call in _calls(deployer, target) if not _may(deployer, call)]
            if missing:
                actions = ", ".join(dict.fromkeys(missing))
                yield f"`skyworthy deploy` and `skyworthy rollback` of {target.service.address} lack {actions}"


def _may(deployer: Deployer, call: Call) -> bool:
    return deployer.may(call.action, call.resource, Context(call.keys, LATER))


def _calls(deployer: Deployer, target: Target) -> Iterator[Call]:
    for repository in target.repositories:
        yield Call("ecr:DescribeImages", arn_of(repository))
        if deployer.pushes(repository):  # as `skyworthy images` does before
            yield Call("ecr:BatchGetImage", arn_of(repository))
            yield Call("ecr:DescribeImageScanFindings", arn_of(repository))
    yield Call("ecs:DescribeTaskDefinition")
    yield Call("ecs:ListTaskDefinitions")
    yield Call("ecs:TagResource", target.revision, {"ecs:CreateAction": "RegisterTaskDefinition"})
    yield from _watching(target.service, deployer.estate)
    if any(block.get("target_group_arn") is not None for block in target.service["load_balancer"] or ()):
        yield Call("elasticloadbalancing:DescribeTargetHealth")


def _watching(service: Resource, estate: Estate) -> Iterator[Call]:
    """Tasks are read in the name of their cluster; IAM knows the list of them by container instances."""
    cluster = cluster_of(service, estate)
    if cluster is None:
        return
    name = cluster.attributes.get("name")
    keys = {"ecs:cluster": arn_of(cluster)}
    for action, kind in (("ecs:ListTasks", "container-instance"), ("ecs:DescribeTasks", "task")):
        place = Reference(cluster.address, "name") if name is None else name
        parts = ("arn:aws:ecs:", REGION, ":", ACCOUNT, f":{kind}/", place, "/", NOBODYS)
        yield Call(action, Template(parts), keys)
