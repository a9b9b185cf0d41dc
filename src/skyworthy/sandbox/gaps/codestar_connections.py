"""CodeStar Connections: connections to source providers; they stay pending, as before somebody agrees to them."""

from typing import Any

from moto.moto_api._internal import mock_random

from skyworthy.sandbox.account.calls import AwsError, Call
from skyworthy.sandbox.gaps import answers, note, store


def _connections(call: Call) -> dict[str, dict[str, Any]]:
    """By ARN; kept with CodePipeline, since moto has no store for this service."""
    connections: dict[str, dict[str, Any]] = note(store(call, "codepipeline"), "sky_connections", dict)
    return connections


def _connection(call: Call) -> dict[str, Any]:
    arn = call.params.get("ConnectionArn") or call.params["ResourceArn"]
    if arn not in _connections(call):
        raise AwsError("ResourceNotFoundException", f"Connection {arn} not found")
    return _connections(call)[arn]


@answers("codestar-connections", "CreateConnection")
def create_connection(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/codestar-connections/latest/APIReference/API_CreateConnection.html."""
    arn = f"arn:aws:codestar-connections:{call.region}:{call.account}:connection/{mock_random.uuid4()}"
    given: dict[str, Any] = {
        name: call.params[name] for name in ("ConnectionName", "ProviderType", "HostArn") if name in call.params
    }
    _connections(call)[arn] = {
        **given,
        "ConnectionArn": arn,
        "ConnectionStatus": "PENDING",
        "OwnerAccountId": call.account,
        "tags": {each["Key"]: each["Value"] for each in call.params.get("Tags", [])},
    }
    return {"ConnectionArn": arn, "Tags": call.params.get("Tags", [])}


@answers("codestar-connections", "GetConnection")
def get_connection(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/codestar-connections/latest/APIReference/API_GetConnection.html."""
    return {"Connection": _connection(call)}


@answers("codestar-connections", "ListConnections")
def list_connections(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/codestar-connections/latest/APIReference/API_ListConnections.html."""
    kind = call.params.get("ProviderTypeFilter")
    found = [each for each in _connections(call).values() if kind in (None, each.get("ProviderType"))]
    return {"Connections": found}


@answers("codestar-connections", "DeleteConnection")
def delete_connection(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/codestar-connections/latest/APIReference/API_DeleteConnection.html."""
    del _connections(call)[_connection(call)["ConnectionArn"]]
    return {}


@answers("codestar-connections", "ListTagsForResource")
def list_tags(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/codestar-connections/latest/APIReference/API_ListTagsForResource.html."""
    return {"Tags": [{"Key": key, "Value": value} for key, value in _connection(call)["tags"].items()]}


@answers("codestar-connections", "TagResource")
def tag(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/codestar-connections/latest/APIReference/API_TagResource.html."""
    _connection(call)["tags"].update({each["Key"]: each["Value"] for each in call.params["Tags"]})
    return {}


@answers("codestar-connections", "UntagResource")
def untag(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/codestar-connections/latest/APIReference/API_UntagResource.html."""
    for key in call.params["TagKeys"]:
        _connection(call)["tags"].pop(key, None)
    return {}
