"""ECS Exec."""

from collections.abc import Mapping
from typing import Any

from skyworthy.behavior.permissions import role_may
from skyworthy.behavior.secrets import containers
from skyworthy.behavior.task_roles import EXEC_ACTIONS, role_of
from skyworthy.behavior.tasks import cluster_of, known_task_of, writable_paths
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Reference, Resource, Template, Unknown, Value, show

_SERVICE = "aws_ecs_service"


@control("ecs.exec-usable", on=_SERVICE, severity="medium", refs=["REQ REF-5"])
def exec_sessions_open(service: Resource, estate: Estate) -> None:
    """Where ECS Exec is enabled, the task role may open its sessions, and the agent can write its files.

    Why: the flag alone opens no session; that comes out when somebody needs one.
    Fix: allow the four `ssmmessages:` channel actions to the task role; with a read-only root file system, mount
    volumes at /var/lib/amazon and /var/log/amazon.
    """
    if not service["enable_execute_command"]:
        not_applicable("ECS Exec is not enabled")
    task = known_task_of(service, estate)
    role = role_of(task, "task_role_arn", estate)
    assert role is not None, f"ECS Exec is enabled and {task.address} has no task role"
    findings = Findings()
    refused: dict[str, list[str]] = {}
    for action in EXEC_ACTIONS:
        with findings.question():
            decision = role_may(role, action, "*", estate)
            if not decision:
                refused.setdefault(decision.reason, []).append(action)
    for reason, actions in refused.items():
        findings.add(f"{role.address} may not {', '.join(actions)}: {reason}")
    for definition in containers(task):
        with findings.question():
            for path in _closed(definition):
                findings.add(f"the agent cannot write {path} in container {definition.get('name')}")
    findings.conclude()


_AGENT = ("/var/lib/amazon", "/var/log/amazon")
"""Where the agent behind ECS Exec writes. Source: the considerations in
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html"""


def _closed(definition: Mapping[str, Any]) -> list[str]:
    """Where the agent cannot write."""
    readonly = definition.get("readonlyRootFilesystem")
    if isinstance(readonly, Unknown):
        raise readonly.undecidable()
    if not readonly:
        return []
    open_ = [path.rstrip("/") for path in writable_paths(definition)]
    return [path for path in _AGENT if not any(f"{path}/".startswith(f"{other}/") for other in open_)]


@control("ecs.exec-enabled", on=_SERVICE, severity="low", refs=["REQ REF-5", "REQ SMO-4"])
def exec_is_enabled(service: Resource, estate: Estate) -> None:
    """In a cluster that is prepared for ECS Exec, every service can be entered.

    Why: it is switched on for new tasks only, and an incident is the wrong time to replace them.
    Fix: set `enable_execute_command = true`.
    """
    if service["enable_execute_command"]:
        return
    cluster = cluster_of(service, estate)
    settings = {} if cluster is None or cluster.data else _settings(cluster)
    if not settings or settings.get("logging") == "NONE":
        not_applicable("its cluster is not prepared for ECS Exec")
    raise AssertionError(f"ECS Exec is off, and {cluster.address if cluster else ''} is prepared for it")


def _settings(cluster: Resource) -> Mapping[str, Value]:
    """What a cluster says about ECS Exec."""
    blocks: Value = cluster.block("configuration").get("execute_command_configuration")
    if isinstance(blocks, Unknown):
        raise blocks.undecidable()
    return blocks[0] if blocks else {}


@control(
    "ecs.exec-logging",
    on="aws_ecs_cluster",
    severity="medium",
    refs=["REQ REF-5", "CKV_AWS_223", "CKV_AWS_224"],
)
def exec_sessions_are_recorded(cluster: Resource, estate: Estate) -> None:
    """What is typed in ECS Exec is recorded, encrypted, in a place that exists.

    Why: whoever enters a running task sees its secrets; without a record nobody knows who did what.
    Fix: `logging = "OVERRIDE"` with a `log_configuration` that names a log group or bucket, and a `kms_key_id`.
    """
    users = [item for item in estate.of(_SERVICE) if item.peek("enable_execute_command") is True]
    settings = _settings(cluster)
    logging = settings.get("logging") or "DEFAULT"
    if isinstance(logging, (Unknown, Reference, Template)):
        raise logging.undecidable()
    unprepared = not settings or logging == "NONE"
    if unprepared and not any(cluster_of(item, estate) is cluster for item in users):
        not_applicable("ECS Exec is not used in it")
    assert logging != "NONE", "its sessions are not recorded"
    target = next(iter(settings.get("log_configuration") or ()), None)
    if logging == "DEFAULT":
        assert not target, "logging is DEFAULT, so that its log_configuration is not followed"
        return
    assert target, "logging is OVERRIDE, and it has no log_configuration"
    _assert_recorded(settings, target, estate)


def _assert_recorded(settings: Mapping[str, Value], target: Mapping[str, Value], estate: Estate) -> None:
    group, bucket = target.get("cloud_watch_log_group_name"), target.get("s3_bucket_name")
    assert group is not None or bucket is not None, "its log_configuration names neither log group nor bucket"
    findings = Findings()
    if group is not None:
        with findings.question():
            found = estate.find(group, "aws_cloudwatch_log_group")
            assert found is not None, f"its sessions go to log group {show(group)}, which is not part of this stack"
            encrypted = target.get("cloud_watch_encryption_enabled")
            assert encrypted or found.peek("kms_key_id") is None, (
                f"{found.address} is encrypted, and cloud_watch_encryption_enabled is not on"
            )
    key = settings.get("kms_key_id")
    with findings.question():
        other = estate.get(key.address) if isinstance(key, Reference) else None
        assert other is None or other.type.startswith("aws_kms_"), f"kms_key_id is {show(key)}, which is not a key"
    findings.conclude()
