"""Whether a statement speaks of a request: its principal, action, resource and context.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
"""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from skyworthy.behavior.permissions.answers import NO, YES, Answer, all_of, answer, any_of, maybe, negate
from skyworthy.behavior.permissions.conditions import Context, Patterns, holds
from skyworthy.behavior.permissions.documents import PolicyDocument, Statement
from skyworthy.behavior.permissions.identifiers import Speller
from skyworthy.behavior.permissions.matching import Tokens, glob, literal, lower, matches
from skyworthy.estate import Unknown, Value

PrincipalKind = Literal["role", "user", "session", "service", "federated", "anonymous"]


@dataclass(frozen=True)
class Principal:
    """Who asks.

    Args:
        arn: of the role, user or session; the name of a service; the ARN of an identity provider.
        kind: a ``role`` acts through sessions; boundary and session policies limit what resource policies grant to
            the role, but not what they grant to a ``session`` or ``user`` by its own ARN.
        account: twelve digits, or a Reference to them; None: the account of the resource.
        session: ARN of the role session, which a resource policy may name too.
    """

    arn: Value = ""
    kind: PrincipalKind = "role"
    account: Value = None
    session: Value = None


@dataclass(frozen=True)
class Request:
    """A principal that wants to do something; see :func:`evaluation.may` for the fields."""

    principal: Principal
    action: str
    resource: Value
    context: Context
    speller: Speller
    resource_account: Value
    _spelled: dict[str, Tokens] = field(default_factory=dict)

    @property
    def action_text(self) -> Tokens:
        """The action in lower case: actions have no case."""
        return literal(self.action.lower())

    @property
    def resource_text(self) -> Tokens:
        """The resource, spelled once."""
        if "resource" not in self._spelled:
            self._spelled["resource"] = self.speller.spell(self.resource)
        return self._spelled["resource"]

    @property
    def needs_resource_policy(self) -> bool:
        """Whether the resource is closed unless its own policy opens it."""
        return self.action.lower().startswith(("kms:", "sts:assumerole"))

    @property
    def crosses_accounts(self) -> Answer:
        """Whether principal and resource live in different accounts."""
        if self.principal.account is None or self.resource_account is None:
            return NO
        return negate(matches(self.speller.spell(self.principal.account), self.speller.spell(self.resource_account)))


def has_effect(statement: Statement, effect: str) -> Answer:
    """Whether a statement is an Allow, or a Deny."""
    known = isinstance(statement.effect, str)
    return answer(statement.effect == effect) if known else maybe("the effect of a statement is not known")


def applies(statement: Statement, item: PolicyDocument, request: Request, *, principal: bool = True) -> Answer:
    """Whether a statement speaks of a request: principal, action, resource and conditions."""
    return all_of(_questions(statement, item, request, principal))


def _questions(statement: Statement, item: PolicyDocument, request: Request, principal: bool) -> Iterator[Answer]:
    """What must all be so; the cheap questions first, for the first no ends it."""
    patterns = Patterns(request.speller, request.context, item.version)
    yield _in(statement.actions, statement.not_actions, request, patterns, action=True)
    yield _in(statement.resources, statement.not_resources, request, patterns, action=False)
    if principal and (statement.principals is not None or statement.not_principals is not None):
        yield any_of([names(statement, item, request), delegates(statement, request)])
    yield holds(statement.conditions, patterns)


def _in(
    wanted: tuple[Value, ...] | None,
    excluded: tuple[Value, ...] | None,
    request: Request,
    patterns: Patterns,
    *,
    action: bool,
) -> Answer:
    """Whether the action (or the resource) is among those wanted, or not among those excluded."""
    listed = wanted if wanted is not None else excluded
    if listed is None:
        return YES if not action else NO
    found = any_of(_covers(item, request, patterns, action=action) for item in listed)
    return found if wanted is not None else negate(found)


def _covers(value: Value, request: Request, patterns: Patterns, *, action: bool) -> Answer:
    if not action and request.speller.apart(value, request.resource):
        return NO
    if action and isinstance(value, str) and "${" not in value:
        return action_is(request.action, value)
    pattern = patterns.pattern(value)
    if isinstance(pattern, Answer):
        return pattern
    if action:
        return matches(request.action_text, lower(pattern))
    return matches(request.resource_text, pattern)


@functools.lru_cache(maxsize=4096)
def action_is(action: str, pattern: str) -> Answer:
    """Whether a pattern without variables covers an action: asked of the same few again and again."""
    return matches(literal(action.lower()), glob(pattern.lower()))


def names(statement: Statement, item: PolicyDocument, request: Request) -> Answer:
    """Whether Principal names who asks, or NotPrincipal does not."""
    patterns = Patterns(request.speller, request.context, item.version)
    if statement.principals is not None:
        return _among(statement.principals, request, patterns)
    if statement.not_principals is not None:
        listed = _among(statement.not_principals, request, patterns)
        # A Deny spares a principal only where its account is listed too.
        account = _has_account(statement.not_principals, request)
        return negate(listed if has_effect(statement, "Allow").yes else all_of([listed, account]))
    return NO


def _among(principals: Mapping[str, tuple[Value, ...]], request: Request, patterns: Patterns) -> Answer:
    who = request.principal
    kind = {"service": "Service", "federated": "Federated"}.get(who.kind, "AWS")
    found = [_is_everyone(name) for name in principals.get("AWS", ())]
    names = [who.arn, *([who.session] if who.session is not None else [])]
    for name in principals.get(kind, ()):
        if _is_everyone(name).yes:
            return YES
        pattern = patterns.pattern(name, wildcards=False)
        for own in names:
            if request.speller.apart(name, own):
                continue
            found.append(pattern if isinstance(pattern, Answer) else matches(request.speller.spell(own), pattern))
    return any_of(found)


def _is_everyone(name: Value) -> Answer:
    return maybe(name) if isinstance(name, Unknown) else answer(isinstance(name, str) and name == "*")


def delegates(statement: Statement, request: Request) -> Answer:
    """Whether Principal is the account of who asks: an Allow then leaves it to that account's own policies."""
    return _has_account(statement.principals or {}, request)


def _has_account(principals: Mapping[str, tuple[Value, ...]], request: Request) -> Answer:
    if request.principal.kind in ("service", "federated", "anonymous"):
        return NO
    own = _own_account(request)
    elements = (request.speller.spell(element) for element in principals.get("AWS", ()))
    return any_of(matches(own, _account_of(tokens)) for tokens in elements if tokens != literal("*"))


def _own_account(request: Request) -> Tokens:
    """The account that the principal says, that of its ARN, else that of the estate."""
    if request.principal.account is not None:
        return request.speller.spell(request.principal.account)
    own = _account_of(request.speller.spell(request.principal.arn), ending="")
    return own or request.speller.account()


def _account_of(tokens: Tokens, ending: str = ":root") -> Tokens:
    """``123456789012`` of ``arn:aws:iam::123456789012:root`` or of itself; of anything else the tokens as they are."""
    colons = [place for place, item in enumerate(tokens) if item == ":"]
    if len(colons) < 5:
        return tokens if ending else ()
    tail = tokens[colons[4] :]
    if ending and tail != literal(ending):
        return tokens
    return tokens[colons[3] + 1 : colons[4]]
