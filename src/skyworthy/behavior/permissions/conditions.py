"""Condition elements: is a request's context such that a statement applies?

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

import datetime
import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from skyworthy.behavior.permissions.answers import NO, Answer, all_of, answer, any_of, maybe, negate
from skyworthy.behavior.permissions.documents import CURRENT_VERSION, many
from skyworthy.behavior.permissions.identifiers import Speller
from skyworthy.behavior.permissions.matching import MANY, Hole, Tokens, glob, literal, lower, matches, split
from skyworthy.estate import Reference, Template, Undecidable, Unknown, Value


@dataclass(frozen=True)
class Context:
    """The condition keys of a request.

    Args:
        values: key -> value, or list of values of a multivalued key. Keys are found without regard to case.
        otherwise: what every other key is: None, absent, as AWS evaluates it; or an Unknown where it cannot be told.
    """

    values: Mapping[str, Value] = field(default_factory=dict)
    otherwise: Unknown | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", {key.lower(): value for key, value in self.values.items()})

    def get(self, key: str) -> Value:
        """The value of a key: None where it is absent."""
        if key.lower() in self.values:
            return self.values[key.lower()]
        if self.otherwise is None:
            return None
        return Unknown(f"{key}: {self.otherwise.reason}", denied=self.otherwise.denied)

    def also(self, values: Mapping[str, Value]) -> "Context":
        """The same context with more keys; those that are there already stay."""
        return Context({**{key.lower(): value for key, value in values.items()}, **self.values}, self.otherwise)


_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_SPECIAL = {"*": "*", "?": "?", "$": "$"}


@dataclass(frozen=True)
class Patterns:
    """Makes patterns of policy elements: policy variables take their values from the context.

    Args:
        speller: spells references.
        context: of the request.
        version: of the document; the old one has no variables.
    """

    speller: Speller
    context: Context
    version: str = CURRENT_VERSION

    def pattern(self, value: Value, *, wildcards: bool = True) -> Tokens | Answer:
        """The tokens of an element, or the answer of a comparison with it where a variable has no value."""
        try:
            return self.speller.spell(value, glob_with(self._variable, wildcards, self.version == CURRENT_VERSION))
        except _NoValueError:
            return NO
        except Undecidable as undecidable:
            return maybe(undecidable)

    def _variable(self, expression: str) -> Tokens:
        if expression in _SPECIAL:
            return literal(expression)
        key, comma, default = expression.partition(",")
        value = self.context.get(key.strip())
        if value is None and comma:
            return literal(default.strip().strip("'"))
        if value is None or isinstance(value, (list, tuple)):
            raise _NoValueError(key)
        return self.speller.spell(value)


class _NoValueError(Exception):
    """A policy variable has no value and no default: the element matches nothing."""


def glob_with(
    variable: Callable[[str], Tokens], wildcards: bool = True, variables: bool = True
) -> Callable[[str], Tokens]:
    """A reader of literal text that replaces policy variables, and makes ``*`` and ``?`` wildcards if wanted."""
    plain = glob if wildcards else literal

    def read(text: str) -> Tokens:
        if not variables or "${" not in text:
            return plain(text)
        tokens: Tokens = ()
        end = 0
        for match in _VARIABLE.finditer(text):
            tokens += plain(text[end : match.start()]) + variable(match[1])
            end = match.end()
        return tokens + plain(text[end:])

    return read


_Compare = Callable[[Value, Value, Patterns], Answer]


def holds(conditions: Mapping[str, Mapping[str, tuple[Value, ...]]], patterns: Patterns) -> Answer:
    """Whether a Condition element holds: every operator, and every key of it."""
    return all_of(
        _key_holds(operator, key, values, patterns)
        for operator, keys in conditions.items()
        for key, values in keys.items()
    )


def _key_holds(operator: str, key: str, wanted: tuple[Value, ...], patterns: Patterns) -> Answer:
    quantifier, name, if_exists = _parts(operator)
    there = patterns.context.get(key) if operator != "?" else Unknown("the condition is not known")
    if isinstance(there, Unknown):
        return maybe(there)
    present = [item for item in many(there) if item is not None] if there is not None else []
    if name == "null":
        return any_of(_is_null(item, bool(present)) for item in wanted)
    if name not in OPERATORS:
        return maybe(f"the condition operator {operator} is not known")
    compare, negated = OPERATORS[name]
    if not present:
        return _absent(quantifier, negated, if_exists)
    if not quantifier and len(present) > 1:
        return maybe(f"{key} has several values and {operator} no set qualifier")
    each = (_one_holds(compare, negated, item, wanted, patterns) for item in present)
    return any_of(each) if quantifier == "foranyvalue" else all_of(each)


def _parts(operator: str) -> tuple[str, str, bool]:
    quantifier, colon, name = operator.lower().rpartition(":")
    base = name.removesuffix("ifexists")
    return (quantifier if colon else ""), base, base != name


def _absent(quantifier: str, negated: bool, if_exists: bool) -> Answer:
    """What an operator says of a key that the request does not have."""
    if quantifier == "foranyvalue":
        return answer(if_exists)
    return answer(quantifier == "forallvalues" or negated or if_exists)


def _one_holds(compare: _Compare, negated: bool, have: Value, wanted: tuple[Value, ...], patterns: Patterns) -> Answer:
    """One value of the context against all of the policy: any of them, or with a negated operator none."""
    found = any_of(compare(have, item, patterns) for item in wanted)
    return negate(found) if negated else found


def _is_null(value: Value, present: bool) -> Answer:
    """The Null operator: "true" wants the key absent, "false" wants it there."""
    if isinstance(value, (str, bool)):
        return answer((str(value).lower() == "true") != present)
    return maybe("what the Null condition wants is not known")


def _text(fold: bool, wildcards: bool) -> _Compare:
    def compare(have: Value, want: Value, patterns: Patterns) -> Answer:
        pattern = patterns.pattern(want, wildcards=wildcards)
        if isinstance(pattern, Answer):
            return pattern
        text = patterns.speller.spell(have)
        return matches(lower(text), lower(pattern)) if fold else matches(text, pattern)

    return compare


def _arn(have: Value, want: Value, patterns: Patterns) -> Answer:
    """Each of the six parts of an ARN by itself; wildcards do not cross a colon except in the last."""
    pattern = patterns.pattern(want)
    if isinstance(pattern, Answer):
        return pattern
    text = patterns.speller.spell(have)
    left, right = split(text, ":", 5), split(pattern, ":", 5)
    if len(left) == 6 == len(right):
        return all_of(matches(*pair) for pair in zip(left, right, strict=True))
    if pattern == (MANY,) or any(isinstance(token, Hole) for token in (*text, *pattern)):
        return matches(text, pattern)
    return NO


def _plain(compare: Callable[[str, str], bool]) -> _Compare:
    """A comparison of plain texts; a text that the operator cannot read matches nothing."""

    def wrapped(have: Value, want: Value, patterns: Patterns) -> Answer:
        for value in (have, want):
            if isinstance(value, (Unknown, Reference, Template)):
                return maybe(value.undecidable())
        pattern = patterns.pattern(want, wildcards=False)
        if isinstance(pattern, Answer):
            return pattern
        if not all(isinstance(token, str) for token in pattern):
            return maybe("a policy variable of the condition is not known")
        try:
            return answer(compare(_show(have), "".join(map(str, pattern))))
        except ValueError:
            return NO

    return wrapped


def _show(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _moment(text: str) -> float:
    """Seconds since the epoch of a date in ISO 8601 or a number of seconds."""
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return float(text) if len(text) != 4 else datetime.datetime(int(text), 1, 1, tzinfo=datetime.UTC).timestamp()
    moment = datetime.datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)).timestamp()


def _in_network(have: str, want: str) -> bool:
    return ipaddress.ip_address(have) in ipaddress.ip_network(want, strict=False)


def _ordered(convert: Callable[[str], float]) -> dict[str, tuple[_Compare, bool]]:
    return {
        "equals": (_plain(lambda have, want: convert(have) == convert(want)), False),
        "notequals": (_plain(lambda have, want: convert(have) == convert(want)), True),
        "lessthan": (_plain(lambda have, want: convert(have) < convert(want)), False),
        "lessthanequals": (_plain(lambda have, want: convert(have) <= convert(want)), False),
        "greaterthan": (_plain(lambda have, want: convert(have) > convert(want)), False),
        "greaterthanequals": (_plain(lambda have, want: convert(have) >= convert(want)), False),
    }


OPERATORS: Mapping[str, tuple[_Compare, bool]] = {
    "stringequals": (_text(fold=False, wildcards=False), False),
    "stringnotequals": (_text(fold=False, wildcards=False), True),
    "stringequalsignorecase": (_text(fold=True, wildcards=False), False),
    "stringnotequalsignorecase": (_text(fold=True, wildcards=False), True),
    "stringlike": (_text(fold=False, wildcards=True), False),
    "stringnotlike": (_text(fold=False, wildcards=True), True),
    "arnequals": (_arn, False),
    "arnlike": (_arn, False),
    "arnnotequals": (_arn, True),
    "arnnotlike": (_arn, True),
    "bool": (_plain(lambda have, want: have.lower() == want.lower()), False),
    "binaryequals": (_plain(lambda have, want: have == want), False),
    "ipaddress": (_plain(_in_network), False),
    "notipaddress": (_plain(_in_network), True),
    **{f"numeric{name}": row for name, row in _ordered(float).items()},
    **{f"date{name}": row for name, row in _ordered(_moment).items()},
}
"""Operator in lower case, without set qualifier and IfExists -> comparison, and whether it is negated."""
