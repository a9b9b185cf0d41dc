"""Controls of IAM policies and roles."""

import re
from collections.abc import Iterable, Iterator

from skyworthy.behavior.deploy_roles import Deployer
from skyworthy.behavior.permissions import (
    Context,
    Policies,
    PolicyDocument,
    Principal,
    arn_of,
    boundary_of,
    default_key_policy,
    may,
    policies_of,
    role_may,
)
from skyworthy.behavior.permissions.memory import remembered
from skyworthy.behavior.permissions.oidc import environments_admitted, holes, open_repository, trusts_github
from skyworthy.behavior.permissions.probes import (
    ANY_KEY,
    ANY_PARAMETER,
    ANY_ROLE,
    ANY_SECRET,
    DIRECT,
    LATER,
    probe,
)
from skyworthy.behavior.permissions.reach import within_reach
from skyworthy.behavior.permissions.statements import ATTACHMENT_TYPES, POLICY_TYPES, attached_arns, own_documents
from skyworthy.behavior.secrets import Need, injections, key_of, may_fetch, secret_of
from skyworthy.behavior.service_roles import SERVICES, trusts_service
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import NotApplicable, control, not_applicable
from skyworthy.controls.terraform import environment_in
from skyworthy.estate import Estate, Resource, Undecidable, Unknown, Value, show

_READ = "secretsmanager:GetSecretValue"
_SECRET = "aws_secretsmanager_secret"  # noqa: S105 - a type
_SERVICE_WILDCARD = re.compile(r"(?!ssmmessages:|ec2messages:)[a-z0-9-]+:\*", re.IGNORECASE)
"""A whole service, but for those whose few actions open channels of a session and know no resources."""
_HOLDERS = (*POLICY_TYPES, "aws_iam_role", *ATTACHMENT_TYPES)


@control(
    "iam.no-star-star-policies",
    on=_HOLDERS,
    severity="critical",
    refs=["REQ IAM-1", "FSBP IAM.1", "CIS 1.16", "CKV_AWS_62", "CKV_AWS_1"],
)
def nobody_may_do_everything(holder: Resource, estate: Estate) -> None:
    """No policy allows every action on every resource.

    Why: whoever gets hold of such a role, user or key owns the account.
    Fix: list the actions that are needed, on the resources that are meant.
    """
    findings = Findings()
    asked = False
    for document in own_documents(holder, estate):
        asked = True
        with findings.question():
            assert not _allows_everything(document, estate), f"{document.label} allows every action on every resource"
    for arn in attached_arns(holder):
        asked = True
        with findings.question():
            if isinstance(arn, Unknown):
                raise arn.undecidable()
            administrator = str(arn).endswith(":iam::aws:policy/AdministratorAccess")
            assert not administrator, "it attaches AdministratorAccess, which allows every action on every resource"
    if not asked:
        not_applicable("it bears no policy")
    findings.conclude()


def _allows_everything(document: PolicyDocument, estate: Estate) -> bool:
    probes = (("skyworthy-probe:Do", probe("skyworthy-probe", "thing/")), ("iam:CreateUser", ANY_ROLE))
    return all(_allows(document, action, resource, estate) for action, resource in probes)


def _allows(
    document: PolicyDocument, action: str, resource: Value, estate: Estate, context: Context | None = None
) -> bool:
    return may(
        Policies(identity=(document,)), action, resource, context or Context(otherwise=LATER), estate=estate
    ).allowed


@control(
    "iam.no-service-wildcards",
    on=(*POLICY_TYPES, "aws_iam_role"),
    severity="low",
    refs=["REQ IAM-1", "FSBP IAM.21", "CKV_AWS_355", "CKV2_AWS_40", "CKV_AWS_356"],
)
def no_whole_services(holder: Resource, estate: Estate) -> None:
    """No policy allows all actions of a service.

    Why: they take in deletion, changes of the resource's own policy, and what the service gains later.
    Fix: list the actions that are needed, `s3:GetObject` and `s3:PutObject` in the place of `s3:*`.
    """
    documents = list(own_documents(holder, estate))
    if not documents:
        not_applicable("it bears no policy")
    findings = Findings()
    for document in documents:
        with findings.question():
            for action, everywhere in _whole_services(document):
                findings.add(f"{document.label} allows {action}{' on every resource' if everywhere else ''}")
            if document.unknown is not None:
                raise document.unknown.undecidable()
    findings.conclude()


