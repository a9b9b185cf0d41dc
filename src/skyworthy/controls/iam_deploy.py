"""Controls of the roles that pipelines assume."""

from skyworthy.behavior.deploy_calls import unanswered
from skyworthy.behavior.deploy_roles import Deployer, assumed_by_pipelines, excess, shortcomings, targets
from skyworthy.behavior.permissions import policies_of
from skyworthy.behavior.references import absent
from skyworthy.config.deploy import DeploySettings
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource


def _deployer(role: Resource, estate: Estate) -> Deployer:
    if not assumed_by_pipelines(role, estate):
        not_applicable("no pipeline assumes it")
    return Deployer(role, estate)


@control("iam.deploy-role-can-deploy", on="aws_iam_role", severity="high", refs=["REQ REF-3", "REQ OPS-7", "REQ OPS-4"])
def deploy_role_can_deploy(role: Resource, estate: Estate, deploy: DeploySettings) -> None:
    """A role that pipelines assume may do the whole of the deployments that it may do in part.

    Why: a push without login, a new revision whose roles may not be passed, a service that may not be updated: the
    pipeline stops in the middle, and only when it is needed.
    Fix: allow `ecr:GetAuthorizationToken` and the push actions on the repositories of its services,
    `ecs:RegisterTaskDefinition`, `iam:PassRole` of the execution and task role, `ecs:DescribeServices` and
    `ecs:UpdateService`; where `[deploy.images]` stands in skyworthy.toml also what the message says that
    `skyworthy deploy` calls.
    """
    deployer = _deployer(role, estate)
    if not policies_of(role, estate):
        raise absent(estate, "no policy is attached to it: it may do nothing")
    found = targets(estate)
    if not found:
        not_applicable("the stack has no service with a task definition of its own")
    if deployer.builds_infrastructure():
        not_applicable("it builds infrastructure")
    problems = [*shortcomings(deployer, found), *(unanswered(deployer, found) if deploy.images else ())]
    assert not problems, "; ".join(problems)


@control("iam.deploy-role-scoped", on="aws_iam_role", severity="medium", refs=["REQ IAM-1", "REQ REF-3"])
def deploy_role_is_scoped(role: Resource, estate: Estate) -> None:
    """A role that pipelines assume reaches the repositories, services and roles that it deploys, and no others.

    Why: whoever may change a workflow of one repository would replace the images of every other team, or start a task
    under the most powerful role.
    Fix: name repositories, services and roles in `Resource`.
    """
    deployer = _deployer(role, estate)
    if deployer.builds_infrastructure():
        not_applicable("it builds infrastructure")
    findings = Findings()
    with findings.question():
        for problem in excess(deployer):
            findings.add(problem)
    findings.conclude()
