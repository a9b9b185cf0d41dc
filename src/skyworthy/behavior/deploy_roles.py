"""Roles that pipelines assume to bring new versions into ECS: who assumes them, and what a deployment needs.

Sources: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html,
https://github.com/aws-actions/amazon-ecs-deploy-task-definition#permissions,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/security_iam_id-based-policy-examples.html
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from skyworthy.behavior.images import repository_of
from skyworthy.behavior.permissions import Context, PolicyDocument, arn_of, may, policies_of, role_may, trust_of
from skyworthy.behavior.permissions.memory import remembered
from skyworthy.behavior.permissions.probes import ACCOUNT, ANY_ROLE, LATER, REGION, probe
from skyworthy.behavior.secrets import containers
from skyworthy.behavior.task_roles import role_of
from skyworthy.behavior.tasks import task_of
from skyworthy.estate import Estate, Reference, Resource, Template, Unknown, Value

PIPELINES = (
    "token.actions.githubusercontent.com",
    "gitlab.com",
    "api.bitbucket.org",
    "oidc.circleci.com",
    "vstoken.dev.azure.com",
    "agent.buildkite.com",
)
"""Hosts of the identity providers that sign the tokens of pipelines."""

_PUSH = ("ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload", "ecr:PutImage")
_PUSH_NEEDS = ("ecr:BatchCheckLayerAvailability", *_PUSH)
_UPDATE = "ecs:UpdateService"
_REGISTER = "ecs:RegisterTaskDefinition"
_LOGIN = "ecr:GetAuthorizationToken"
_BEYOND = ("ec2:CreateVpc", "iam:CreateRole", "iam:PutRolePolicy", "rds:CreateDBInstance")
"""Who may do this builds the infrastructure itself, which takes far more than a deployment."""
_STARTS = (
    "ecs:RunTask",
    "ecs:StartTask",
    "codedeploy:CreateDeployment",
    "events:PutTargets",
    "scheduler:CreateSchedule",
)
"""Other ways to run a task definition than updating a service."""
_PASS = Context({"iam:PassedToService": "ecs-tasks.amazonaws.com", "iam:AssociatedResourceArn": None}, LATER)


def assumed_by_pipelines(role: Resource, estate: Estate) -> bool:
    """Whether a role's trust policy names the identity provider of a pipeline.

    Raises:
        Undecidable: where the trust policy is not known.
    """
    trust = trust_of(role, estate)
    for statement in trust.statements:
        for provider in (statement.principals or {}).get("Federated", ()):
            if any(host in _url(provider, estate) for host in PIPELINES):
                return True
    if trust.unknown is not None:
        raise trust.unknown.undecidable()
    return False


def _url(provider: Value, estate: Estate) -> str:
    if isinstance(provider, Unknown):
        raise provider.undecidable()
    found = estate.get(provider.address) if isinstance(provider, Reference) else None
    url = found.peek("url") if found is not None else provider
    if isinstance(url, Unknown):
        raise url.undecidable()
    return str(url)


@dataclass(frozen=True)
class Target:
    """A service that could be deployed.

    Args:
        service: an ``aws_ecs_service``.
        task: its task definition.
        repositories: the repositories of the stack that its containers run images of.
    """

    service: Resource
    task: Resource
    repositories: tuple[Resource, ...]

    @property
    def revision(self) -> Template:
        """The ARN of a revision of its task definition."""
        family = self.task.attributes.get("family")
        named = Reference(self.task.address, "family") if family is None else family
        return Template(("arn:aws:ecs:", REGION, ":", ACCOUNT, ":task-definition/", named, ":1"))


def targets(estate: Estate) -> tuple[Target, ...]:
    """The services of an estate whose task definition and images are part of it.

    Raises:
        Undecidable: where it is not known what a service runs.
    """
    return remembered(estate, "deployment targets", lambda: tuple(_targets(estate)))


def _targets(estate: Estate) -> Iterator[Target]:
    for service in estate.of("aws_ecs_service"):
        task = task_of(service, estate)
        if task is None:
            continue
        found = [repository_of(item.get("image"), estate) for item in containers(task)]
        repositories = {item.address: item for item in found if isinstance(item, Resource)}
        yield Target(service, task, tuple(repositories.values()))


@dataclass
class Deployer:
    """What a role may do of a deployment.

    Args:
        role: an ``aws_iam_role`` that a pipeline assumes.
        estate: the stack that it deploys.
    """

    role: Resource
    estate: Estate
    _asked: dict[tuple[str, str], bool] = field(default_factory=dict)

    def may(self, action: str, resource: Value = "*", context: Context | None = None) -> bool:
        """Whether the role may do something; asked once.

        Raises:
            Undecidable: where that is not known.
        """
        key = (action, str(resource))
        if key not in self._asked:
            self._asked[key] = role_may(self.role, action, resource, self.estate, context).allowed
        return self._asked[key]

    def builds_infrastructure(self) -> bool:
        """Whether it may make roles, networks or databases: then it is meant for more than deployments."""
        return any(self.may(action, ANY_ROLE if action.startswith("iam:") else "*") for action in _BEYOND)

    def deploys(self) -> bool:
        """Whether it may change what runs: push an image, update a service, or build infrastructure."""
        found = targets(self.estate)
        pushes = any(self.pushes(item) for target in found for item in target.repositories)
        return pushes or any(self.updates(target) for target in found) or self.builds_infrastructure()

    def registers(self, target: Target) -> bool:
        """Whether it may register a new revision of a target's task definition."""
        return self.may(_REGISTER, target.revision)

    def passes(self, role: Resource) -> bool:
        """Whether it may hand a role to the tasks of ECS."""
        return self.may("iam:PassRole", arn_of(role), _PASS)

    def pushes(self, repository: Resource) -> bool:
        """Whether it may do anything of a push to a repository."""
        return any(self.may(action, arn_of(repository)) for action in _PUSH)

    def updates(self, target: Target) -> bool:
        """Whether it may update a target's service."""
        return self.may(_UPDATE, arn_of(target.service))

    def starts_otherwise(self) -> bool:
        """Whether it may run task definitions in another way than by updating a service, wherever that is.

        Raises:
            Undecidable: where its policies do not tell.
        """
        allowing = tuple(_everywhere(item) for item in policies_of(self.role, self.estate))
        context = Context(otherwise=LATER)
        return any(may(allowing, action, "*", context, estate=self.estate).allowed for action in _STARTS)