def _whole_services(document: PolicyDocument) -> Iterator[tuple[str, bool]]:
    """The actions that stand for a whole service, each with whether it is allowed on every resource."""
    for statement in document.statements:
        everywhere = any(isinstance(item, str) and item == "*" for item in statement.resources or ())
        if statement.effect == "Allow" and not statement.conditions:
            for action in statement.actions or ():
                if isinstance(action, str) and _SERVICE_WILDCARD.fullmatch(action):
                    yield action, everywhere


@control("iam.pass-role-scoped", on=(*POLICY_TYPES, "aws_iam_role"), severity="high", refs=["REQ IAM-1", "REQ REF-3"])
def pass_role_is_scoped(holder: Resource, estate: Estate) -> None:
    """Nobody may pass every role to every service.

    Why: who may pass any role starts a task with the most powerful one and acts through it.
    Fix: name the roles in `Resource`, or the service in a condition on `iam:PassedToService`.
    """
    documents = list(own_documents(holder, estate))
    if not documents:
        not_applicable("it bears no policy")
    context = Context(
        {"iam:PassedToService": "skyworthy-probe.amazonaws.com", "iam:AssociatedResourceArn": None}, LATER
    )
    findings = Findings()
    for document in documents:
        with findings.question():
            wide = _allows(document, "iam:PassRole", ANY_ROLE, estate, context)
            assert not wide, f"{document.label} allows iam:PassRole on every role"
    findings.conclude()


@control(
    "iam.github-oidc-trust-scoped",
    on="aws_iam_role",
    severity="critical",
    refs=["REQ IAM-1", "REQ REF-3", "CKV_AWS_358", "CKV_AWS_393"],
)
def github_trust_is_scoped(role: Resource, estate: Estate) -> None:
    """A role that GitHub Actions assume trusts one repository, the right audience and environment, not all branches.

    Why: with a loose subject, any repository on GitHub can ask for a token that the role accepts; with
    `repo:acme/app:*`, whoever may push a branch or open a pull request deploys what nobody has reviewed.
    Fix: check `token.actions.githubusercontent.com:aud` and `:sub` with the repository written out, and its branch or
    environment: `repo:acme/app:environment:production`.
    """
    provider = trusts_github(role, estate)
    if provider is None:
        not_applicable("it does not trust GitHub")
    problems = list(holes(role, provider, estate))
    assert not problems, "; ".join(problems)
    own = environment_in(show(role.peek("name")))
    others = [name for name in environments_admitted(role, estate) if own and environment_in(name) not in ("", own)]
    assert not others, f"it is called {show(role.peek('name'))}, and the environment {others[0]} may assume it"
    repository = open_repository(role, provider, estate)
    loose = bool(repository) and Deployer(role, estate).deploys()
    assert not loose, f"it deploys, and any branch and pull request of {repository} may assume it"


def handed_role(user: Resource, estate: Estate) -> Resource:
    """The role that a resource hands to its AWS service.

    Raises:
        NotApplicable: it hands none, or one of another stack.
    """
    attribute, _ = SERVICES[user.type]
    unset = attribute not in user.attributes and user.blank is None
    value = None if unset else user[attribute]
    if value is None or (isinstance(value, str) and not value):
        raise NotApplicable(f"it names no role in {attribute}")
    role = estate.find(value, "aws_iam_role")
    if role is None or role.data:
        raise NotApplicable(f"the role in {attribute} is not part of this stack")
    return role


def check_needs(role: Resource, wanted: Iterable[Need], estate: Estate, findings: Findings) -> None:
    """Ask of each need whether a role may do what it takes; what it may not is a finding."""
    for need in wanted:
        with findings.question():
            decision = may_fetch(role, need, estate)
            assert decision, f"{role.address} may not {need.action} on {need.target}: {decision.reason}"


@control("iam.service-roles-trusted", on=tuple(SERVICES), severity="high", refs=["REQ IAM-1", "REQ LIV-6"])
def service_roles_trust_their_service(user: Resource, estate: Estate) -> None:
    """A role that is handed to an AWS service trusts that service.

    Why: with any other principal AWS refuses the role, or the service writes nothing and says so nowhere.
    Fix: allow `sts:AssumeRole` to the service of the message in the role's trust policy.
    """
    role = handed_role(user, estate)
    service = SERVICES[user.type][1]
    assert trusts_service(role, user, estate), f"{role.address} does not trust {service}"


