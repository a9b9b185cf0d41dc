"""Roles of ECS tasks: what the agent and the application may do."""

from skyworthy.behavior.secrets import injections, may_fetch, needs
from skyworthy.behavior.task_roles import assumable_by_tasks, role_of, start_needs
from skyworthy.behavior.tasks import runs_on_fargate
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource, show

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
            for need in needs(source, estate):
                with findings.question():
                    decision = may_fetch(role, need, estate)
                    assert decision, f"{role.address} may not {need.action} on {need.target}: {decision.reason}"
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
    for need in needed:
        with findings.question():
            decision = may_fetch(role, need, estate)
            assert decision, f"{role.address} may not {need.action} on {need.target}: {decision.reason}"
    findings.conclude()


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
