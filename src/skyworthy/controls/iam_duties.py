"""Controls of roles that have a job: what they must be allowed for it, and what they need not be."""

from collections.abc import Iterator

from skyworthy.behavior.exec_sessions import recording_needs
from skyworthy.behavior.permissions import PolicyDocument, policies_of, role_may
from skyworthy.behavior.permissions.grants import WRITES, grants_everywhere
from skyworthy.behavior.permissions.statements import POLICY_TYPES, everything, own_documents
from skyworthy.behavior.references import absent
from skyworthy.behavior.secrets import ValueFrom, containers, environment, needs, secret_of
from skyworthy.behavior.service_roles import duties
from skyworthy.behavior.task_roles import role_of
from skyworthy.behavior.tasks import known_task_of
from skyworthy.controls.findings import Findings
from skyworthy.controls.iam import check_needs, handed_role
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Reference, Resource, Value

_SECRET = "aws_secretsmanager_secret"  # noqa: S105 - a type
_WORKERS = ("aws_cloudtrail", "aws_db_instance", "aws_flow_log", "aws_rds_cluster", "aws_rds_cluster_instance")


@control("iam.service-roles-can-work", on=_WORKERS, severity="medium", refs=["REQ REF-1", "REQ REF-15", "REQ LIV-6"])
def service_roles_can_work(user: Resource, estate: Estate) -> None:
    """A role that is handed to an AWS service may do what the service needs it for.

    Why: flow logs, database metrics and trails are missing without a word where their role may not write them.
    Fix: allow the actions of the message on the log group, or attach the policy that AWS manages for the service.
    """
    role = handed_role(user, estate)
    wanted = list(duties(user, estate))
    if wanted and not policies_of(role, estate):
        raise absent(estate, f"{role.address} has no policy: it may do nothing")
    findings = Findings()
    for action, resource in wanted:
        with findings.question():
            decision = role_may(role, action, resource, estate)
            assert decision, f"{role.address} may not {action}: {decision.reason}"
    findings.conclude()


@control("iam.exec-sessions-recordable", on="aws_ecs_service", severity="medium", refs=["REQ REF-5", "REQ LIV-9"])
def exec_sessions_can_be_recorded(service: Resource, estate: Estate) -> None:
    """Where ECS Exec is enabled, the task role may record and decrypt its sessions as the cluster demands.

    Why: where the role may not write the log or decrypt with the key, the session ends before its first line.
    Fix: allow the task role `logs:DescribeLogGroups`, the three stream actions on the log group, and `kms:Decrypt` with
    the key of the cluster's `execute_command_configuration`.
    """
    if not service["enable_execute_command"]:
        not_applicable("ECS Exec is not enabled")
    task = known_task_of(service, estate)
    wanted = list(recording_needs(service, estate))
    role = role_of(task, "task_role_arn", estate) if wanted else None
    if role is None:
        not_applicable("its cluster demands no recording" if not wanted else f"{task.address} has no task role")
        return
    findings = Findings()
    check_needs(role, wanted, estate, findings)
    findings.conclude()


@control(
    "iam.task-role-can-read-secrets",
    on="aws_ecs_task_definition",
    severity="high",
    refs=["REQ SEC-5", "REQ REF-3"],
)
def task_role_reads_the_secrets_it_is_told_of(task: Resource, estate: Estate) -> None:
    """The task role may read the secrets whose ARNs its containers are given.

    Why: an application that is told where its secret is reads it under the task role, at its start.
    Fix: allow the task role `secretsmanager:GetSecretValue` on the secret and `kms:Decrypt` with its key.
    """
    findings = Findings()
    told: dict[str, Resource] = {}
    for definition in containers(task):
        for value in environment(definition).values():
            secret = _told(value, estate)
            if secret is not None:
                told[secret.address] = secret
    if not told:
        not_applicable("no container is told of a secret")
    role = role_of(task, "task_role_arn", estate)
    assert role is not None, f"its containers are told of {', '.join(told)}, and it has no task role to read with"
    for secret in told.values():
        check_needs(
            role, needs(ValueFrom("secretsmanager", Reference(secret.address, "arn")), estate), estate, findings
        )
    findings.conclude()


def _told(value: Value, estate: Estate) -> Resource | None:
    """The secret of the stack of which a plain variable holds the ARN."""
    if isinstance(value, Reference) and value.attribute in ("arn", "id"):
        found = estate.get(value.address)
        return found if found is not None and found.type == _SECRET and not found.data else None
    if isinstance(value, str) and value.startswith("arn:aws") and ":secretsmanager:" in value:
        return secret_of(ValueFrom("secretsmanager", value), estate)
    return None


@control("iam.actions-listed", on=(*POLICY_TYPES, "aws_iam_role"), severity="medium", refs=["REQ IAM-1"])
def policies_list_their_actions(holder: Resource, estate: Estate) -> None:
    """No policy allows every action on what it names.

    Why: to read a thing, to delete it and to open it to others are different permissions, and `*` gives them all.
    Fix: list the actions that are needed.
    """
    findings = Findings()
    for document in _documents(holder, estate):
        for statement in document.statements:
            if statement.effect == "Allow" and everything(statement.actions) and not everything(statement.resources):
                findings.add(f"{document.name_of(statement)} allows every action on what it names")
        with findings.question():
            if document.unknown is not None:
                raise document.unknown.undecidable()
    findings.conclude()


def _documents(holder: Resource, estate: Estate) -> Iterator[PolicyDocument]:
    documents = list(own_documents(holder, estate))
    if not documents:
        not_applicable("it bears no policy")
    yield from documents


@control(
    "iam.writes-name-resources",
    on=(*POLICY_TYPES, "aws_iam_role"),
    severity="low",
    refs=["REQ IAM-1", "CKV_AWS_290", "CKV_AWS_355", "CKV_AWS_356"],
)
def writes_name_their_resources(holder: Resource, estate: Estate) -> None:
    """What a policy lets be written or pulled is named.

    Why: with `*` a role reaches the logs, images, queues and tables of every other application of the account.
    Fix: write the ARNs of what is meant in `Resource`, such as `"${aws_cloudwatch_log_group.app.arn}:*"`.
    """
    findings = Findings()
    for document in _documents(holder, estate):
        with findings.question():
            wide = [action for action in WRITES if grants_everywhere(document, action, estate)]
            assert not wide, f"{document.label} allows {', '.join(wide)} on every resource"
    findings.conclude()
