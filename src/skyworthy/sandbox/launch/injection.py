"""The environment that ECS would give a container: what its definition says, with every reference resolved.

Rules: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html
and https://docs.aws.amazon.com/AmazonECS/latest/developerguide/use-environment-file.html
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError

from skyworthy.estate import Undecidable, Unknown

ClientFactory = Callable[[str], Any]
"""boto3's name of a service -> a client of it."""

MayRead = Callable[[str, str, str], bool | Unknown]
"""(role ARN, action, resource ARN) -> whether the role's policies allow it, or why that cannot be decided."""

_INITIALIZATION = "ResourceInitializationError: unable to pull secrets or registry auth: "
_RETRIEVAL = _INITIALIZATION + "execution resource retrieval failed: "


class TaskFailure(Exception):
    """The task does not start; the message has the form of ECS's ``stoppedReason``."""


@dataclass(frozen=True)
class Injected:
    """The environment of a container, resolved.

    Args:
        plain: variables of ``environment`` and ``environmentFiles``.
        secret: variables of ``secrets``; their values stay in here.
    """

    plain: Mapping[str, str]
    secret: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class ExecutionRole:
    """What the agent does before a container starts, in the name of the task's execution role.

    Args:
        arn: the role; empty where the task definition has none.
        session: name of the role session, ECS's task id.
        client: makes clients of the account.
        may_read: decides what the role may.
    """

    arn: str
    session: str
    client: ClientFactory
    may_read: MayRead

    def require(self, action: str, resource: str, failing: str) -> None:
        """Refuse what the role's policies do not allow, or what cannot be decided.

        Args:
            action: ``secretsmanager:GetSecretValue``.
            resource: its ARN.
            failing: what fails without it, in ECS's words; the beginning of the message.

        Raises:
            TaskFailure: as AWS would say it; where it is undecided, with the reason.
        """
        if not self.arn:
            raise TaskFailure(f"{failing}the task definition has no execution role")
        try:
            allowed = self.may_read(self.arn, action, resource)
        except Undecidable as undecidable:
            allowed = Unknown(undecidable.reason)
        if isinstance(allowed, Unknown):
            raise TaskFailure(f"{failing}undecided whether {self.arn} may {action} on {resource}: {allowed.reason}")
        if not allowed:
            raise TaskFailure(
                f"{failing}AccessDeniedException: User: {self._assumed} is not authorized to perform: {action} "
                f"on resource: {resource}"
            )

    @property
    def _assumed(self) -> str:
        """The ARN under which IAM knows the session."""
        _, partition, _, _, account, role = self.arn.split(":", 5)
        return f"arn:{partition}:sts::{account}:assumed-role/{role.rpartition('/')[2]}/{self.session}"


def resolve(container: Mapping[str, Any], role: ExecutionRole) -> Injected:
    """The environment of a container.

    Args:
        container: a container definition as DescribeTaskDefinition returns it.
        role: the task's execution role.

    Raises:
        TaskFailure: a reference does not resolve, or the role may not read it.
    """
    plain = _environment_files(container.get("environmentFiles", ()), role)
    plain |= {item["name"]: item["value"] for item in container.get("environment", ())}
    log_secrets = container.get("logConfiguration", {}).get("secretOptions", ())
    secret = {item["name"]: resolve_reference(item["valueFrom"], role) for item in container.get("secrets", ())}
    for item in log_secrets:  # they go to the log driver, but the task does not start without them either
        resolve_reference(item["valueFrom"], role)
    return Injected(plain, secret)


def resolve_reference(value_from: str, role: ExecutionRole) -> str:
    """The value behind a ``valueFrom``: a key or the whole of a secret, or a parameter of SSM.

    Raises:
        TaskFailure: it does not resolve, or the role may not read it.
    """
    service = value_from.split(":")[2] if value_from.count(":") >= 5 else "ssm"  # a bare name is a parameter's
    if service == "secretsmanager":
        return _secret(value_from, role)
    if service == "ssm":
        return _parameter(value_from, role)
    raise TaskFailure(f"{_RETRIEVAL}{value_from} is neither a secret nor a parameter")


