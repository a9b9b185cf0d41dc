"""Roles of ECS tasks: what the agent and the application may do."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress

from skyworthy.behavior.permissions import Context, role_may
from skyworthy.behavior.permissions.probes import LATER
from skyworthy.behavior.references import left_out
from skyworthy.behavior.secrets import Need, containers, environment, injections, key_needs, needs
from skyworthy.behavior.task_roles import assumable_by_tasks, role_of, start_needs
from skyworthy.behavior.tasks import runs_on_fargate
from skyworthy.controls.findings import Findings
from skyworthy.controls.iam import check_needs
from skyworthy.controls.registry import control, not_applicable
from skyworthy.controls.s3 import key_of
from skyworthy.estate import Estate, Reference, Resource, Template, Undecidable, Value, references, show

_TASK = "aws_ecs_task_definition"


@control(
    "ecs.execution-role-can-read-secrets",
    on=_TASK,
    severity="critical",
    refs=["REQ SEC-3"],
    aliases=("ecs.exec-role-can-read-secret",),
)
def execution_role_can_read_secrets(task: Resource, estate: Estate) -> None:
    """The execution role may read every injected secret and decrypt with its key.

    Why: without the permission no task starts; ECS reports ResourceInitializationError.
    Fix: allow `secretsmanager:GetSecretValue` on the secret and `kms:Decrypt` on its key to the execution role.
    """
    injected = injections(task)
    if not injected:
        not_applicable("it injects no secret")
    role = role_of(task, "execution_role_arn", estate)
    assert role is not None, "it injects secrets and has no execution role"
    findings = Findings()
    for injection in injected:
        with findings.question():
            try:
                source = injection.source
            except ValueError:
                continue  # ecs.secret-value-from-resolves tells it
            check_needs(role, needs(source, estate), estate, findings)
    findings.conclude()


@control("ecs.execution-role-can-start-tasks", on=_TASK, severity="high", refs=["REQ REF-3"])
def execution_role_can_start_tasks(task: Resource, estate: Estate) -> None:
    """On Fargate, the execution role may pull the images from ECR and write to the log groups.

    Why: without the permission no task starts, and the reason stands only in the stopped task.
    Fix: attach AmazonECSTaskExecutionRolePolicy, or allow the same on the repositories and log groups.
    """
    if not runs_on_fargate(task, estate):
        not_applicable("it is not for Fargate: its host pulls images and writes logs")
    needed = list(start_needs(task, estate))
    if not needed:
        not_applicable("it uses neither ECR nor CloudWatch Logs")
    role = role_of(task, "execution_role_arn", estate)
    assert role is not None, "it needs an execution role for ECR or CloudWatch Logs and has none"
    findings = Findings()
    check_needs(role, needed, estate, findings)
    findings.conclude()


_ENCRYPT, _DECRYPT = ("kms:GenerateDataKey", "kms:Decrypt"), ("kms:Decrypt",)
_USES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "aws_sqs_queue": {"sqs:SendMessage": _ENCRYPT, "sqs:ReceiveMessage": ("sqs:DeleteMessage", *_DECRYPT)},
    "aws_sns_topic": {"sns:Publish": _ENCRYPT},
    "aws_dynamodb_table": dict.fromkeys(
        ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:Scan"), ()
    ),
    "aws_kinesis_stream": {
        **dict.fromkeys(("kinesis:PutRecord", "kinesis:PutRecords"), _ENCRYPT[:1]),
        "kinesis:GetRecords": _DECRYPT,
    },
    "aws_s3_bucket": dict.fromkeys(("s3:GetObject", "s3:PutObject", "s3:DeleteObject"), ()),
}
"""Type of what a program can use by AWS's API only -> the actions of which it needs one at least -> what that takes
beside itself, of the resource or of its key.

