"""What ARNs and names look like before they exist.

A declared policy speaks of ``aws_secretsmanager_secret.main.arn``, of an ARN pattern with the secret's name in it, or
of both. To compare them, a reference is spelled out as far as AWS's documented ARN formats allow: the account, the
region and random suffixes stay holes, the same hole wherever they occur.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from skyworthy.behavior.memory import once_per_estate
from skyworthy.behavior.permissions.matching import Hole, Token, Tokens, literal
from skyworthy.behavior.permissions.memory import remembered
from skyworthy.estate import Estate, Reference, Resource, Template, Unknown, Value, leaves, type_of

_MANAGED_SECRET = re.compile(r"master_user_secret\.\d+\.secret_arn")
_MANAGED_SECRETS = {"aws_db_instance": "rds!db-", "aws_rds_cluster": "rds!cluster-"}
"""How RDS names the secrets in which it keeps master passwords.

Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html
"""

_NAME_ATTRIBUTES = ("name", "bucket", "identifier", "function_name", "alarm_name")
_FIELD = re.compile(r"\{(\w+)\}")
_REGION = re.compile(r"\b[a-z]{2}(?:-gov|-iso[a-z]?)?-(?:north|south|east|west|central)(?:east|west)?-\d\b")
_ZONE = re.compile(r"([a-z]{2}(?:-[a-z]+)+-\d)[a-z]")
_CALLER = re.compile(r"(^|\.)data\.aws_(caller_identity|region|partition)\.")
_DEEPEST = 8
NOBODY = "skyworthy.nobody"
"""Address of references that stand for a name which nothing and nobody bears."""


@dataclass(frozen=True)
class Scope:
    """Where an estate lives; an empty string where that is not known.

    Args:
        partition: ``aws`` unless the region says otherwise.
        region: ``us-east-1``.
        account: twelve digits.
    """

    partition: str = "aws"
    region: str = ""
    account: str = ""


@once_per_estate
def scope_of(estate: Estate) -> Scope:
    """Partition, region and account as far as ARNs, zones, endpoints, else any text of the estate tell."""
    region = account = ""
    for resource in estate:
        place = _place(resource)
        region, account = region or place.region, account or place.account
        if region and account:
            break
    region = region or _only_region(estate)
    partition = "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"
    return Scope(partition, region, account)


def _only_region(estate: Estate) -> str:
    """The region that the estate's texts speak of where it is a single one, else empty."""
    found: set[str] = set()
    for resource in estate:
        for text in leaves(resource.attributes):
            if isinstance(text, str):
                found.update(_REGION.findall(text))
        if len(found) > 1:
            return ""
    return next(iter(found), "")


def _place(resource: Resource) -> Scope:
    """What one resource tells of where it lives."""
    arn = _text(resource.attributes.get("arn")).split(":")
    if len(arn) > 5 and arn[0] == "arn" and arn[4] != "aws":
        return Scope(region=arn[3], account=arn[4])
    if resource.data and resource.type == "aws_caller_identity":
        return Scope(account=_text(resource.attributes.get("account_id")))
    if resource.data and resource.type == "aws_region":
        return Scope(region=_text(resource.attributes.get("name")) or _text(resource.attributes.get("region")))
    if resource.type == "aws_vpc_endpoint":
        service = _text(resource.attributes.get("service_name")).split(".")
        return Scope(region=service[2] if len(service) > 3 else "")
    zone = _ZONE.fullmatch(_text(resource.attributes.get("availability_zone")))
    return Scope(region=zone[1] if zone else "")


def _text(value: Value) -> str:
    return value if isinstance(value, str) else ""


def in_partition(value: Value, partition: str) -> Value:
    """An ARN of partition ``aws``, or a template of one, in another partition; any other value as it is."""
    if isinstance(value, str) and value.startswith("arn:aws:"):
        return value.replace("arn:aws:", f"arn:{partition}:", 1)
    if isinstance(value, Template) and isinstance(value.parts[0], str):
        return Template((in_partition(value.parts[0], partition), *value.parts[1:]))
    return value


