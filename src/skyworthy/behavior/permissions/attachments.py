"""Which policies have a say: those attached to a role, and those attached to what it asks for."""

from collections.abc import Callable, Iterator

from skyworthy.behavior.permissions.conditions import Context
from skyworthy.behavior.permissions.documents import PolicyDocument, document, from_json, many
from skyworthy.behavior.permissions.evaluation import Decision, Policies, may
from skyworthy.behavior.permissions.managed import managed_policy
from skyworthy.behavior.permissions.memory import remembered
from skyworthy.behavior.permissions.requests import Principal
from skyworthy.estate import Estate, Reference, Resource, Template, Undecidable, Unknown, Value

_LATER = Unknown("it is known at the time of the request only")


def arn_of(resource: Resource) -> Value:
    """A resource's ARN: as it is known, else a Reference to it."""
    arn = resource.attributes.get("arn")
    return arn if isinstance(arn, str) else Reference(resource.address, "arn")


def policies_of(role: Resource, estate: Estate) -> list[PolicyDocument]:
    """Every identity policy of a role: inline, attached, AWS managed.

    What could not be read is a document whose contents are unknown, so that nothing is decided without it.

    Args:
        role: an ``aws_iam_role``, declared or observed; of a data source the policies are unknown.
        estate: where the role stands.

    Raises:
        Undecidable: where policies or attachments could not be listed.
    """
    if role.data:
        return [
            PolicyDocument(f"the policies of {role.address}", unknown=Unknown("the role is not part of this stack"))
        ]
    return remembered(estate, ("policies", role.address), lambda: _policies_of(role, estate))


def _policies_of(role: Resource, estate: Estate) -> list[PolicyDocument]:
    return [*_inline(role, estate), *(_attached(arn, estate) for arn in _attachments(role, estate))]


def _inline(role: Resource, estate: Estate) -> Iterator[PolicyDocument]:
    for policy in estate.of("aws_iam_role_policy"):
        if _is_of(policy.peek("role"), role, estate, policy):
            yield document(policy.peek("policy"), estate, policy.address)
    for block in _listed(role, "inline_policy"):
        if isinstance(block, dict) and block.get("policy") is not None:
            label = f'inline policy "{block.get("name", "")}" of {role.address}'
            yield document(block["policy"], estate, label)


def _listed(role: Resource, name: str) -> tuple[Value, ...]:
    """The elements of an attribute that may be left out."""
    value = role.attributes.get(name)
    return () if value is None else many(value)


def _attachments(role: Resource, estate: Estate) -> Iterator[Value]:
    """What each attachment to a role attaches, each once."""
    seen: set[str] = set()
    for arn in _attachment_arns(role, estate):
        if str(arn) not in seen:
            seen.add(str(arn))
            yield arn


def _attachment_arns(role: Resource, estate: Estate) -> Iterator[Value]:
    yield from _listed(role, "managed_policy_arns")
    for item in estate.of("aws_iam_role_policy_attachment"):
        if _is_of(item.peek("role"), role, estate, item):
            yield item.peek("policy_arn")
    for item in estate.of("aws_iam_policy_attachment"):
        names = item.attributes.get("roles")
        if names is not None and any(_is_of(name, role, estate, item) for name in many(names)):
            yield item.peek("policy_arn")
    for item in estate.of("aws_iam_role_policy_attachments_exclusive"):
        if _is_of(item.peek("role_name"), role, estate, item):
            yield from many(item.peek("policy_arns"))


def _is_of(name: Value, role: Resource, estate: Estate, attachment: Resource) -> bool:
    """Whether an attachment speaks of a role; one that speaks of nobody known may speak of any."""
    if isinstance(name, Unknown):
        raise Undecidable(f"the role of {attachment.address} is not known: {name.reason}", denied=name.denied)
    return estate.find(name, "aws_iam_role") is role


def _attached(arn: Value, estate: Estate) -> PolicyDocument:
    if isinstance(arn, Unknown):
        return PolicyDocument("an attached policy", unknown=Unknown(f"an attached policy: {arn.reason}", arn.denied))
    policy = estate.find(arn, "aws_iam_policy")
    if policy is not None and (not policy.data or policy.attributes.get("policy") is not None):
        return document(policy.peek("policy"), estate, policy.address)
    managed = managed_policy(arn) if isinstance(arn, str) else None
    if managed is None and policy is not None and isinstance(policy.attributes.get("arn"), str):
        managed = managed_policy(policy.attributes["arn"])
    return managed or PolicyDocument(str(arn), unknown=Unknown(f"the contents of {arn} are not known"))


