"""Everything that an account tells, for two accounts to be compared.

Three views: the raw answer of every operation of the used services that lists or describes and asks for nothing, the
raw answer of every call that `observed` makes, and every attribute that it reads of each declared resource.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from skyworthy import declared
from skyworthy.estate.codec import encode_value
from skyworthy.observed import Session, observe
from skyworthy.sandbox.cassette import Cassette
from skyworthy.sandbox.server import Sandbox

VOLATILE = {
    "ResponseMetadata": "of the request, not of the account",
    "AuthTokenLastModifiedDate": "a time, which the sandbox sends as text",
    "SecretVersionsToStages": "its keys are versions of secrets, whose ids the client chooses",
    "VersionId": "of a secret, likewise",
    "version_id": "of a secret, likewise",
    "version_stages": "of a secret, likewise",
    "creationTime": "a time as a number",
    "Serial": "of a certificate, which is signed anew",
    "StateReason": "of an alarm: holds the times of the data",
    "StateReasonData": "likewise",
}
"""Members that are left out, and why. Times are compared as being there."""
MADE_UP = {
    "cloudwatch.describe_alarm_history": "what became of alarms by the clock, not by Terraform",
    "ec2.describe_vpc_endpoint_services": "AWS's own list, with ids made at each start",
    "ec2.describe_spot_price_history": "prices of the day",
    "ec2.describe_reserved_instances_offerings": "prices made up at each start",
    "ec2.describe_instance_type_offerings": "AWS's own list, thousands of lines",
    "ec2.describe_instance_types": "AWS's own list, thousands of lines",
    "ec2.describe_images": "AWS's own list, thousands of lines",
    "rds.describe_db_engine_versions": "AWS's own list",
}
"""Operations that tell nothing of the account, and why."""
_LISTS = re.compile("^(describe|list|get_account)_")
_TIME = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?|-\d\d-\d\d)")
"""In text, and in the names of automatic snapshots."""
_VERSION = re.compile(r"(?<=\|)(terraform-[0-9a-f]{26}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$")
"""Of a secret, at the end of an id; the client chooses it."""


def inventory(sandbox: Sandbox, tape: Cassette, root: Path) -> dict[str, Any]:
    """What an account tells, as plain data without times.

    Args:
        sandbox: the account.
        tape: a recording whose services are asked.
        root: the root module that the account was made from.
    """
    services = sorted({line.split('"call": "', 1)[1].split(":", 1)[0] for line in tape.lines})
    seen = _Recorder(sandbox)
    found = observe(seen, declared.read(root), with_secrets=True, with_details=True, thorough=True)
    told = {
        "listed": dict(answer for service in services for answer in _listed(sandbox, service)),
        "read": seen.answers,
        "attributes": {item.address: encode_value(dict(item.attributes)) for item in found.estate},
        "missing": [item.address for item in found.missing],
        "unmanaged": [item.address for item in found.unmanaged],
    }
    plain: dict[str, Any] = _plain(told)
    return plain


def differences(one: Any, other: Any, place: str = "") -> Iterator[str]:
    """Where two inventories differ, a line for each place."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted({*one, *other}):
            yield from differences(one.get(name, "(none)"), other.get(name, "(none)"), f"{place}/{name}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, pair in enumerate(zip(one, other, strict=True)):
            yield from differences(*pair, f"{place}/{index}")
    elif one != other:
        yield f"{place}: {str(one)[:300]} != {str(other)[:300]}"


def _listed(sandbox: Sandbox, service: str) -> Iterator[tuple[str, Any]]:
    """The answers of operations that list or describe without being told what; what is refused counts as its code."""
    client = sandbox.client(service)
    for method, operation in sorted(client.meta.method_to_api_mapping.items()):
        name = f"{service}.{method}"
        shape = client.meta.service_model.operation_model(operation).input_shape
        if not _LISTS.match(method) or name in MADE_UP or (shape and shape.required_members):
            continue
        try:
            yield name, getattr(client, method)()
        except ClientError as error:
            yield name, error.response["Error"]["Code"]


class _Recorder(Session):
    """A session that keeps each answer as it came."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(region=sandbox.region, endpoint_url=sandbox.url, target="sandbox", attempts=1)
        self.answers: dict[str, list[Any]] = {}
        self._heard: set[str] = set()

    def client(self, service: str) -> Any:
        """As `Session.client`."""
        client = super().client(service)
        if service not in self._heard:
            self._heard.add(service)
            client.meta.events.register("after-call", self._keep)
        return client

    def _keep(self, model: Any, parsed: Any, **_: Any) -> None:
        kept = {name: value for name, value in parsed.items() if name != "SecretString"}
        self.answers.setdefault(f"{model.service_model.service_name}.{model.name}", []).append(kept)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items() if name not in VOLATILE}
    if isinstance(value, list | tuple):
        return sorted((_plain(each) for each in value), key=repr)
    if isinstance(value, datetime):
        return "time"
    return _VERSION.sub("version", _TIME.sub("time", value)) if isinstance(value, str) else value