def _everywhere(policy: PolicyDocument) -> PolicyDocument:
    """What a policy allows, as if it allowed it on everything."""
    allowing = tuple(
        replace(item, resources=None, not_resources=None) for item in policy.statements if item.effect == "Allow"
    )
    return replace(policy, statements=allowing)


def shortcomings(deployer: Deployer, found: tuple[Target, ...]) -> Iterator[str]:
    """What keeps a role from the deployments that it is meant for, a clause each.

    It is meant for what it may do in part: pushing to a repository, updating a service, registering task definitions.

    Raises:
        Undecidable: where its policies do not tell.
    """
    updated = [target for target in found if deployer.updates(target)]
    pushed = {item.address: item for target in found for item in target.repositories if deployer.pushes(item)}
    yield from _pushing(deployer, found, pushed)
    for target in updated:
        if not deployer.may("ecs:DescribeServices", arn_of(target.service)):
            yield f"it may update {target.service.address} and not follow it (ecs:DescribeServices)"
        if pushed and target.repositories and not any(item.address in pushed for item in target.repositories):
            yield f"it may update {target.service.address} and not push to {target.repositories[0].address}"
        yield from _revising(deployer, target)
    if (
        not updated
        and found
        and any(deployer.registers(target) for target in found)
        and not deployer.starts_otherwise()
    ):
        yield "it may register task definitions and update no service of the stack"
    for target in found if updated else ():
        if target not in updated and any(item.address in pushed for item in target.repositories):
            yield f"it may push the images of {target.service.address} and not update it (ecs:UpdateService)"


def _pushing(deployer: Deployer, found: tuple[Target, ...], pushed: dict[str, Resource]) -> Iterator[str]:
    login = deployer.may(_LOGIN)
    for repository in pushed.values():
        missing = [action for action in _PUSH_NEEDS if not deployer.may(action, arn_of(repository))]
        missing += [] if login else [_LOGIN]
        if missing:
            yield f"to push to {repository.address} it may not {', '.join(missing)}"
    repositories = [item for target in found for item in target.repositories]
    if login and repositories and not pushed:
        pulls = any(deployer.may("ecr:BatchGetImage", arn_of(item)) for item in repositories)
        if not pulls:
            yield "it may log in to the registry and neither push to nor pull from a repository of the stack"


def _revising(deployer: Deployer, target: Target) -> Iterator[str]:
    """Registering a task definition and passing its roles go together."""
    roles = [role_of(target.task, name, deployer.estate) for name in ("execution_role_arn", "task_role_arn")]
    own = [role for role in roles if role is not None and not role.data]
    if deployer.registers(target):
        for role in own:
            if not deployer.passes(role):
                yield f"it may register task definitions and not pass {role.address} to them (iam:PassRole)"
    elif any(deployer.passes(role) for role in own) and not deployer.starts_otherwise():
        yield f"it may pass the roles of {target.task.address} and register no task definition ({_REGISTER})"


def excess(deployer: Deployer) -> Iterator[str]:
    """What a role may do beyond the repositories, services and roles that anybody named, a clause each.

    Raises:
        Undecidable: where its policies do not tell.
    """
    if deployer.may("ecr:PutImage", probe("ecr", "repository/")):
        yield "it may push to every repository of the account (ecr:PutImage)"
    if deployer.may(_UPDATE, probe("ecs", "service/", "/service")):
        yield "it may update every service of the account (ecs:UpdateService)"
    if deployer.may("iam:PassRole", ANY_ROLE, _PASS):
        yield "it may pass every role of the account to a task (iam:PassRole)"
