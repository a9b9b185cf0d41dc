"""The policy evaluation logic of AWS: may a principal do an action on a resource?

An explicit Deny anywhere decides. Else organization policies (service and resource control policies) must each allow;
in one account an identity policy within boundary and session policy, or the resource's own policy, is enough; between
accounts both must allow. Some resources are closed unless their own policy opens them: KMS keys and role trusts.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html,
https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
"""

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from skyworthy.behavior.permissions.answers import NO, YES, Answer, all_of, any_of, maybe
from skyworthy.behavior.permissions.conditions import Context
from skyworthy.behavior.permissions.documents import PolicyDocument, Statement
from skyworthy.behavior.permissions.identifiers import Speller, in_partition
from skyworthy.behavior.permissions.requests import Principal, Request, applies, delegates, has_effect, names
from skyworthy.estate import Estate, Undecidable, Value


class Outcome(enum.StrEnum):
    """What a request gets."""

    ALLOWED = "allowed"
    EXPLICITLY_DENIED = "explicitly denied"
    IMPLICITLY_DENIED = "implicitly denied"


@dataclass(frozen=True)
class Decision:
    """What a request gets, and why.

    Args:
        outcome: see Outcome.
        reason: the statement that decides, or what is missing, a clause.
    """

    outcome: Outcome
    reason: str

    @property
    def allowed(self) -> bool:
        """Whether the request is granted."""
        return self.outcome is Outcome.ALLOWED

    def __bool__(self) -> bool:
        return self.allowed


@dataclass(frozen=True)
class Policies:
    """Everything that has a say in a request.

    Args:
        identity: attached to the principal, inline or managed.
        resource: attached to the resource; None: it has none.
        boundary: permissions boundary of the principal; None: it has none.
        session: passed when the session was made; None: none was.
        service_control: one tuple per level from the organization's root to the account; each must allow.
        resource_control: the same of resource control policies.
    """

    identity: tuple[PolicyDocument, ...] = ()
    resource: PolicyDocument | None = None
    boundary: PolicyDocument | None = None
    session: tuple[PolicyDocument, ...] | None = None
    service_control: tuple[tuple[PolicyDocument, ...], ...] = ()
    resource_control: tuple[tuple[PolicyDocument, ...], ...] = ()

    def documents(self) -> Iterable[PolicyDocument]:
        """All of them."""
        yield from self.identity
        yield from (item for item in (self.resource, self.boundary) if item is not None)
        yield from self.session or ()
        for level in (*self.service_control, *self.resource_control):
            yield from level


def may(
    policies: Policies | Iterable[PolicyDocument],
    action: str,
    resource: Value,
    context: Context | None = None,
    *,
    principal: Principal | None = None,
    resource_account: Value = None,
    estate: Estate | None = None,
) -> Decision:
    """Whether a request is granted.

    Args:
        policies: all that have a say, or the principal's identity policies alone.
        action: ``secretsmanager:GetSecretValue``.
        resource: ARN of what it is done to, a Reference to one, or ``*`` where the action knows no resources.
        context: condition keys; without one, no key has a value.
        principal: who asks; needed where a resource policy has a say.
        resource_account: account of the resource; None: the principal's.
        estate: where references point.

    Raises:
        Undecidable: where it depends on something that is not known.
    """
    if not isinstance(policies, Policies):
        policies = Policies(identity=tuple(policies))
    speller, context = Speller(estate or Estate(())), context or Context()
    partition = speller.scope.partition
    if partition != "aws":
        resource = in_partition(resource, partition)
        values = {key: in_partition(value, partition) for key, value in context.values.items()}
        context = replace(context, values=values)
    request = Request(principal or Principal(), action, resource, context, speller, resource_account)
    return _decide(policies, request)


