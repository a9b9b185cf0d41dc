"""Who must be allowed what, so that a container gets its secrets, and whether it is.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
"""

from collections.abc import Mapping
from dataclasses import dataclass

from skyworthy.behavior.permissions import Context, Decision, arn_of, role_may
from skyworthy.behavior.secrets.contents import secret_name, secret_of
from skyworthy.behavior.secrets.value_from import ValueFrom
from skyworthy.estate import Estate, Reference, Resource, Template, Unknown, Value


@dataclass(frozen=True)
class Need:
    """Something that the execution role must be allowed.

    Args:
        action: ``secretsmanager:GetSecretValue``.
        resource: ARN or Reference.
        target: what the resource is called in a message.
        context: condition keys of the request.
    """

    action: str
    resource: Value
    target: str
    context: Context


_LATER = Unknown("it is known at the time of the request only")


def needs(source: ValueFrom, estate: Estate) -> list[Need]:
    """What the execution role must be allowed to fetch a secret: reading it, and decrypting with its own key.

    A secret without ``kms_key_id`` is encrypted with a key that lets everybody in who may read the secret.
    """
    if source.store == "ssm":
        return _parameter_needs(source, estate)
    secret = secret_of(source, estate)
    arn = arn_of(secret) if secret is not None else source.identifier
    label = secret.address if secret is not None else secret_name(source)
    keys = {
        "secretsmanager:SecretId": arn,
        "secretsmanager:VersionStage": source.version_stage or "AWSCURRENT",
    }
    found = [Need("secretsmanager:GetSecretValue", arn, label, Context(keys, _LATER))]
    if secret is not None and _is_set(key_id := secret.peek("kms_key_id")):
        found += key_needs(key_id, estate, {"kms:EncryptionContext:SecretARN": arn}, "secretsmanager")
    return found


def _parameter_needs(source: ValueFrom, estate: Estate) -> list[Need]:
    parameter = estate.find(source.identifier, "aws_ssm_parameter")
    arn = arn_of(parameter) if parameter is not None else _parameter_arn(source.identifier)
    label = parameter.address if parameter is not None else f"the parameter {source.identifier}"
    found = [Need("ssm:GetParameters", arn, label, Context(otherwise=_LATER))]
    key_id = parameter.attributes.get("key_id") if parameter is not None else None
    if _is_set(key_id):
        found += key_needs(key_id, estate, {"kms:EncryptionContext:PARAMETER_ARN": arn}, "ssm")
    return found


def _is_set(value: Value) -> bool:
    return value is not None and not (isinstance(value, str) and value == "")


def _parameter_arn(identifier: Value) -> Value:
    if isinstance(identifier, str) and not identifier.startswith("arn:"):
        caller, region = (
            Reference("data.aws_caller_identity.this", "account_id"),
            Reference("data.aws_region.this", "name"),
        )
        return Template(("arn:aws:ssm:", region, ":", caller, f":parameter/{identifier.removeprefix('/')}"))
    return identifier


def key_needs(
    key_id: Value,
    estate: Estate,
    context: Mapping[str, Value],
    service: str,
    actions: tuple[str, ...] = ("kms:Decrypt",),
) -> list[Need]:
    """What a role must be allowed of a key that a service uses for it; of AWS's own (``alias/aws/...``) nothing.

    Args:
        key_id: id, ARN, alias or reference.
        estate: where the key is.
        context: the encryption context under which the service asks.
        service: by which KMS is asked: ``secretsmanager``.
        actions: what the service asks for in the role's name.

    Raises:
        Undecidable: where it is not known which key.
    """
    if isinstance(key_id, Unknown):
        raise key_id.undecidable()
    if isinstance(key_id, str) and "alias/aws/" in key_id:
        return []
    key = key_of(key_id, estate)
    arn = arn_of(key) if key is not None else key_id
    region = Reference("data.aws_region.this", "name")
    keys = {**context, "kms:ViaService": Template((f"{service}.", region, ".amazonaws.com")), "aws:ViaAWSService": True}
    label = key.address if key is not None else str(key_id)
    return [Need(action, arn, label, Context(keys, _LATER)) for action in actions]


def key_of(key_id: Value, estate: Estate) -> Resource | None:
    """The KMS key behind an id, ARN, alias or reference to one."""
    found = estate.find(key_id, "aws_kms_key", "aws_kms_alias")
    if found is not None and found.type == "aws_kms_alias":
        return estate.find(found.peek("target_key_id"), "aws_kms_key")
    return found


def may_fetch(role: Resource, need: Need, estate: Estate) -> Decision:
    """Whether a role is allowed what is needed.

    Raises:
        Undecidable: where it depends on what is not known.
    """
    return role_may(role, need.action, need.resource, estate, need.context)