@control("iam.execution-role-least-secrets", on="aws_iam_role", severity="high", refs=["REQ SEC-3", "REQ REF-3"])
def execution_role_reads_only_what_it_injects(role: Resource, estate: Estate) -> None:
    """The execution role reads the secrets that its tasks inject, and nothing else of the kind.

    Why: every secret that it may read can be put into a container by whoever may register a task definition.
    Fix: name the secret and its key in `Resource`, and allow nothing but reading.
    """
    tasks = remembered(estate, "execution roles", lambda: _tasks_by_role(estate)).get(role.address, [])
    if not tasks:
        not_applicable("no task definition has it as execution role")
    findings = Findings()
    with findings.question():
        policies = Policies(
            identity=tuple(policies_of(role, estate)), boundary=boundary_of(role, estate), resource=default_key_policy()
        )
        wide = may(policies, "kms:Decrypt", ANY_KEY, DIRECT, principal=Principal(arn_of(role)), estate=estate)
        assert not wide, "it may kms:Decrypt with every key"
    for action, resource, what in ((_READ, ANY_SECRET, "secret"), ("ssm:GetParameters", ANY_PARAMETER, "parameter")):
        with findings.question():
            assert not role_may(role, action, resource, estate, DIRECT), f"it may {action} on every {what}"
    if not findings:
        for action, item, what in _foreign(role, tasks, estate):
            with findings.question():
                may_do = role_may(role, action, arn_of(item), estate, DIRECT)
                assert not may_do, f"it may {action} on {item.address}{what}"
    findings.conclude()


def _tasks_by_role(estate: Estate) -> dict[str, list[Resource]]:
    """The task definitions by the address of their execution role."""
    found: dict[str, list[Resource]] = {}
    for task in estate.of("aws_ecs_task_definition"):
        value = task["execution_role_arn"]
        role = None if value is None else estate.find(value, "aws_iam_role")
        if role is not None:
            found.setdefault(role.address, []).append(task)
    return found


def _foreign(role: Resource, tasks: list[Resource], estate: Estate) -> Iterator[tuple[str, Resource, str]]:
    """What the execution role of these tasks may reach and has no business with: action, resource, why not."""
    secrets, parameters = _injected(tasks, estate)
    for secret in within_reach(role, _READ, _SECRET, estate):
        if secret.address not in secrets:
            yield _READ, secret, ", which none of its tasks injects"
    for action in ("secretsmanager:PutSecretValue", "secretsmanager:DeleteSecret"):
        for secret in within_reach(role, action, _SECRET, estate):
            yield action, secret, ""
    used = _keys_of(secrets | parameters, estate)
    for key in within_reach(role, "kms:Decrypt", "aws_kms_key", estate):
        if key.address not in used:
            yield "kms:Decrypt", key, ", which is not a key of its secrets"
    for key in within_reach(role, "kms:ScheduleKeyDeletion", "aws_kms_key", estate):
        yield "kms:ScheduleKeyDeletion", key, ""


def _injected(tasks: list[Resource], estate: Estate) -> tuple[set[str], set[str]]:
    """The addresses of the secrets and parameters that tasks inject."""
    secrets: set[str] = set()
    parameters: set[str] = set()
    for task in tasks:
        for injection in injections(task):
            try:
                source = injection.source
            except ValueError:
                continue  # ecs.secret-value-from-resolves tells it
            if source.store == "ssm":
                found, into = estate.find(source.identifier, "aws_ssm_parameter"), parameters
            else:
                found, into = secret_of(source, estate), secrets
            if found is not None:
                into.add(found.address)
    return secrets, parameters


def _keys_of(addresses: set[str], estate: Estate) -> set[str]:
    """The addresses of the keys that encrypt these secrets and parameters."""
    found: set[str] = set()
    for holder in filter(None, map(estate.get, sorted(addresses))):
        key_id = holder.attributes.get("kms_key_id" if holder.type == _SECRET else "key_id")
        if isinstance(key_id, Unknown):
            raise Undecidable(f"the key of {holder.address}: {key_id.reason}")
        key = key_of(key_id, estate) if key_id is not None else None
        if key is not None:
            found.add(key.address)
    return found
