"""What the task role must be allowed so that sessions of ECS Exec are encrypted and recorded as the cluster says.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
"""

from collections.abc import Iterator, Mapping
from typing import Any

from skyworthy.behavior.permissions import Context, arn_of
from skyworthy.behavior.permissions.probes import ACCOUNT, LATER, REGION
from skyworthy.behavior.secrets import Need, key_of
from skyworthy.behavior.tasks import cluster_of
from skyworthy.estate import Estate, Reference, Resource, Template, Unknown, Value


def recording_needs(service: Resource, estate: Estate) -> Iterator[Need]:
    """What the task role of a service needs beside the session channels.

    Raises:
        Undecidable: where the cluster's configuration is not known.
    """
    cluster = cluster_of(service, estate)
    if cluster is None or cluster.data:
        return
    settings = _first(cluster.block("configuration"), "execute_command_configuration")
    key_id = _known(settings.get("kms_key_id"))
    if key_id:
        key = key_of(key_id, estate)
        target = str(key_id) if key is None else key.address
        yield _need("kms:Decrypt", key_id if key is None else arn_of(key), target)
    if _known(settings.get("logging")) != "OVERRIDE":
        return
    targets = _first(settings, "log_configuration")
    group = _known(targets.get("cloud_watch_log_group_name"))
    if group:
        yield from _group_needs(group, estate)
    bucket = _known(targets.get("s3_bucket_name"))
    if bucket:
        found = estate.find(bucket, "aws_s3_bucket")
        arn: Value = Template(("arn:aws:s3:::", bucket)) if found is None else arn_of(found)
        label = f"the bucket {bucket}" if found is None else found.address
        yield _need("s3:PutObject", Template((arn, "/", str(_known(targets.get("s3_key_prefix")) or "session"))), label)


def _group_needs(group: Value, estate: Estate) -> Iterator[Need]:
    found = estate.find(group, "aws_cloudwatch_log_group")
    label = f"the log group {group}" if found is None else found.address
    arn: Value = (
        Template(("arn:aws:logs:", REGION, ":", ACCOUNT, ":log-group:", group)) if found is None else arn_of(found)
    )
    if isinstance(arn, str):
        arn = arn.removesuffix(":*")
    yield _need("logs:DescribeLogGroups", "*", "the log groups")
    for action in ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"):
        yield _need(action, Template((arn, ":log-stream:session")), label)


def _need(action: str, resource: Value, target: str) -> Need:
    return Need(action, resource, target, Context(otherwise=LATER))


def _first(block: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The first nested block of a name, an empty one where there is none."""
    value = _known(block.get(name))
    first = _known(value[0] if isinstance(value, (list, tuple)) and value else value)
    return first if isinstance(first, Mapping) else {}


def _known(value: Value) -> Any:
    if isinstance(value, Unknown):
        raise value.undecidable()
    return value if not isinstance(value, Reference) or value.address else None
