"""Which secret a source names, and which keys its JSON holds."""

import difflib
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress

from skyworthy.behavior.secrets.injections import Injection, injections
from skyworthy.behavior.secrets.value_from import ARN_FIELDS, MANAGED, SECRET_TYPES, ValueFrom, fields_of, known_text
from skyworthy.estate import Estate, Reference, Resource, Template, Undecidable, Unknown, Value

MANAGED_KEYS = frozenset({"username", "password"})
"""Keys of the secret that RDS makes for a master user.

Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html
"""


def secret_of(source: ValueFrom, estate: Estate) -> Resource | None:
    """The secret that a source names, None where the estate does not have it.

    An ARN is also found by the name within it, with and without the six random characters that AWS appends.

    Raises:
        Undecidable: where the ARN is not known.
    """
    identifier = source.identifier
    if isinstance(identifier, Reference):
        found = estate.get(identifier.address)
        if found is None or found.type == "aws_secretsmanager_secret":
            return found
        pointer = "secret_arn" if found.type == "aws_secretsmanager_secret_policy" else "secret_id"
        return estate.find(found[pointer], "aws_secretsmanager_secret") if found.type in SECRET_TYPES else None
    if isinstance(identifier, str) and (exact := estate.find(identifier, "aws_secretsmanager_secret")):
        return exact
    name = known_text(fields_of(identifier)[ARN_FIELDS - 1])
    secrets = estate.of("aws_secretsmanager_secret")
    by_name = [item for item in secrets if _is_named(item, name)]
    return by_name[0] if len(by_name) == 1 else None


def nearest_name(source: ValueFrom, estate: Estate) -> str:
    """A declared secret whose name is nearly the one that a source names, empty where none is: a slip of the pen."""
    if isinstance(source.identifier, Reference):
        return ""
    name = re.sub(r"-[A-Za-z0-9]{6}$", "", secret_name(source))
    names = [item.peek("name") for item in estate.of("aws_secretsmanager_secret")]
    return next(iter(difflib.get_close_matches(name, [item for item in names if isinstance(item, str)], 1, 0.8)), "")


def secret_name(source: ValueFrom) -> str:
    """The name in a secret's ARN, or the reference's notation."""
    identifier = source.identifier
    if isinstance(identifier, Reference):
        return str(identifier)
    return str(fields_of(identifier)[-1 if source.store == "ssm" else ARN_FIELDS - 1])


def _is_named(secret: Resource, name: str) -> bool:
    own = secret.peek("name")
    if not isinstance(own, str):
        return False
    arn = secret.attributes.get("arn")
    if isinstance(arn, str) and _has_suffix(name, own):
        return arn.endswith(f":{name}")
    return name == own or _has_suffix(name, own)


def _has_suffix(name: str, own: str) -> bool:
    """Whether a name is another with a hyphen and six letters or digits behind it."""
    return re.fullmatch(re.escape(own) + r"-[A-Za-z0-9]{6}", name) is not None


def is_managed_by_rds(source: ValueFrom) -> bool:
    """Whether it is the secret that RDS makes for a master user (``manage_master_user_password``)."""
    identifier = source.identifier
    if isinstance(identifier, Reference):
        return MANAGED.search(identifier.attribute) is not None
    return isinstance(identifier, str) and ":secret:rds!" in identifier


def keys_of(secret: Resource, estate: Estate, stage: str = "") -> frozenset[str] | None:
    """The keys of a secret's JSON.

    Args:
        secret: an ``aws_secretsmanager_secret``.
        estate: where its versions stand.
        stage: the version's stage; empty: AWSCURRENT.

    Returns:
        The keys; None where the secret is a plain text.

    Raises:
        Undecidable: where the value, or the set of its keys, is not known.
    """
    found = {_keys(version) for version in _versions(secret, estate, stage or "AWSCURRENT")}
    if not found:
        raise Undecidable(f"{secret.address} has no version in this stack: what it holds is set elsewhere")
    if len(found) > 1:
        raise Undecidable(f"{secret.address} has several versions with different keys")
    return found.pop()


def injected_values(injection: Injection, estate: Estate) -> Iterator[Value]:
    """What the code says that an injected variable holds, as far as it is part of the estate.

    Raises:
        Undecidable: where it is not known which secret is injected.
    """
    try:
        source = injection.source
    except ValueError:
        return  # names nothing that can be injected
    if source.store == "ssm":
        parameter = estate.find(source.identifier, "aws_ssm_parameter")
        yield parameter.attributes.get("value") if parameter is not None else None
        return
    secret = None if is_managed_by_rds(source) else secret_of(source, estate)
    for version in _versions(secret, estate, source.version_stage or "AWSCURRENT") if secret is not None else ():
        value = version.attributes.get("secret_string")
        yield value.get(source.json_key) if source.json_key and isinstance(value, Mapping) else value


def injected_environment(task_definition: Resource, container: str, estate: Estate) -> dict[str, Value]:
    """The variables that are injected into a container and whose text is part of the code: name -> text.

    Raises:
        Undecidable: where the container definitions are not known.
    """
    found: dict[str, Value] = {}
    for injection in injections(task_definition):
        if injection.container == container:
            with suppress(Undecidable):  # ecs.secret-value-from-resolves tells it
                for value in injected_values(injection, estate):
                    if isinstance(value, (str, Reference, Template)):
                        found[injection.name] = value
    return found


def _versions(secret: Resource, estate: Estate, stage: str) -> Iterator[Resource]:
    for version in estate.of("aws_secretsmanager_secret_version"):
        if estate.find(version.peek("secret_id"), "aws_secretsmanager_secret") is not secret:
            continue
        stages = version.attributes.get("version_stages")
        if stages is None or isinstance(stages, Unknown) or stage in stages:
            yield version


def _keys(version: Resource) -> frozenset[str] | None:
    for name in ("secret_string", "secret_string_wo"):
        value = version.attributes.get(name)
        if isinstance(value, Mapping):
            if not value and version.ignores("secret_string"):
                raise Undecidable(f"{version.address} is filled outside Terraform")
            return frozenset(map(str, value))
        if isinstance(value, (Unknown, Reference, Template)):
            undecidable = value.undecidable()
            raise Undecidable(f"{name} of {version.address}: {undecidable.reason}", denied=undecidable.denied)
        if value is not None:
            return None
    if version.attributes.get("secret_binary") is not None:
        return None
    raise Undecidable(f"what {version.address} holds is not known")