Sources: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html,
https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html,
https://docs.aws.amazon.com/streams/latest/dev/permissions-user-key-KMS.html
"""
_BUCKET = "aws_s3_bucket"
_OBJECTS = {"s3:PutObject": _ENCRYPT[:1], "s3:GetObject": _DECRYPT}
"""What a role does with objects -> what that takes of the bucket's key.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
"""
_KEYS = {
    "aws_sqs_queue": ("kms_master_key_id", "kms:EncryptionContext:aws:sqs:arn"),
    "aws_sns_topic": ("kms_master_key_id", "kms:EncryptionContext:aws:sns:topicArn"),
    "aws_kinesis_stream": ("kms_key_id", "kms:EncryptionContext:aws:kinesis:arn"),
}
"""Type -> the attribute that names its key, and the encryption context under which the service uses it."""


@control("ecs.task-role-can-use-what-it-names", on=_TASK, severity="high", refs=["REQ REF-3", "REQ IAM-1"])
def task_role_can_use_what_it_names(task: Resource, estate: Estate) -> None:
    """The task role may use the queues, topics, tables and streams that the environment names, and keys of buckets too.

    Why: a program is told of a queue so as to use it; without the permission every call is refused at run time, and a
    message that is received and cannot be deleted comes again and again.
    What is put into a bucket or taken out of it needs the bucket's key.
    Fix: allow the actions to the task role on the ARN of what the variable names, and on its key.
    """
    named = [
        (f"{name} of container {definition.get('name')}", found)
        for definition in containers(task)
        for name, value in environment(definition).items()
        for found in _used(name, value, estate)
    ]
    if not named:
        not_applicable("its environment names no queue, topic, table, stream or bucket of the stack")
    role = role_of(task, "task_role_arn", estate)
    if role is None and all(used.type == _BUCKET for _, used in named):
        not_applicable("it has no task role, and its environment names buckets only")
    assert role is not None, "its environment names what AWS's API is needed for, and it has no task role"
    findings = Findings()
    for variable, used in named:
        if used.type == _BUCKET:
            with findings.question():
                _assert_opens(role, used, variable, estate)
            with findings.question():
                check_needs(role, _for_objects(used, role, estate), estate, findings)
            continue
        with findings.question():
            arn = Reference(used.address, "arn")
            uses = [action for action in _USES[used.type] if role_may(role, action, arn, estate)]
            actions = " or ".join(_USES[used.type])
            assert uses, f"{variable} names {used.address}, and {role.address} may not {actions}"
            check_needs(role, _beside(used, uses, estate), estate, findings)
    findings.conclude()


def _used(name: str, value: Value, estate: Estate) -> Iterator[Resource]:
    """What a variable names that is used by AWS's API: by reference, or by its name where the variable speaks of it."""
    found = [estate.find(reference, *_USES, _BUCKET) for reference in references(value)]
    if isinstance(value, str) and _SPEAKS.search(name):
        found.append(estate.find(value, *_USES))
    if isinstance(value, (str, Template)) and "BUCKET" in name.upper():
        with suppress(Undecidable):
            found.append(estate.find(value, _BUCKET))
    for item in found:
        if item is not None and not item.data:
            yield item


def _assert_opens(role: Resource, bucket: Resource, variable: str, estate: Estate) -> None:
    """Assert that a role may do something with a bucket or its objects, unless browsers are to.

    Raises:
        Undecidable: where another task is told of it too and may: a map of variables may be shared by all services.
    """
    if _OF_BROWSERS.search(variable) or _may_use(role, bucket, estate):
        return
    said = f"{variable} names {bucket.address}, and {role.address} may not {' or '.join((*_OBJECTS, _DELETE))}"
    for task in estate.of(_TASK):
        other = role_of(task, "task_role_arn", estate)
        if other not in (None, role) and _is_told_of(task, bucket, estate) and _may_use(other, bucket, estate):
            raise Undecidable(f"{said}; {other.address} may, and whether the program of the former does is not known")
    raise AssertionError(said)


