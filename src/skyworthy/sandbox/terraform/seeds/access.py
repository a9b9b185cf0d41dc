"""Roles, policies, keys, secrets and parameters that must pre-exist."""

import json

from skyworthy.sandbox.terraform.placeholders import strings
from skyworthy.sandbox.terraform.seeds import Wanted, absent, makes, once

_TRUST = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}'
_NOTHING = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"none:None","Resource":"*"}]}'
_LOOKED_UP = "made for a data source"
_MANAGED = "arn:aws:iam::aws:policy/"


@makes("aws_iam_openid_connect_provider")
def oidc_provider(wanted: Wanted) -> str | None:
    """An identity provider, by URL or ARN."""
    url = wanted.text("url") or (wanted.text("arn") or "").partition(":oidc-provider/")[2]
    if not url:
        return None
    url = url if url.startswith("https://") else f"https://{url}"
    create = wanted.client("iam").create_open_id_connect_provider
    return url if once(create, Url=url, ClientIDList=["sts.amazonaws.com"]) else None


@makes("aws_iam_role")
def role(wanted: Wanted) -> str | None:
    """A role that anybody may assume."""
    name = wanted.text("name")
    if name is None:
        return None
    create = wanted.client("iam").create_role
    return name if once(create, RoleName=name, AssumeRolePolicyDocument=_TRUST) else None


@makes("aws_iam_policy")
def policy(wanted: Wanted) -> str | None:
    """A policy of the account that allows nothing; AWS's own ones are there."""
    iam, arn = wanted.client("iam"), wanted.text("arn")
    name = arn.rpartition("/")[2] if arn else wanted.text("name")
    if name is None or (arn and arn.startswith(_MANAGED)):
        return None
    managed = (f"{_MANAGED}{path}{name}" for path in ("", "service-role/", "job-function/", "aws-service-role/"))
    if not arn and any(not absent(iam.get_policy, PolicyArn=each) for each in managed):
        return None
    return name if once(iam.create_policy, PolicyName=name, PolicyDocument=_NOTHING) else None


@makes("aws_iam_user")
def user(wanted: Wanted) -> str | None:
    """A user."""
    name = wanted.text("user_name")
    return name if name and once(wanted.client("iam").create_user, UserName=name) else None


@makes("aws_iam_group")
def group(wanted: Wanted) -> str | None:
    """A group."""
    name = wanted.text("group_name")
    return name if name and once(wanted.client("iam").create_group, GroupName=name) else None


@makes("aws_iam_instance_profile")
def instance_profile(wanted: Wanted) -> str | None:
    """An instance profile with a role of its name."""
    name, iam = wanted.text("name"), wanted.client("iam")
    if name is None or not once(iam.create_instance_profile, InstanceProfileName=name):
        return None
    once(iam.create_role, RoleName=name, AssumeRolePolicyDocument=_TRUST)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    return name


@makes("aws_kms_alias", "aws_kms_key")
def key(wanted: Wanted) -> str | None:
    """A key with an alias; AWS's own aliases are given to new keys."""
    name, kms = wanted.text("name", "key_id"), wanted.client("kms")
    if name is None or not name.startswith("alias/"):
        return None
    aliases = [each for page in kms.get_paginator("list_aliases").paginate() for each in page["Aliases"]]
    if any(each["AliasName"] == name and each.get("TargetKeyId") for each in aliases):
        return None
    if not absent(kms.describe_key, KeyId=name):  # an alias of AWS gets its key when it is first used
        return None
    made = kms.create_key(Description=f"for {name}")["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=name, TargetKeyId=made)
    return name


@makes("aws_secretsmanager_secret", "aws_secretsmanager_secret_version")
def secret(wanted: Wanted) -> str | None:
    """A secret; where members of it are read, each holds a placeholder."""
    name, client = wanted.text("name", "secret_id", "arn"), wanted.client("secretsmanager")
    if name is None or name.startswith("arn:"):
        return None
    for attribute in ("id", "arn"):
        wanted.know(attribute, name)
    content = {member: strings(member, wanted.existing)[0] for member in wanted.members}
    text = json.dumps(content)
    if once(client.create_secret, Name=name, Description=_LOOKED_UP, SecretString=text):
        return name
    if content and client.describe_secret(SecretId=name).get("Description") == _LOOKED_UP:
        held = json.loads(client.get_secret_value(SecretId=name)["SecretString"])
        if not content.keys() <= held.keys():
            client.put_secret_value(SecretId=name, SecretString=json.dumps({**content, **held}))
            return f"{name} with {', '.join(content)}"
    return None


@makes("aws_ssm_parameter")
def parameter(wanted: Wanted) -> str | None:
    """A parameter with a placeholder; the public ones below /aws are there."""
    name, ssm = wanted.text("name"), wanted.client("ssm")
    if name is None or name.startswith(("/aws/", "arn:")) or not absent(ssm.get_parameter, Name=name):
        return None
    value = strings(name.rpartition("/")[2].replace("-", "_"), wanted.existing)[0]
    ssm.put_parameter(Name=name, Value=value, Type="String")
    return name
