"""Which policies have a say: those attached to a role, and those attached to what it asks for."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from skyworthy.behavior.permissions.conditions import Context
from skyworthy.behavior.permissions.documents import PolicyDocument, document, from_json, many
from skyworthy.behavior.permissions.evaluation import Decision, Policies, may
from skyworthy.behavior.permissions.managed import managed_named, managed_policy
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
    made = remembered(estate, "attachments", lambda: _attachments(estate))
    if made.unclear is not None:
        raise made.unclear
    inline, arns = made.inline.get(role.address, []), made.arns.get(role.address, [])
    found = [document(policy.peek("policy"), estate, policy.address) for policy in inline]
    for block in _listed(role, "inline_policy"):
        if isinstance(block, dict) and block.get("policy") is not None:
            label = f'inline policy "{block.get("name", "")}" of {role.address}'
            found.append(document(block["policy"], estate, label))
    once = {str(arn): arn for arn in (*_listed(role, "managed_policy_arns"), *arns)}
    return [*found, *(_attached(arn, estate) for arn in once.values())]


def _listed(resource: Resource, name: str) -> tuple[Value, ...]:
    """The elements of an attribute that may be left out."""
    value = resource.attributes.get(name)
    return () if value is None else many(value)


@dataclass
class _Attachments:
    """What is attached to the roles of an estate, by their addresses.

    Args:
        inline: the inline policies.
        arns: what is attached by ARN.
        unclear: an attachment whose role is not known may be any role's.
    """

    inline: dict[str, list[Resource]] = field(default_factory=dict)
    arns: dict[str, list[Value]] = field(default_factory=dict)
    unclear: Undecidable | None = None


def _attachments(estate: Estate) -> _Attachments:
    made = _Attachments()
    for policy in estate.of("aws_iam_role_policy"):
        for address in _roles((policy.peek("role"),), policy, estate, made):
            made.inline.setdefault(address, []).append(policy)
    for kind, roles, arns in (
        ("aws_iam_role_policy_attachment", "role", "policy_arn"),
        ("aws_iam_policy_attachment", "roles", "policy_arn"),
        ("aws_iam_role_policy_attachments_exclusive", "role_name", "policy_arns"),
    ):
        for item in estate.of(kind):
            for address in _roles(_listed(item, roles), item, estate, made):
                made.arns.setdefault(address, []).extend(many(item.peek(arns)))
    return made


def _roles(names: tuple[Value, ...], attachment: Resource, estate: Estate, made: _Attachments) -> Iterator[str]:
    """The addresses of the roles of these names; what cannot be told is noted."""
    for name in names:
        if isinstance(name, Unknown):
            reason = f"the role of {attachment.address} is not known: {name.reason}"
            made.unclear = made.unclear or Undecidable(reason, denied=name.denied)
            continue
        try:
            role = estate.find(name, "aws_iam_role")
        except Undecidable as undecidable:
            made.unclear = made.unclear or undecidable
            continue
        if role is not None:
            yield role.address


def _attached(arn: Value, estate: Estate) -> PolicyDocument:
    if isinstance(arn, Unknown):
        return PolicyDocument("an attached policy", unknown=Unknown(f"an attached policy: {arn.reason}", arn.denied))
    managed = managed_policy(_in_any_partition(arn))
    policy = estate.find(arn, "aws_iam_policy") if managed is None or isinstance(arn, str) else None
    if policy is not None and (not policy.data or policy.attributes.get("policy") is not None):
        return document(policy.peek("policy"), estate, policy.address)
    if policy is not None and policy.data and isinstance(policy.attributes.get("name"), str):
        managed = managed_named(policy.attributes["name"])
    if managed is None and policy is not None and isinstance(policy.attributes.get("arn"), str):
        managed = managed_policy(policy.attributes["arn"])
    return managed or PolicyDocument(str(arn), unknown=Unknown(f"the contents of {arn} are not known"))


def _in_any_partition(arn: Value) -> str:
    """An ARN of AWS's own policy as text, also where its partition is known to the account only; else empty."""
    if isinstance(arn, Template) and arn.parts[0] == "arn:" and len(arn.parts) == 3:
        _, partition, rest = arn.parts
        if isinstance(partition, Reference) and partition.attribute == "partition":
            return f"arn:*{rest}"
    return arn if isinstance(arn, str) else ""


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
    own = _holders(estate, "aws_kms_key_policy", "key_id", "aws_kms_key").get(key.address)
    if own is not None:
        return document(own.peek("policy"), estate, label)
    if key.attributes.get("policy") is not None:
        return document(key.peek("policy"), estate, label)
    if key.data or estate.origin == "observed":
        return PolicyDocument(label, unknown=Unknown(f"{label} was not read"))
    label = f"the default key policy of {key.address}"
    return remembered(estate, label, lambda: default_key_policy(label))


def default_key_policy(label: str = "the default key policy") -> PolicyDocument:
    """The policy that AWS gives a key: the account's own policies decide."""
    account = Reference("data.aws_caller_identity.this", "account_id")
    delegation = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "kms:*", "Resource": "*"}
    return from_json({"Version": "2012-10-17", "Statement": [delegation]}, label)


def _holders(estate: Estate, kind: str, pointer: str, target: str) -> dict[str, Resource]:
    """The resources of a type that bear a policy for others, by the address of what they point at."""

    def made() -> dict[str, Resource]:
        pairs = ((estate.find(item.peek(pointer), target), item) for item in estate.of(kind))
        return {found.address: item for found, item in pairs if found is not None}

    return remembered(estate, ("holders", kind), made)


def secret_policy(secret: Resource, estate: Estate) -> PolicyDocument | None:
    """The resource policy of a secret: ``aws_secretsmanager_secret_policy`` or ``policy``; None where it has none."""
    label = f"the resource policy of {secret.address}"
    own = _holders(estate, "aws_secretsmanager_secret_policy", "secret_arn", "aws_secretsmanager_secret").get(
        secret.address
    )
    if own is not None:
        return document(own.peek("policy"), estate, label)
    policy = secret.attributes.get("policy")
    return (
        None if policy is None or (isinstance(policy, (str, dict)) and not policy) else document(policy, estate, label)
    )


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