class Speller:
    """Spells values as tokens, references as far as the estate tells what they will be.

    Args:
        estate: where references point.
        scope: partition, region, account; taken from the estate where None.
    """

    def __init__(self, estate: Estate, scope: Scope | None = None) -> None:
        self.estate = estate
        self.scope = remembered(estate, "scope", lambda: scope_of(estate)) if scope is None else scope

    def spell(self, value: Value, text: Callable[[str], Tokens] = literal) -> Tokens:
        """The tokens of a value.

        Args:
            value: a string, number, boolean, Reference, Template or Unknown.
            text: what to make of its literal parts: :func:`matching.literal`, :func:`matching.glob`.
        """
        return tuple(self._spell(value, text, 0))

    def account(self) -> Tokens:
        """The tokens of the estate's account."""
        return tuple(self._scope("account"))

    def _spell(self, value: Value, text: Callable[[str], Tokens], depth: int) -> Iterator[Token]:
        if isinstance(value, Template):
            for part in value.parts:
                yield from self._spell(part, text, depth)
        elif isinstance(value, Reference):
            yield from self._reference(value, depth)
        elif isinstance(value, Unknown):
            yield Hole(id(value), why=value.reason)
        elif isinstance(value, bool):
            yield from text(str(value).lower())
        else:
            yield from text(str(value))

    def _reference(self, reference: Reference, depth: int) -> Iterator[Token]:
        if match := _CALLER.search(reference.address):
            yield from self._caller(match[2], reference)
            return
        if reference.address == NOBODY:
            yield Hole((NOBODY, reference.attribute), many=False, allowed="nobody")
            return
        if depth:
            yield from self._attribute_of(reference, depth)
            return
        key = ("spelled", reference.address, reference.attribute, self.scope)
        yield from remembered(self.estate, key, lambda: tuple(self._attribute_of(reference, 0)))

    def _attribute_of(self, reference: Reference, depth: int) -> Iterator[Token]:
        found = self.estate.get(reference.address)
        if found is None or depth > _DEEPEST:
            yield self._hole(reference)
            return
        yield from self._attribute(found, reference.attribute, depth)

    def _caller(self, kind: str, reference: Reference) -> Iterator[Token]:
        fields = {
            ("caller_identity", "account_id"): "account",
            ("caller_identity", "id"): "account",
            ("region", "name"): "region",
            ("region", "id"): "region",
            ("region", "region"): "region",
            ("partition", "partition"): "partition",
            ("partition", "id"): "partition",
        }
        field = fields.get((kind, reference.attribute))
        yield from self._scope(field) if field else (self._hole(reference),)

    def _scope(self, field: str) -> Iterator[Token]:
        known = getattr(self.scope, field)
        if known:
            yield from known
        elif field == "account":
            for place in range(12):
                yield Hole(("account", place), many=False, allowed="digit", why="the account is not known")
        else:
            yield Hole(field, allowed="segment", why=f"the {field} is not known")

    def _attribute(self, resource: Resource, attribute: str, depth: int) -> Iterator[Token]:
        """The tokens of an attribute: its value where that is known, else as its format says."""
        value = resource.attributes.get(attribute)
        itself = isinstance(value, Reference) and (value.address, value.attribute) == (resource.address, attribute)
        if value is not None and not isinstance(value, Unknown) and not itself:
            yield from self._spell(value, literal, depth + 1)
        elif attribute == "id" and (same := type_of(resource.type).id):
            yield from self._attribute(resource, same, depth + 1)
        elif attribute == "arn" and type_of(resource.type).arn:
            yield from self._arn(resource, depth)
        elif resource.type in _MANAGED_SECRETS and _MANAGED_SECRET.fullmatch(attribute):
            yield from self._managed_secret(resource)
        elif attribute in _NAME_ATTRIBUTES and isinstance(resource.attributes.get(f"{attribute}_prefix"), str):
            yield from resource.attributes[f"{attribute}_prefix"]
            yield Hole((resource.address, attribute, "suffix"), allowed="alphanumeric", why="the name is generated")
        else:
            yield self._hole(Reference(resource.address, attribute), value)

    def _arn(self, resource: Resource, depth: int) -> Iterator[Token]:
        end = 0
        format = type_of(resource.type).arn
        for match in _FIELD.finditer(format):
            yield from format[end : match.start()]
            yield from self._field(resource, match[1], depth)
            end = match.end()
        yield from format[end:]

    def _field(self, resource: Resource, field: str, depth: int) -> Iterator[Token]:
        if field in ("partition", "region", "account"):
            yield from self._scope(field)
        elif field == "random":
            for place in range(6):
                key = (resource.address, "random", place)
                yield Hole(key, False, "alphanumeric", "the suffix is random", _maker(resource))
        elif field == "key_id" and not resource.attributes.get(field) and resource.peek("multi_region") is False:
            yield from self._uuid(resource)
        elif field == "path":
            path: Any = resource.attributes.get("path")
            yield from self._spell(path, literal, depth + 1) if path else iter("/")
        elif field == "cluster_name":
            yield from self._cluster_name(resource, depth)
        elif field == "rooted_name":
            name = resource.attributes.get("name")
            if isinstance(name, str) and not name.startswith("/"):
                yield "/"
            yield from self._attribute(resource, "name", depth + 1)
        else:
            yield from self._attribute(resource, field, depth + 1)

    def _cluster_name(self, service: Resource, depth: int) -> Iterator[Token]:
        """The name of a service's cluster; a service that names none stands in the cluster ``default``."""
        value = service.attributes.get("cluster")
        found = self.estate.get(value.address) if isinstance(value, Reference) else None
        if value is None:
            yield from "default"
        elif found is not None:
            yield from self._attribute(found, "cluster_name" if found.data else "name", depth + 1)
        elif isinstance(value, str):
            yield from value.rpartition("/")[2]
        else:
            yield self._hole(Reference(service.address, "cluster"), value)

    def _managed_secret(self, resource: Resource) -> Iterator[Token]:
        """``arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!db-UUID-RANDOM``."""
        for field, end in (("partition", ":secretsmanager:"), ("region", ":"), ("account", ":secret:")):
            yield from "arn:" if field == "partition" else ""
            yield from self._scope(field)
            yield from end
        yield from _MANAGED_SECRETS[resource.type]
        why = f"the secret that RDS keeps for {resource.address} is named when it is made"
        yield Hole((resource.address, "master_user_secret"), allowed="segment", why=why, made=_maker(resource))

    def _uuid(self, resource: Resource) -> Iterator[Token]:
        """The id of a KMS key: ``1234abcd-12ab-34cd-56ef-1234567890ab``."""
        for place in range(36):
            why = f"{resource.address}.key_id is known after apply"
            yield (
                "-"
                if place in (8, 13, 18, 23)
                else Hole((resource.address, "key_id", place), False, "hexadecimal", why, _maker(resource))
            )

    def _hole(self, reference: Reference, value: Value = None) -> Hole:
        key = (reference.address, reference.attribute)
        if isinstance(value, Unknown):
            return Hole(key, why=value.reason)
        return Hole(key, allowed="text", why=f"{reference.address}.{reference.attribute} is known after apply")

    def apart(self, left: Value, right: Value) -> bool:
        """Whether both are the same identifying attribute of different resources, which cannot be equal."""
        if not isinstance(left, Reference) or not isinstance(right, Reference) or left.attribute != right.attribute:
            return False
        if left.address == right.address or left.attribute not in ("arn", "id", "key_id"):
            return False
        one, other = self.estate.get(left.address), self.estate.get(right.address)
        return one is not None and other is not None and one is not other and not one.data and not other.data


def _maker(resource: Resource) -> str:
    """The address of a resource that is made here; empty for what a data source reads, which may be the same thing."""
    return "" if resource.data else resource.address