def _may_use(role: Resource, bucket: Resource, estate: Estate) -> bool:
    arn = Reference(bucket.address, "arn")
    some = Template((arn, "/", LATER))
    objects = any(role_may(role, item, some, estate) for item in (*_OBJECTS, _DELETE))
    return objects or bool(role_may(role, "s3:ListBucket", arn, estate))


def _is_told_of(task: Resource, used: Resource, estate: Estate) -> bool:
    return any(
        used in _used(name, value, estate)
        for definition in containers(task)
        for name, value in environment(definition).items()
    )


_DELETE = "s3:DeleteObject"


_OF_BROWSERS = re.compile(r"PUBLIC|CDN|STATIC|ASSETS|WEBSITE|FRONTEND", re.IGNORECASE)
"""Names of buckets of which a program only tells the address."""


def _for_objects(bucket: Resource, role: Resource, estate: Estate) -> Iterator[Need]:
    """What a role must be allowed of a bucket's key for what it may do with the bucket's objects."""
    key, arn = key_of(bucket, estate), Reference(bucket.address, "arn")
    for action, wanted in _OBJECTS.items() if key is not None else ():
        if role_may(role, action, Template((arn, "/object")), estate):
            yield from key_needs(key, estate, {"kms:EncryptionContext:aws:s3:arn": LATER}, "s3", wanted)


_SPEAKS = re.compile(r"(^|_)(TABLE|DYNAMODB|QUEUE|SQS|TOPIC|SNS|STREAM|KINESIS)(_|$)", re.IGNORECASE)


def _beside(used: Resource, uses: list[str], estate: Estate) -> Iterator[Need]:
    """What the actions that a role has take beside themselves."""
    arn = Reference(used.address, "arn")
    wanted = tuple(dict.fromkeys(item for action in uses for item in _USES[used.type][action]))
    for action in wanted:
        if not action.startswith("kms:"):
            yield Need(action, arn, used.address, Context(otherwise=LATER))
    attribute, context = _KEYS.get(used.type, (None, ""))
    if attribute is not None and not left_out(used, attribute):
        of_key = tuple(action for action in wanted if action.startswith("kms:"))
        yield from key_needs(used.peek(attribute), estate, {context: arn}, used.type.split("_")[1], of_key)


@control("ecs.roles-trust-ecs-tasks", on=_TASK, severity="high", refs=["REQ REF-3", "REQ IAM-1"])
def roles_trust_ecs_tasks(task: Resource, estate: Estate) -> None:
    """ECS may assume the roles of its tasks.

    Why: a role that does not trust ecs-tasks.amazonaws.com cannot be given to a task, and no task starts.
    Fix: allow `sts:AssumeRole` to the service `ecs-tasks.amazonaws.com` in the trust policy.
    """
    findings = Findings()
    for attribute in ("execution_role_arn", "task_role_arn"):
        with findings.question():
            role = role_of(task, attribute, estate)
            if role is not None and not role.data:
                trusted = assumable_by_tasks(role, estate)
                assert trusted, f"{role.address} does not trust ecs-tasks.amazonaws.com"
    findings.conclude()


@control(
    "ecs.task-and-execution-role-differ",
    on=_TASK,
    severity="medium",
    refs=["REQ IAM-1", "CKV_AWS_249"],
    aliases=("ecs.exec-role-differs-from-task-role",),
)
def task_and_execution_role_differ(task: Resource, estate: Estate) -> None:
    """Task role and execution role are different roles.

    Why: the application would be able to do what only the agent needs, such as reading every injected secret.
    Fix: give the task a role of its own in `task_role_arn`.
    """
    task_role, execution_role = task["task_role_arn"], task["execution_role_arn"]
    if not task_role or not execution_role:
        not_applicable("it does not have both roles")
    one, other = estate.find(task_role, "aws_iam_role"), estate.find(execution_role, "aws_iam_role")
    same = one is other if one is not None and other is not None else task_role == execution_role
    assert not same, f"both are {show(task_role) if one is None else one.address}"
