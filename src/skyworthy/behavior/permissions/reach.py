"""Which of an estate's secrets or keys a role could reach at all, so that only those need to be asked about."""

from skyworthy.behavior.permissions.attachments import key_policy, policies_of, secret_policy
from skyworthy.behavior.permissions.documents import PolicyDocument, Statement
from skyworthy.behavior.permissions.memory import remembered
from skyworthy.behavior.permissions.requests import action_is
from skyworthy.estate import Estate, Reference, Resource, Value


def within_reach(role: Resource, action: str, kind: str, estate: Estate) -> tuple[Resource, ...]:
    """The resources of a type on which a role may be allowed an action; the others are certainly denied.

    Args:
        role: an ``aws_iam_role``.
        action: ``kms:Decrypt``.
        kind: ``aws_kms_key`` or ``aws_secretsmanager_secret``.
        estate: where all of it stands.

    Raises:
        Undecidable: where policies or resources could not be listed.
    """
    everything = estate.of(kind)
    named = {item.address for item in _with_policies_of_their_own(kind, estate)}
    for policy in policies_of(role, estate):
        if policy.gap(action) is not None:
            return everything
        for statement in policy.statements:
            if not _may_cover(statement, action):
                continue
            addresses = _named(statement, kind, estate)
            if addresses is None:
                return everything
            named |= addresses
    by_address = remembered(estate, ("by address", kind), lambda: {item.address: item for item in everything})
    return tuple(by_address[address] for address in sorted(named & by_address.keys()))


def _may_cover(statement: Statement, action: str) -> bool:
    if isinstance(statement.effect, str) and statement.effect == "Deny":
        return False
    if statement.actions is None:
        return True
    return any(not isinstance(item, str) or not action_is(action, item).no for item in statement.actions)


def _named(statement: Statement, kind: str, estate: Estate) -> set[str] | None:
    """The addresses that a statement's resources name; None where they are patterns."""
    if statement.resources is None:
        return None
    found = set()
    for value in statement.resources:
        if not _is_plain(value):
            return None
        resource = estate.find(value, kind)
        if resource is not None:
            found.add(resource.address)
    return found


def _is_plain(value: Value) -> bool:
    if isinstance(value, Reference):
        return value.attribute in ("arn", "id")
    return isinstance(value, str) and not set("*?$") & set(value)


def _with_policies_of_their_own(kind: str, estate: Estate) -> list[Resource]:
    """The resources whose own policy may let somebody in by name, not only the account."""
    return remembered(estate, ("own policies", kind), lambda: _open_by_themselves(kind, estate))


def _open_by_themselves(kind: str, estate: Estate) -> list[Resource]:
    read = key_policy if kind == "aws_kms_key" else secret_policy
    return [item for item in estate.of(kind) if (policy := read(item, estate)) and _names_somebody(policy)]


def _names_somebody(policy: PolicyDocument) -> bool:
    if policy.unknown is not None:
        return True
    for statement in policy.statements:
        for name in (statement.principals or {"AWS": ("*",)}).get("AWS", ()):
            # The default policy names the account by its number.
            if not str(name).endswith((":root", ".account_id}")):
                return True
    return False
