"""Placeholders for variables: by the name, the type and the validation, as a person in a hurry would choose them."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from itertools import islice, product
from typing import TypeAlias

from skyworthy.declared.hcl import Block, Expression
from skyworthy.declared.hcl.nodes import Call, Literal, Name, ObjectConstructor, TupleConstructor
from skyworthy.estate import Value
from skyworthy.sandbox.server import ACCOUNT_ID, DEFAULT_REGION

Candidates: TypeAlias = Callable[[str], Sequence[str]]
"""Strings for the name of a variable, the best one first."""

LIMIT = 400
"""How many values are tried."""
_NUMBERS: tuple[tuple[str, int], ...] = (
    (r"port$", 8080),
    (r"(retention|days|period$)", 7),
    (r"cpu", 256),
    (r"(memory|mem$)", 512),
    (r"(storage|volume_size|disk)", 20),
    (r"max", 2),
)
_ARN = f"arn:aws:{{}}:{DEFAULT_REGION}:{ACCOUNT_ID}:{{}}"
_STRINGS: tuple[tuple[str, str], ...] = (
    (r"e?mail", "nobody@example.com"),
    (r"cidr|ip_range", "10.0.0.0/16"),
    (r"(^|_)(ip|ip_address)$", "10.0.0.10"),
    (r"role.*arn|arn.*role", f"arn:aws:iam::{ACCOUNT_ID}:role/placeholder"),
    (r"policy.*arn", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
    (r"(sns|topic).*arn", _ARN.format("sns", "placeholder")),
    (r"(sqs|queue).*arn", _ARN.format("sqs", "placeholder")),
    (r"secret.*arn", _ARN.format("secretsmanager", "secret:placeholder-AbCdEf")),
    (r"(bucket|s3).*arn", "arn:aws:s3:::placeholder"),
    (r"arn", _ARN.format("sns", "placeholder")),
    (r"account(_id)?s?$", ACCOUNT_ID),
    (r"(^|_)(az|availability_zone)s?$", f"{DEFAULT_REGION}a"),
    (r"region", DEFAULT_REGION),
    (r"url|endpoint|webhook", "https://example.com"),
    (r"domain|host|fqdn|dns|zone", "example.com"),
    (r"password|secret|token|api_?key|passphrase", "placeholder-Dummy-0"),
    (r"environment|(^|_)env$|stage", "staging"),
    (r"image(_uri|_url)?$", "public.ecr.aws/docker/library/nginx:stable"),
    (r"(tag|version)$", "1.0.0"),
    (r"(db|rds|database).*(class|type|size)", "db.t4g.micro"),
    (r"(cache|redis|node).*(class|type|size)", "cache.t4g.micro"),
    (r"instance.*(class|type|size)", "t3.micro"),
    (r"port$", "8080"),
    (r"cpu", "256"),
    (r"memory", "512"),
    (r"repo(sitory)?$", "example/placeholder"),
    (r"(branch|ref)$", "main"),
    (r"user(name)?$", "placeholder"),
)
_FORMS = (
    "placeholder",
    "dev",
    "staging",
    "prod",
    "production",
    "test",
    "example.com",
    "nobody@example.com",
    "10.0.0.0/16",
    DEFAULT_REGION,
    ACCOUNT_ID,
    _ARN.format("sns", "placeholder"),
    f"arn:aws:iam::{ACCOUNT_ID}:role/placeholder",
    "https://example.com",
    "Placeholder-0-dummy-value",
    "placeholder0",
    "PLACEHOLDER",
    "1.0.0",
    "v1.0.0",
    "1.0",
    "1",
    "t3.micro",
    "db.t3.micro",
    "rate(1 day)",
    "cron(0 3 * * ? *)",
    "03:00-04:00",
    "sun:05:00-sun:06:00",
    "example/placeholder",
    "/placeholder",
    "vpc-00000000000000000",
    "subnet-00000000000000000",
    "sg-00000000000000000",
    "ami-00000000000000000",
    "alias/placeholder",
    "2030-01-01T00:00:00Z",
)
_NO_EXPRESSIONS = frozenset({"file", "line", "name", "text", "type", "labels", "operator"})


def candidates(block: Block, guess: Candidates) -> Iterator[Value]:
    """Values for a variable, the likeliest first, at most `LIMIT`.

    Args:
        block: the `variable` block.
        guess: strings from what the account holds.
    """
    constraint = block.body.attributes.get("type")
    hints = [hint for validation in block.body.of("validation") for hint in _literals(validation)]
    expression = constraint.expression if constraint else None
    yield from islice(_values(block.labels[0], expression, hints, guess), LIMIT)


def strings(name: str, guess: Candidates) -> list[str]:
    """Strings that fit a name, the likeliest first."""
    named = [value for pattern, value in _STRINGS if re.search(pattern, name.lower())]
    return [*guess(name), *named, *_FORMS]


def _values(name: str, constraint: Expression | None, hints: Sequence[object], guess: Candidates) -> Iterator[Value]:
    if isinstance(constraint, Literal):  # the quoted type of Terraform 0.11
        constraint = Name(str(constraint.value))
    if isinstance(constraint, Call):
        yield from _composed(name, constraint, hints, guess)
    elif isinstance(constraint, Name) and constraint.name == "bool":
        yield from (False, True)
    elif isinstance(constraint, Name) and constraint.name == "number":
        yield from _numbers(name, hints)
    elif isinstance(constraint, Name) and constraint.name in ("list", "set", "map"):
        yield from _composed(name, Call(constraint.name, (Name("string"),)), hints, guess)
    else:
        yield from _texts(name, hints, guess)


def _composed(name: str, constraint: Call, hints: Sequence[object], guess: Candidates) -> Iterator[Value]:
    arguments = constraint.arguments
    if constraint.name in ("list", "set"):
        yield from _lists(name, arguments[0], hints, guess)
    elif constraint.name == "map":
        yield from ({"placeholder": each} for each in _values(name, arguments[0], hints, guess))
        yield {}
    elif constraint.name == "tuple" and isinstance(arguments[0], TupleConstructor):
        inner = [list(islice(_values(name, each, hints, guess), 8)) for each in arguments[0].items]
        yield from (list(each) for each in product(*inner))
    elif constraint.name == "object" and isinstance(arguments[0], ObjectConstructor):
        yield from _objects(arguments[0], hints, guess)
    elif constraint.name == "optional":
        yield from _values(name, arguments[0], hints, guess)


def _lists(name: str, inner: Expression, hints: Sequence[object], guess: Candidates) -> Iterator[Value]:
    """Several where there are several fitting ones: a load balancer wants two subnets."""
    if "cidr" in name.lower() and isinstance(inner, Name):
        yield ["10.0.1.0/24", "10.0.2.0/24"]
    if re.search(r"(^|_)(az|availability_zone)s$", name.lower()) and isinstance(inner, Name):
        yield [f"{DEFAULT_REGION}a", f"{DEFAULT_REGION}b"]
    several = list(guess(name)) if isinstance(inner, Name) and inner.name == "string" else []
    if len(several) > 1:
        yield several[:2]
    singles = list(islice(_values(name, inner, hints, guess), 60))
    yield from ([each] for each in singles)
    for length in (2, 3):
        yield from ([each] * length for each in singles[:3])
    yield []


def _objects(members: ObjectConstructor, hints: Sequence[object], guess: Candidates) -> Iterator[Value]:
    inner: dict[str, list[Value]] = {}
    for key, constraint in members.items:
        if isinstance(constraint, Call) and constraint.name == "optional":
            continue
        name = str(getattr(key, "value", None) or getattr(key, "name", ""))
        inner[name] = list(islice(_values(name, constraint, hints, guess), 12))
    first = {name: values[0] for name, values in inner.items()}
    yield first
    for name, values in inner.items():
        yield from ({**first, name: value} for value in values[1:])


def _numbers(name: str, hints: Sequence[object]) -> Iterator[Value]:
    yield from (value for pattern, value in _NUMBERS if re.search(pattern, name.lower()))
    yield from (1, 2, 3, 0)
    for hint in hints:
        if isinstance(hint, int | float) and not isinstance(hint, bool):
            yield from (hint, hint + 1, hint - 1)
    yield from (5, 7, 10, 30, 60, 80, 100, 256, 443, 512, 1024, 3600, 8080)


def _texts(name: str, hints: Sequence[object], guess: Candidates) -> Iterator[Value]:
    """Words that a validation names come before the general forms: most are members of a list of what is allowed."""
    words = [hint for hint in hints if isinstance(hint, str)]
    fitting = strings(name, guess)
    general = len(fitting) - len(_FORMS)
    yield from fitting[:general]
    if not words:
        yield "placeholder"
    yield from (f"{word}placeholder" for word in words if word.endswith(("-", "_", "/", ":", ".")))
    yield from words
    for hint in hints:
        if isinstance(hint, int) and 3 <= hint <= 256:
            yield from (_of_length(hint), _of_length(hint + 1), "a" * hint, "0" * hint)
    yield from fitting[general:]
    prefixes = [word.strip("^$\\") for word in words if word.strip("^$\\")]
    yield from (f"{prefix}placeholder" for prefix in prefixes)
    yield from (f"placeholder{prefix}" for prefix in prefixes)
    yield from (f"{left}{right}" for left, right in product(prefixes, prefixes))


def _of_length(length: int) -> str:
    return ("Placeholder-0-" + "dummy-" * 50)[:length]


def _literals(item: object) -> Iterator[object]:
    """The strings and numbers in a syntax tree, whatever it is made of; messages are none."""
    if isinstance(item, Literal):
        if isinstance(item.value, str | int | float) and not isinstance(item.value, bool):
            yield item.value
        return
    for part in _parts(item):
        yield from _literals(part)


def _parts(item: object) -> list[object]:
    if is_dataclass(item):
        return [getattr(item, each.name) for each in fields(item) if each.name not in _NO_EXPRESSIONS]
    if isinstance(item, Mapping):
        return [value for name, value in item.items() if name != "error_message"]
    return list(item) if isinstance(item, tuple | list) else []
