"""Whether two policies say the same, however they are written.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

import re
from collections.abc import Mapping, Sequence

from skyworthy.behavior.drift.differences import Difference, Told, words
from skyworthy.behavior.drift.resolving import Resolver
from skyworthy.behavior.permissions import Statement, document
from skyworthy.estate import Reference, Template, Unknown, Value

_ROOT = re.compile(r"arn:[\w-]+:iam::(\d{12}):root")


def is_policy(declared: Value, observed: Value) -> bool:
    """Whether what is compared are policy documents."""
    return any(isinstance(value, Mapping) and "Statement" in value for value in (declared, observed))


def policy_differences(label: str, declared: Value, observed: Value, resolver: Resolver) -> Told:
    """The statements that only one side has.

    Args:
        label: of the attribute, for messages.
        declared: the policy in the code: decoded, JSON text, or a reference to a document.
        observed: the policy in the account.
        resolver: of its references.
    """
    ours = document(declared, resolver.declared, label)
    theirs = document(observed, resolver.observed, label)
    if theirs.unknown is not None or (ours.unknown is not None and not ours.statements):
        return Told(blanks=[label])
    told = Told(blanks=[label] if ours.unknown is not None else [])
    left = list(theirs.statements)
    for statement in ours.statements:
        answers = [_same(statement, other, resolver) for other in left]
        if True in answers:
            del left[answers.index(True)]
        elif None in answers:
            del left[answers.index(None)]
            told.blanks.append(label)
        else:
            told.differences.append(Difference(label, _words(statement, resolver), None))
    if ours.unknown is None:
        told.differences += [Difference(label, None, _words(statement, resolver)) for statement in left]
    return told


def _same(ours: Statement, theirs: Statement, resolver: Resolver) -> bool | None:
    """Whether two statements say the same, whatever their ``Sid``; None where that is not known."""
    answers = [
        resolver.same("policy.effect", ours.effect, theirs.effect),
        _alike(ours.actions, theirs.actions, resolver, "action"),
        _alike(ours.not_actions, theirs.not_actions, resolver, "action"),
        _alike(ours.resources, theirs.resources, resolver),
        _alike(ours.not_resources, theirs.not_resources, resolver),
        _principals(ours.principals, theirs.principals, resolver),
        _principals(ours.not_principals, theirs.not_principals, resolver),
        _conditions(ours.conditions, theirs.conditions, resolver),
    ]
    return _every(answers)


def _every(answers: Sequence[bool | None]) -> bool | None:
    if False in answers:
        return False
    return None if None in answers else True


def _alike(
    ours: Sequence[Value] | None, theirs: Sequence[Value] | None, resolver: Resolver, kind: str = ""
) -> bool | None:
    """Whether two elements hold the same values in any order, each once or several times."""
    if ours is None or theirs is None:
        return ours is theirs
    answers = [_contained(item, theirs, resolver, kind, turned=False) for item in ours]
    answers += [_contained(item, ours, resolver, kind, turned=True) for item in theirs]
    return _every(answers)


def _contained(item: Value, among: Sequence[Value], resolver: Resolver, kind: str, *, turned: bool) -> bool | None:
    answers = [_equal(*((other, item) if turned else (item, other)), resolver, kind) for other in among]
    if True in answers:
        return True
    return None if None in answers else False


def _equal(ours: Value, theirs: Value, resolver: Resolver, kind: str) -> bool | None:
    if isinstance(ours, (Unknown, Reference, Template)) and kind != "principal":
        return resolver.same(f"policy.{kind}", ours, theirs)
    if kind == "action":
        return str(ours).lower() == str(theirs).lower()
    if kind == "principal":
        ours = resolver.resolved(ours)
        if isinstance(ours, Unknown):
            return None
        return _account(ours) == _account(theirs) or resolver.same("policy.principal", ours, theirs)
    return resolver.same(f"policy.{kind}", ours, theirs)


def _account(principal: Value) -> str:
    """A principal, an account by its number: ``arn:aws:iam::123456789012:root`` is the same."""
    match = _ROOT.fullmatch(str(principal))
    return match[1] if match else str(principal)


def _principals(
    ours: Mapping[str, Sequence[Value]] | None, theirs: Mapping[str, Sequence[Value]] | None, resolver: Resolver
) -> bool | None:
    if ours is None or theirs is None:
        return ours is theirs
    ours, theirs = _everybody(ours), _everybody(theirs)
    if ours.keys() != theirs.keys():
        return False
    return _every([_alike(ours[kind], theirs[kind], resolver, "principal") for kind in ours])


def _everybody(principals: Mapping[str, Sequence[Value]]) -> dict[str, Sequence[Value]]:
    """``{"*": "*"}``, as Terraform writes everybody, and ``{"AWS": "*"}`` as one."""
    return {("AWS" if kind == "*" else kind): values for kind, values in principals.items()}


def _conditions(
    ours: Mapping[str, Mapping[str, Sequence[Value]]],
    theirs: Mapping[str, Mapping[str, Sequence[Value]]],
    resolver: Resolver,
) -> bool | None:
    left, right = _flat(ours), _flat(theirs)
    if left.keys() != right.keys():
        return False
    return _every([_alike(left[key], right[key], resolver) for key in left])


def _flat(conditions: Mapping[str, Mapping[str, Sequence[Value]]]) -> dict[tuple[str, str], Sequence[Value]]:
    """By operator and key, of which the case means nothing."""
    return {
        (operator.lower(), key.lower()): values for operator, keys in conditions.items() for key, values in keys.items()
    }


def _words(statement: Statement, resolver: Resolver) -> str:
    """A statement for people: its name or number of actions, effect, actions and resources."""
    actions = statement.actions if statement.actions is not None else statement.not_actions or ()
    shown = ", ".join(words(item) for item in actions[:3]) + (", …" if len(actions) > 3 else "")
    verb = f"{words(statement.effect)}{' all but' if statement.actions is None else ''}"
    resources = statement.resources or statement.not_resources or ()
    on = ", ".join(words(resolver.resolved(item)) for item in resources[:2]) + (", …" if len(resources) > 2 else "")
    names = [words(item) for values in (statement.principals or {}).values() for item in values[:2]]
    to = f" to {', '.join(names)}" if names else ""
    under = " under conditions" if statement.conditions else ""
    name = f"{statement.sid!r} " if statement.sid else ""
    return f"statement {name}({verb} {shown}{to}{f' on {on}' if on else ''}{under})"
