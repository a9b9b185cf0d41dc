"""MemoryDB: parameter groups and access control lists."""

from typing import Any

from skyworthy.sandbox.account.calls import AwsError, Call
from skyworthy.sandbox.gaps import Clients, answers, note, precedes, store

_OPEN = "open-access"
_FAULTS = {"acl": "ACLNotFoundFault", "parametergroup": "ParameterGroupNotFoundFault"}


def _groups(call: Call) -> dict[str, dict[str, Any]]:
    groups: dict[str, dict[str, Any]] = note(store(call, "memorydb"), "sky_parameter_groups", dict)
    for family in ("memorydb_redis7", "memorydb_redis6", "memorydb_valkey7"):
        name = f"default.{family.replace('_', '-')}"
        groups.setdefault(name, _group(call, name, family, "Default parameter group"))
    return groups


def _group(call: Call, name: str, family: str, description: str) -> dict[str, Any]:
    arn = f"arn:aws:memorydb:{call.region}:{call.account}:parametergroup/{name}"
    return {"Name": name, "Family": family, "Description": description, "ARN": arn, "parameters": {}}


def _lists(call: Call) -> dict[str, dict[str, Any]]:
    lists: dict[str, dict[str, Any]] = note(store(call, "memorydb"), "sky_acls", dict)
    lists.setdefault(_OPEN, _list(call, _OPEN, ["default"]))
    return lists


def _list(call: Call, name: str, users: list[str]) -> dict[str, Any]:
    return {
        "Name": name,
        "Status": "active",
        "UserNames": users,
        "MinimumEngineVersion": "6.2",
        "Clusters": [],
        "ARN": f"arn:aws:memorydb:{call.region}:{call.account}:acl/{name}",
    }


def _found(call: Call, kind: str, things: dict[str, dict[str, Any]], member: str) -> dict[str, Any]:
    name = call.params[member]
    if name not in things:
        raise AwsError(_FAULTS[kind], f"{name} is not present")
    return things[name]


def _keep_tags(call: Call, arn: str) -> None:
    store(call, "memorydb").tagger.tag_resource(arn, call.params.get("Tags", []))


# Parameter groups


@answers("memorydb", "CreateParameterGroup")
def create_parameter_group(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/memorydb/latest/APIReference/API_CreateParameterGroup.html."""
    name = call.params["ParameterGroupName"]
    if name in _groups(call):
        raise AwsError("ParameterGroupAlreadyExistsFault", f"Parameter group {name} already exists")
    group = _group(call, name, call.params["Family"], call.params.get("Description", ""))
    _groups(call)[name] = group
    _keep_tags(call, group["ARN"])
    return {"ParameterGroup": group}


@answers("memorydb", "DescribeParameterGroups")
def describe_parameter_groups(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/memorydb/latest/APIReference/API_DescribeParameterGroups.html."""
    if call.params.get("ParameterGroupName"):
        return {"ParameterGroups": [_found(call, "parametergroup", _groups(call), "ParameterGroupName")]}
    return {"ParameterGroups": list(_groups(call).values())}


@answers("memorydb", "UpdateParameterGroup")
def update_parameter_group(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/memorydb/latest/APIReference/API_UpdateParameterGroup.html."""
    group = _found(call, "parametergroup", _groups(call), "ParameterGroupName")
    for each in call.params["ParameterNameValues"]:
        group["parameters"][each["ParameterName"]] = each["ParameterValue"]
    return {"ParameterGroup": group}


@answers("memorydb", "ResetParameterGroup")
def reset_parameter_group(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/memorydb/latest/APIReference/API_ResetParameterGroup.html."""
    group = _found(call, "parametergroup", _groups(call), "ParameterGroupName")
    if call.params.get("AllParameters"):
        group["parameters"].clear()
    for name in call.params.get("ParameterNames", []):
        group["parameters"].pop(name, None)
    return {"ParameterGroup": group}


@answers("memorydb", "DescribeParameters")
def describe_parameters(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/memorydb/latest/APIReference/API_DescribeParameters.html.

    The parameters that were set; engine defaults are not modelled.
    """
    group = _found(call, "parametergroup", _groups(call), "ParameterGroupName")
    return {"Parameters": [{"Name": name, "Value": value} for name, value in sorted(group["parameters"].items())]}


@answers("memorydb", "DeleteParameterGroup")
def delete_parameter_group(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/memorydb/latest/APIReference/API_DeleteParameterGroup.html."""
    group = _found(call, "parametergroup", _groups(call), "ParameterGroupName")
    return {"ParameterGroup": _groups(call).pop(group["Name"])}


# Access control lists


@answers("memorydb", "CreateACL")
def create_acl(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/memorydb/latest/APIReference/API_CreateACL.html."""
    name = call.params["ACLName"]
    if name in _lists(call):
        raise AwsError("ACLAlreadyExistsFault", f"ACL {name} already exists")
    made = _list(call, name, list(call.params.get("UserNames", [])))
    _lists(call)[name] = made
    _keep_tags(call, made["ARN"])
    return {"ACL": made}


@answers("memorydb", "DescribeACLs")
def describe_acls(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/memorydb/latest/APIReference/API_DescribeACLs.html."""
    if call.params.get("ACLName"):
        return {"ACLs": [_found(call, "acl", _lists(call), "ACLName")]}
    return {"ACLs": list(_lists(call).values())}


@answers("memorydb", "UpdateACL")
def update_acl(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/memorydb/latest/APIReference/API_UpdateACL.html."""
    found = _found(call, "acl", _lists(call), "ACLName")
    gone = call.params.get("UserNamesToRemove", [])
    kept = [name for name in found["UserNames"] if name not in gone]
    found["UserNames"] = [*kept, *(name for name in call.params.get("UserNamesToAdd", []) if name not in kept)]
    return {"ACL": found}


@answers("memorydb", "DeleteACL")
def delete_acl(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/memorydb/latest/APIReference/API_DeleteACL.html."""
    found = _found(call, "acl", _lists(call), "ACLName")
    return {"ACL": {**_lists(call).pop(found["Name"]), "Status": "deleting"}}


# Tags of both


def _knows_no_tags_of_groups(clients: Clients) -> bool:
    arn = "arn:aws:memorydb:us-east-1:123456789012:parametergroup/default.memorydb-redis7"
    client = clients("memorydb")
    try:
        client.list_tags(ResourceArn=arn)
    except client.exceptions.ClientError:
        return True
    return False


def _of_ours(call: Call) -> str | None:
    arn = str(call.params["ResourceArn"])
    things = [*_groups(call).values(), *_lists(call).values()]
    return arn if any(each["ARN"] == arn for each in things) else None


@precedes("memorydb", "ListTags", "TagResource", "UntagResource", lacking=_knows_no_tags_of_groups)
def tags(call: Call) -> dict[str, Any] | None:
    """See https://docs.aws.amazon.com/memorydb/latest/APIReference/API_ListTags.html.

    Sources: API_TagResource.html and API_UntagResource.html there.
    """
    arn, tagger = _of_ours(call), store(call, "memorydb").tagger
    if arn is None:
        return None
    if call.operation == "TagResource":
        tagger.tag_resource(arn, call.params["Tags"])
    elif call.operation == "UntagResource":
        tagger.untag_resource_using_names(arn, call.params["TagKeys"])
    return {"TagList": tagger.list_tags_for_resource(arn)["Tags"]}