def boundary_of(role: Resource, estate: Estate) -> PolicyDocument | None:
    """The permissions boundary of a role, None where it has none."""
    arn = role.attributes.get("permissions_boundary")
    return None if arn is None or arn == "" else _attached(arn, estate)


def trust_of(role: Resource, estate: Estate) -> PolicyDocument:
    """Who may assume a role."""
    return document(role.peek("assume_role_policy"), estate, f"the trust policy of {role.address}")


def key_policy(key: Resource, estate: Estate) -> PolicyDocument:
    """The policy of a KMS key: ``aws_kms_key_policy``, ``policy``, else the default that AWS gives a key.

    Source: https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    """
    label = f"the key policy of {key.address}"
    for item in estate.of("aws_kms_key_policy"):
        if estate.find(item.peek("key_id"), "aws_kms_key") is key:
            return document(item.peek("policy"), estate, label)
    if key.attributes.get("policy") is not None:
        return document(key.peek("policy"), estate, label)
    if key.data or estate.origin == "observed":
        return PolicyDocument(label, unknown=Unknown(f"{label} was not read"))
    return default_key_policy(f"the default key policy of {key.address}")


def default_key_policy(label: str = "the default key policy") -> PolicyDocument:
    """The policy that AWS gives a key: the account's own policies decide."""
    account = Reference("data.aws_caller_identity.this", "account_id")
    delegation = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "kms:*", "Resource": "*"}
    return from_json({"Version": "2012-10-17", "Statement": [delegation]}, label)


def secret_policy(secret: Resource, estate: Estate) -> PolicyDocument | None:
    """The resource policy of a secret: ``aws_secretsmanager_secret_policy`` or ``policy``; None where it has none."""
    label = f"the resource policy of {secret.address}"
    for item in estate.of("aws_secretsmanager_secret_policy"):
        if estate.find(item.peek("secret_arn"), "aws_secretsmanager_secret") is secret:
            return document(item.peek("policy"), estate, label)
    policy = secret.attributes.get("policy")
    return None if policy is None or policy in ("", {}) else document(policy, estate, label)


def resource_policy(resource: Value, estate: Estate) -> PolicyDocument | None:
    """The policy attached to a secret or KMS key, None where it has none or is of another kind."""
    if isinstance(resource, Template):
        return None
    found = estate.find(resource, "aws_secretsmanager_secret", "aws_kms_key")
    if found is None:
        return None
    return key_policy(found, estate) if found.type == "aws_kms_key" else secret_policy(found, estate)


def role_may(role: Resource, action: str, resource: Value, estate: Estate, context: Context | None = None) -> Decision:
    """Whether a role of an estate may do something to a resource of its account.

    Args:
        role: an ``aws_iam_role``.
        action: ``kms:Decrypt``.
        resource: ARN or Reference; its own policy is found in the estate.
        estate: where all of it stands.
        context: condition keys; without one, every key is unknown save those that AWS always sets.

    Raises:
        Undecidable: where it depends on what is not known.
    """
    arn = arn_of(role)
    keys = {"aws:PrincipalArn": arn, "aws:SecureTransport": True, "aws:PrincipalType": "AssumedRole"}
    return may(
        Policies(
            identity=tuple(policies_of(role, estate)),
            boundary=boundary_of(role, estate),
            resource=resource_policy(resource, estate),
        ),
        action,
        resource,
        (context or Context(otherwise=_LATER)).also(keys),
        principal=Principal(arn),
        estate=estate,
    )


def may_read(estate: Estate) -> Callable[[str, str, str], bool]:
    """A function that tells whether a role of an estate may do an action on a resource.

    Returns:
        A function of role ARN, action and resource ARN. It raises Undecidable where the role is not part of the
        estate, or where the policies do not tell.
    """

    def allowed(role_arn: str, action: str, resource_arn: str) -> bool:
        role = estate.find(role_arn, "aws_iam_role")
        if role is None:
            raise Undecidable(f"the role {role_arn} is not part of {estate.name or 'the estate'}")
        return role_may(role, action, resource_arn, estate).allowed

    return allowed
