"""The policy simulator, asked in a running sandbox."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from skyworthy.sandbox.server import Sandbox

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}
        ],
    }
)
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:staging-a1B2c3"


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", **each} for each in statements]}
    )


def _role(iam: Any, *statements: dict[str, Any]) -> str:
    arn = str(iam.create_role(RoleName="task", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"])
    if statements:
        iam.put_role_policy(RoleName="task", PolicyName="own", PolicyDocument=_policy(*statements))
    return arn


def _decided(result: dict[str, Any]) -> tuple[str, list[str]]:
    return result["EvalDecision"], [each["SourcePolicyId"] for each in result["MatchedStatements"]]


def _ask(iam: Any, arn: str, action: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    asked = {"PolicySourceArn": arn, "ActionNames": [action], "ResourceArns": [resource], **more}
    (result,) = iam.simulate_principal_policy(**asked)["EvaluationResults"]
    return dict(result)


def test_inline_and_managed_policies_decide(sandbox: Sandbox) -> None:
    iam = sandbox.client("iam")
    role = _role(
        iam,
        {"Action": "secretsmanager:GetSecretValue", "Resource": SECRET},
        {"Effect": "Deny", "Action": "s3:DeleteBucket"},
        {"Action": "s3:*"},
    )
    iam.attach_role_policy(RoleName="task", PolicyArn="arn:aws:iam::aws:policy/AmazonECS_FullAccess")

    assert _decided(_ask(iam, role, "secretsmanager:GetSecretValue", SECRET)) == ("allowed", ["own"])
    assert _decided(_ask(iam, role, "secretsmanager:GetSecretValue", f"{SECRET}2")) == ("implicitDeny", [])
    assert _decided(_ask(iam, role, "s3:DeleteBucket")) == ("explicitDeny", ["own"])
    assert _decided(_ask(iam, role, "ecs:CreateService")) == ("allowed", ["AmazonECS_FullAccess"])


def test_each_action_is_answered_for_each_resource(sandbox: Sandbox) -> None:
    iam = sandbox.client("iam")
    role = _role(iam, {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::mine/*"})
    resources = ["arn:aws:s3:::mine/a", "arn:aws:s3:::other/a"]

    results = iam.simulate_principal_policy(
        PolicySourceArn=role, ActionNames=["s3:GetObject", "s3:PutObject"], ResourceArns=resources
    )["EvaluationResults"]

    assert [(each["EvalActionName"], each["EvalResourceName"], each["EvalDecision"]) for each in results] == [
        ("s3:GetObject", resources[0], "allowed"),
        ("s3:GetObject", resources[1], "implicitDeny"),
        ("s3:PutObject", resources[0], "implicitDeny"),
        ("s3:PutObject", resources[1], "implicitDeny"),
    ]
    (specific,) = results[0]["ResourceSpecificResults"]
    assert (specific["EvalResourceName"], specific["EvalResourceDecision"]) == (resources[0], "allowed")


def test_condition_whose_key_is_missing_denies_and_names_the_key(sandbox: Sandbox) -> None:
    iam = sandbox.client("iam")
    only_here = {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}
    role = _role(iam, {"Action": "ec2:RunInstances", "Condition": only_here}, {"Action": "ec2:StopInstances"})

    missing = _ask(iam, role, "ec2:RunInstances")
    assert (missing["EvalDecision"], missing["MissingContextValues"]) == ("implicitDeny", ["aws:RequestedRegion"])
    assert _ask(iam, role, "ec2:StopInstances")["MissingContextValues"] == []
    for region, decision in (("us-east-1", "allowed"), ("eu-west-1", "implicitDeny")):
        entry = {"ContextKeyName": "aws:RequestedRegion", "ContextKeyValues": [region], "ContextKeyType": "string"}
        result = _ask(iam, role, "ec2:RunInstances", ContextEntries=[entry])
        assert (result["EvalDecision"], result["MissingContextValues"]) == (decision, [])
    assert iam.get_context_keys_for_principal_policy(PolicySourceArn=role)["ContextKeyNames"] == ["aws:RequestedRegion"]


def test_policy_variable_without_value_matches_nothing(sandbox: Sandbox) -> None:
    iam = sandbox.client("iam")
    role = _role(iam, {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::home/${aws:username}/*"})

    result = _ask(iam, role, "s3:GetObject", "arn:aws:s3:::home/ann/a")
    assert (result["EvalDecision"], result["MissingContextValues"]) == ("implicitDeny", ["aws:username"])
    entry = {"ContextKeyName": "aws:username", "ContextKeyValues": ["ann"], "ContextKeyType": "string"}
    assert _decided(_ask(iam, role, "s3:GetObject", "arn:aws:s3:::home/ann/a", ContextEntries=[entry]))[0] == "allowed"


def test_boundary_limits(sandbox: Sandbox) -> None:
    iam = sandbox.client("iam")
    role = _role(iam, {"Action": "s3:*"})
    limit = iam.create_policy(PolicyName="limit", PolicyDocument=_policy({"Action": "s3:Get*"}))["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName="task", PermissionsBoundary=limit)

    inside, outside = _ask(iam, role, "s3:GetObject"), _ask(iam, role, "s3:PutObject")

    assert (inside["EvalDecision"], inside["PermissionsBoundaryDecisionDetail"]) == (
        "allowed",
        {"AllowedByPermissionsBoundary": True},
    )
    assert (outside["EvalDecision"], outside["PermissionsBoundaryDecisionDetail"]) == (
        "implicitDeny",
        {"AllowedByPermissionsBoundary": False},
    )


def test_policies_of_a_users_groups_count(sandbox: Sandbox) -> None:
    iam = sandbox.client("iam")
    user = iam.create_user(UserName="ann")["User"]["Arn"]
    iam.create_group(GroupName="readers")
    iam.put_group_policy(GroupName="readers", PolicyName="read", PolicyDocument=_policy({"Action": "s3:Get*"}))
    assert _decided(_ask(iam, user, "s3:GetObject")) == ("implicitDeny", [])

    iam.add_user_to_group(GroupName="readers", UserName="ann")
    assert _decided(_ask(iam, user, "s3:GetObject")) == ("allowed", ["read"])


def test_resource_that_needs_a_policy_of_its_own_leaves_it_to_the_account_unless_one_is_given(sandbox: Sandbox) -> None:
    iam = sandbox.client("iam")
    role = _role(iam, {"Action": "kms:Decrypt"})
    key = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    only_ann = _policy({"Action": "kms:*", "Principal": {"AWS": "arn:aws:iam::123456789012:user/ann"}})

    assert _decided(_ask(iam, role, "kms:Decrypt", key)) == ("allowed", ["own"])
    closed = _ask(iam, role, "kms:Decrypt", key, ResourcePolicy=only_ann, CallerArn=role)
    assert closed["EvalDecision"] == "implicitDeny"


def test_custom_policies_are_numbered_and_come_in_pages(sandbox: Sandbox) -> None:
    iam = sandbox.client("iam")
    policies = [_policy({"Action": "s3:Get*"}), _policy({"Action": "s3:Put*"})]
    actions = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]

    whole = iam.simulate_custom_policy(PolicyInputList=policies, ActionNames=actions)["EvaluationResults"]

    assert [_decided(each) for each in whole] == [
        ("allowed", ["PolicyInputList.1"]),
        ("allowed", ["PolicyInputList.2"]),
        ("implicitDeny", []),
    ]


@pytest.mark.parametrize(
    ("arn", "code"),
    [("arn:aws:iam::123456789012:role/absent", "NoSuchEntity"), ("arn:aws:iam::123456789012:bird/a", "NoSuchEntity")],
)
def test_source_that_does_not_exist_is_an_error(sandbox: Sandbox, arn: str, code: str) -> None:
    with pytest.raises(ClientError) as raised:
        _ask(sandbox.client("iam"), arn, "s3:GetObject")

    assert raised.value.response["Error"]["Code"] == code


def test_text_that_is_no_policy_is_an_error(sandbox: Sandbox) -> None:
    with pytest.raises(ClientError) as raised:
        sandbox.client("iam").simulate_custom_policy(PolicyInputList=["{nothing"], ActionNames=["s3:GetObject"])

    assert raised.value.response["Error"]["Code"] == "InvalidInput"