def _secret(value_from: str, role: ExecutionRole) -> str:
    """``arn:aws:secretsmanager:region:account:secret:name[:json-key:version-stage:version-id]``."""
    failing = f"{_RETRIEVAL}unable to retrieve secret from asm: "
    parts = value_from.split(":")
    if len(parts) not in (7, 10):
        raise TaskFailure(f"{failing}unexpected ARN format with parameters when trying to retrieve ASM secret")
    arn, (key, stage, version) = ":".join(parts[:7]), (parts[7:] or ["", "", ""])
    which = {"VersionStage": stage, "VersionId": version}
    fetching = f"{failing}failed to fetch secret {arn} from secrets manager: "
    client = role.client("secretsmanager")
    try:
        described = client.describe_secret(SecretId=arn)
        role.require("secretsmanager:GetSecretValue", described["ARN"], fetching)
        _require_decrypt(described.get("KmsKeyId", ""), role, fetching)
        value = client.get_secret_value(SecretId=arn, **{name: item for name, item in which.items() if item})
    except ClientError as error:
        raise TaskFailure(f"{fetching}{_aws(error)}") from error
    text: str = value.get("SecretString", "")  # a binary secret reads as nothing, as in the agent
    return _json_key(text, key, failing) if key else text


def _json_key(text: str, key: str, failing: str) -> str:
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        # The cause would carry the text of the secret.
        raise TaskFailure(f"{failing}the secret is not JSON (position {error.pos})") from None
    if not isinstance(content, dict):
        raise TaskFailure(f"{failing}the secret is not a JSON object")
    if key not in content:
        raise TaskFailure(f"{failing}retrieved secret from Secrets Manager did not contain json key {key}")
    return as_go_prints(content[key])


def as_go_prints(value: Any) -> str:
    """A JSON value as the agent writes it into the environment: Go's ``%v`` of what Go's decoder made of it.

    A number becomes a float64, so that ``1234567`` reads ``1.234567e+06``; null reads ``<nil>``.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{' '.join(map(as_go_prints, value))}]"
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{as_go_prints(value[key])}' for key in sorted(value))}]"
    return _float(float(value))


def _float(number: float) -> str:
    """Go's ``%v`` of a float64: the fewest digits, in exponent notation from 1e+06 on and below 1e-04."""
    digits = Decimal(repr(number)).normalize()
    exponent = digits.adjusted()
    if number and not -4 <= exponent < 6:
        mantissa = digits.scaleb(-exponent).normalize()
        return f"{mantissa:f}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
    return f"{digits:f}"


def _parameter(value_from: str, role: ExecutionRole) -> str:
    """A parameter's ARN, or its name where it is in the task's own region."""
    failing = f"{_RETRIEVAL}unable to retrieve secrets from ssm: "
    name = value_from
    if value_from.startswith("arn:"):
        path = value_from.split(":", 5)[5].removeprefix("parameter")
        # parameter/name is the parameter "name", parameter/a/name is "/a/name".
        name = path if path.count("/") > 1 else path.removeprefix("/")
    client = role.client("ssm")
    try:
        found = client.get_parameters(Names=[name], WithDecryption=True)
        if not found["Parameters"]:
            raise TaskFailure(f"{failing}invalid parameters: [{name}]")
        parameter = found["Parameters"][0]
        role.require("ssm:GetParameters", parameter["ARN"], failing)
        if parameter["Type"] == "SecureString":
            filters = [{"Key": "Name", "Option": "Equals", "Values": [name]}]
            described = client.describe_parameters(ParameterFilters=filters)["Parameters"]
            _require_decrypt(described[0].get("KeyId", ""), role, failing)
    except ClientError as error:
        raise TaskFailure(f"{failing}{_aws(error)}") from error
    return str(parameter["Value"])


def _require_decrypt(key: str, role: ExecutionRole, failing: str) -> None:
    """A customer-managed key takes kms:Decrypt; the service's own key is open to whoever may use the service."""
    if not key or key.startswith("alias/aws/"):
        return
    metadata = role.client("kms").describe_key(KeyId=key)["KeyMetadata"]
    if metadata.get("KeyManager") != "AWS":
        role.require("kms:Decrypt", metadata["Arn"], failing)


def _environment_files(files: Any, role: ExecutionRole) -> dict[str, str]:
    """The variables of environment files in S3; the first file that sets a variable wins."""
    variables: dict[str, str] = {}
    for file in files:
        failing = "ResourceInitializationError: failed to download env files: "
        role.require("s3:GetObject", file["value"], failing)
        bucket, _, key = file["value"].split(":", 5)[5].partition("/")
        try:
            text = role.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
        except ClientError as error:
            raise TaskFailure(f"{failing}{file['value']}: {_aws(error)}") from error
        for line in text.splitlines():
            match = re.match(r"([^#=\s][^=\s]*)=(.*)", line)
            if match:
                variables.setdefault(match[1], match[2])
    return variables


def _aws(error: ClientError) -> str:
    return f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