def _decide(policies: Policies, request: Request) -> Decision:
    for item in policies.documents():
        for statement in item.statements:
            if has_effect(statement, "Deny").yes and applies(statement, item, request).yes:
                return Decision(Outcome.EXPLICITLY_DENIED, f"{item.name_of(statement)} denies it")
    granted, missing = _granted(policies, request)
    if granted.no:
        return Decision(Outcome.IMPLICITLY_DENIED, missing)
    denied = any_of(_denies(item, request) for item in policies.documents())
    for open_question in (denied, granted):
        if open_question.truth is None:
            raise Undecidable(open_question.reason, denied=open_question.denied)
    return Decision(Outcome.ALLOWED, "it is allowed, and nothing denies it")


def _granted(policies: Policies, request: Request) -> tuple[Answer, str]:
    """Whether the allowing policies suffice, and which of them is missing."""
    for name, levels in (
        ("service control policy", policies.service_control),
        ("resource control policy", policies.resource_control),
    ):
        if any(_allows(level, request).no for level in levels):
            return NO, f"no {name} allows it"
    levels = (*policies.service_control, *policies.resource_control)
    organization = all_of(_allows(level, request) for level in levels)
    limits = {
        "the permissions boundary": _limit(None if policies.boundary is None else (policies.boundary,), request),
        "the session policy": _limit(policies.session, request),
    }
    inside = all_of(limits.values())
    identity = _allows(policies.identity, request)
    direct, delegated = _resource_grants(policies.resource, request)
    limited = inside if request.principal.kind == "role" else YES
    by_identity = all_of([identity, inside])
    if request.needs_resource_policy:
        by_identity = all_of([by_identity, delegated])
    same = any_of([all_of([direct, limited]), by_identity])
    other = all_of([identity, inside, any_of([direct, delegated])])
    crosses = request.crosses_accounts
    granted = other if crosses.yes else same if crosses.no else _either(crosses, same, other)
    return all_of([organization, granted]), _missing(request, identity, limits, any_of([direct, delegated]))


def _either(question: Answer, one: Answer, other: Answer) -> Answer:
    return one if one.truth is not None and one.truth == other.truth else question


def _missing(request: Request, identity: Answer, limits: Mapping[str, Answer], resource: Answer) -> str:
    """What keeps a request from being granted, for a message."""
    for name, limit in limits.items():
        if limit.no:
            return f"{name} does not allow it"
    if identity.no and not request.needs_resource_policy:
        return "no policy of the principal allows it"
    if resource.no:
        return "the policy of the resource does not allow it"
    return "no policy of the principal allows it"


def _limit(documents: tuple[PolicyDocument, ...] | None, request: Request) -> Answer:
    return YES if documents is None else _allows(documents, request)


def _allows(documents: Iterable[PolicyDocument], request: Request) -> Answer:
    return any_of(answer_ for item in documents for answer_ in _grants(item, request))


def _grants(item: PolicyDocument, request: Request) -> Iterable[Answer]:
    for statement in item.statements:
        yield _says("Allow", statement, item, request)
    gap = item.gap(request.action)
    if gap is not None:
        yield maybe(gap)


def _denies(item: PolicyDocument, request: Request) -> Answer:
    found = [_says("Deny", statement, item, request) for statement in item.statements]
    gap = item.gap(request.action)
    if gap is not None and item.may_deny:
        found.append(maybe(gap))
    return any_of(found)


def _says(effect: str, statement: Statement, item: PolicyDocument, request: Request, principal: bool = True) -> Answer:
    """Whether a statement has an effect and speaks of a request."""
    has = has_effect(statement, effect)
    return NO if has.no else all_of([has, applies(statement, item, request, principal=principal)])


def _resource_grants(item: PolicyDocument | None, request: Request) -> tuple[Answer, Answer]:
    """Whether the resource's policy allows the principal itself, and whether it leaves the matter to its account."""
    if item is None:
        return NO, NO
    direct: list[Answer] = []
    delegated: list[Answer] = []
    for statement in item.statements:
        rest = _says("Allow", statement, item, request, principal=False)
        if rest.no:
            continue
        direct.append(all_of([rest, names(statement, item, request)]))
        delegated.append(all_of([rest, delegates(statement, request)]))
    gap = item.gap(request.action)
    if gap is not None:
        direct.append(maybe(gap))
        delegated.append(maybe(gap))
    return any_of(direct), any_of(delegated)
