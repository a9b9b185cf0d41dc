"""Policy evaluation, by the worked examples of AWS's documentation and by its laws."""

# ruff: noqa: E501 - tables have a row a line

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyworthy.behavior.permissions import (
    Context,
    Outcome,
    Policies,
    PolicyDocument,
    Principal,
    document,
    from_json,
    may,
)
from skyworthy.estate import Estate, Reference, Resource, Template, Undecidable, Unknown

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/app"


def policy(*statements: dict[str, Any], version: str = "2012-10-17") -> PolicyDocument:
    return from_json({"Version": version, "Statement": list(statements)}, "the policy")


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def grants(
    statement: dict[str, Any], action: str = "s3:GetObject", resource: Any = "arn:aws:s3:::b/k", **context: Any
) -> bool:
    return may([policy(statement)], action, resource, Context(context.get("keys", {}))).allowed


def test_what_nobody_allows_is_denied_implicitly() -> None:
    decision = may([], "s3:GetObject", "arn:aws:s3:::b/k")
    assert (decision.outcome, decision.reason) == (
        Outcome.IMPLICITLY_DENIED,
        "no policy of the principal allows it",
    )


def test_an_explicit_deny_names_its_statement() -> None:
    decision = may([policy(allow("*"), deny("s3:*", Sid="NoBuckets"))], "s3:GetObject", "arn:aws:s3:::b/k")
    assert (decision.outcome, decision.reason) == (
        Outcome.EXPLICITLY_DENIED,
        'statement "NoBuckets" of the policy denies it',
    )


@pytest.mark.parametrize(
    ("pattern", "action", "expected"),
    [
        ("s3:GetObject", "s3:GetObject", True),
        ("S3:getobject", "s3:GetObject", True),
        ("s3:Get*", "s3:GetObject", True),
        ("s3:*Object", "s3:GetObjectAcl", False),
        ("iam:*AccessKey*", "iam:CreateAccessKey", True),
        ("s3:GetObjec?", "s3:GetObject", True),
        ("s3:GetObject?", "s3:GetObject", False),
        ("*", "s3:GetObject", True),
        (["sqs:*", "s3:Get*"], "s3:GetObject", True),
        ("s3:[G]etObject", "s3:GetObject", False),
    ],
)
def test_actions(pattern: Any, action: str, expected: bool) -> None:
    assert grants(allow(pattern), action) is expected


@pytest.mark.parametrize(
    ("pattern", "resource", "expected"),
    [
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/k", True),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b", False),
        ("arn:aws:s3:::B/*", "arn:aws:s3:::b/k", False),
        ("arn:aws:s3:::amzn-s3-demo-bucket/*/test/*", "arn:aws:s3:::amzn-s3-demo-bucket/1/2/test/3/4", True),
        ("arn:aws:sqs:us-east-2:*:queue1", f"arn:aws:sqs:us-east-2:{ACCOUNT}:queue1", True),
        ("arn:aws:sqs:us-east-2:*:queue1", f"arn:aws:sqs:us-east-2:{ACCOUNT}:queue2", False),
        (
            "arn:aws:secretsmanager:us-east-1:111122223333:secret:app-??????",
            "arn:aws:secretsmanager:us-east-1:111122223333:secret:app-a1B2c3",
            True,
        ),
        (
            "arn:aws:secretsmanager:us-east-1:111122223333:secret:app-??????",
            "arn:aws:secretsmanager:us-east-1:111122223333:secret:app-other-a1B2c3",
            False,
        ),
    ],
)
def test_resources(pattern: str, resource: str, expected: bool) -> None:
    assert grants(allow("*", pattern), "s3:GetObject", resource) is expected


@pytest.mark.parametrize(
    ("action", "expected"),
    [("iam:CreateUser", False), ("s3:GetObject", True)],
)
def test_not_action_allows_all_others(action: str, expected: bool) -> None:
    assert grants({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, action) is expected


@pytest.mark.parametrize(("bucket", "expected"), [("hr", True), ("payroll", False)])
def test_not_resource_denies_all_others(bucket: str, expected: bool) -> None:
    spare = {"Effect": "Deny", "Action": "s3:*", "NotResource": ["arn:aws:s3:::hr", "arn:aws:s3:::hr/*"]}
    decision = may([policy(allow("s3:*"), spare)], "s3:GetObject", f"arn:aws:s3:::{bucket}/k")
    assert decision.allowed is expected


# Condition operators: the examples of the documentation page, each with requests that match and that do not.
CONDITIONS = [
    ({"StringEquals": {"aws:PrincipalTag/job-category": "iamuser-admin"}}, {"aws:PrincipalTag/job-category": "iamuser-admin"}, True),
    ({"StringEquals": {"aws:PrincipalTag/job-category": "iamuser-admin"}}, {"aws:principaltag/job-category": "IAMuser-admin"}, False),
    ({"StringEquals": {"aws:PrincipalTag/job-category": "iamuser-admin"}}, {}, False),
    ({"StringNotEquals": {"aws:PrincipalTag/job-category": ["a", "b"]}}, {"aws:PrincipalTag/job-category": "b"}, False),
    ({"StringNotEquals": {"aws:PrincipalTag/job-category": ["a", "b"]}}, {"aws:PrincipalTag/job-category": "c"}, True),
    ({"StringNotEquals": {"aws:PrincipalTag/job-category": "a"}}, {}, True),
    ({"StringEqualsIgnoreCase": {"aws:username": "JohnDoe"}}, {"aws:username": "johndoe"}, True),
    ({"StringEquals": {"s3:prefix": "home/*"}}, {"s3:prefix": "home/x"}, False),
    ({"StringLike": {"s3:prefix": ["", "home/", "home/${aws:username}/"]}}, {"s3:prefix": "home/ann/", "aws:username": "ann"}, True),
    ({"StringLike": {"s3:prefix": ["", "home/", "home/${aws:username}/"]}}, {"s3:prefix": "home/bob/", "aws:username": "ann"}, False),
    ({"StringLike": {"s3:prefix": ["", "home/", "home/${aws:username}/"]}}, {"s3:prefix": "", "aws:username": "ann"}, True),
    ({"StringNotLike": {"aws:username": "admin-*"}}, {"aws:username": "admin-ann"}, False),
    ({"StringLike": {"aws:username": "a${*}b"}}, {"aws:username": "a*b"}, True),
    ({"StringLike": {"aws:username": "a${*}b"}}, {"aws:username": "axb"}, False),
    ({"NumericLessThanEquals": {"s3:max-keys": "10"}}, {"s3:max-keys": 10}, True),
    ({"NumericLessThanEquals": {"s3:max-keys": "10"}}, {"s3:max-keys": 11}, False),
    ({"NumericEquals": {"s3:max-keys": "10"}}, {"s3:max-keys": "10.0"}, True),
    ({"NumericGreaterThan": {"s3:max-keys": "10"}}, {"s3:max-keys": "many"}, False),
    ({"NumericNotEquals": {"s3:max-keys": "10"}}, {}, True),
    ({"DateGreaterThan": {"aws:TokenIssueTime": "2020-01-01T00:00:01Z"}}, {"aws:TokenIssueTime": "2020-06-01T00:00:00Z"}, True),
    ({"DateLessThan": {"aws:CurrentTime": "2020-06-30T23:59:59Z"}}, {"aws:CurrentTime": "2020-07-01T00:00:00Z"}, False),
    ({"DateLessThanEquals": {"aws:EpochTime": "1577836800"}}, {"aws:EpochTime": 1577836800}, True),
    ({"Bool": {"aws:SecureTransport": "false"}}, {"aws:SecureTransport": False}, True),
    ({"Bool": {"aws:SecureTransport": "false"}}, {"aws:SecureTransport": True}, False),
    ({"Bool": {"aws:SecureTransport": "false"}}, {}, False),
    ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, {}, True),
    ({"BinaryEquals": {"key": "QmluYXJ5VmFsdWVJbkJhc2U2NA=="}}, {"key": "QmluYXJ5VmFsdWVJbkJhc2U2NA=="}, True),
    ({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, {"aws:SourceIp": "203.0.113.7"}, True),
    ({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, {"aws:SourceIp": "203.0.114.7"}, False),
    ({"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:DB8:1234:5678::/64"]}}, {"aws:SourceIp": "2001:db8:1234:5678::1"}, True),
    ({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, {"aws:SourceIp": "203.0.113.7"}, False),
    ({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, {}, True),
    ({"ArnEquals": {"aws:SourceArn": "arn:aws:sns:eu-west-1:111122223333:MyTopic"}}, {"aws:SourceArn": "arn:aws:sns:eu-west-1:111122223333:MyTopic"}, True),
    ({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:111122223333:*"}}, {"aws:SourceArn": "arn:aws:sns:eu-west-1:111122223333:x:y"}, True),
    ({"ArnLike": {"aws:SourceArn": "arn:aws:*:111122223333:*"}}, {"aws:SourceArn": "arn:aws:sns:eu-west-1:111122223333:x"}, False),
    ({"ArnNotLike": {"aws:SourceArn": "arn:aws:sns:*:*:x"}}, {"aws:SourceArn": "arn:aws:sns:eu-west-1:111122223333:x"}, False),
    ({"ArnLike": {"aws:SourceArn": "*"}}, {"aws:SourceArn": "arn:aws:sns:eu-west-1:111122223333:x"}, True),
    ({"StringLikeIfExists": {"ec2:InstanceType": ["t1.*", "t2.*", "m3.*"]}}, {}, True),
    ({"StringLikeIfExists": {"ec2:InstanceType": ["t1.*", "t2.*", "m3.*"]}}, {"ec2:InstanceType": "t2.micro"}, True),
    ({"StringLikeIfExists": {"ec2:InstanceType": ["t1.*", "t2.*", "m3.*"]}}, {"ec2:InstanceType": "m6i.large"}, False),
    ({"Null": {"aws:TokenIssueTime": "true"}}, {}, True),
    ({"Null": {"aws:TokenIssueTime": "true"}}, {"aws:TokenIssueTime": "2020-01-01T00:00:00Z"}, False),
    ({"Null": {"aws:TokenIssueTime": "false"}}, {"aws:TokenIssueTime": "2020-01-01T00:00:00Z"}, True),
    # Set qualifiers: aws:TagKeys allows environment and cost-center.
    ({"ForAllValues:StringEquals": {"aws:TagKeys": ["environment", "cost-center"]}}, {"aws:TagKeys": ["environment"]}, True),
    ({"ForAllValues:StringEquals": {"aws:TagKeys": ["environment", "cost-center"]}}, {"aws:TagKeys": ["environment", "dept"]}, False),
    ({"ForAllValues:StringEquals": {"aws:TagKeys": ["environment", "cost-center"]}}, {"aws:TagKeys": []}, True),
    ({"ForAllValues:StringEquals": {"aws:TagKeys": ["environment", "cost-center"]}}, {}, True),
    ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["environment", "cost-center"]}}, {"aws:TagKeys": ["dept", "environment"]}, True),
    ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["environment", "cost-center"]}}, {"aws:TagKeys": ["dept"]}, False),
    ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["environment", "cost-center"]}}, {}, False),
    ({"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["a"]}}, {"aws:TagKeys": ["a", "b"]}, True),
    ({"ForAllValues:StringNotEquals": {"aws:TagKeys": ["a"]}}, {"aws:TagKeys": ["a", "b"]}, False),
    # Several operators and keys: all must hold; several values of a key: any.
    ({"StringEquals": {"aws:PrincipalTag/department": ["finance", "hr"]}, "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/ann"}}, {"aws:PrincipalTag/department": "hr", "aws:PrincipalArn": "arn:aws:iam::111122223333:user/ann"}, True),
    ({"StringEquals": {"aws:PrincipalTag/department": ["finance", "hr"]}, "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/ann"}}, {"aws:PrincipalTag/department": "hr", "aws:PrincipalArn": "arn:aws:iam::111122223333:user/bob"}, False),
    ({"StringEquals": {"a": "1", "b": "2"}}, {"a": "1"}, False),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "keys", "expected"), CONDITIONS)
def test_conditions(condition: dict[str, Any], keys: dict[str, Any], expected: bool) -> None:
    assert grants(allow("*", Condition=condition), keys=keys) is expected


@pytest.mark.parametrize(
    ("pattern", "keys", "expected"),
    [
        ("arn:aws:s3:::b/${aws:username}/*", {"aws:username": "ann"}, True),
        ("arn:aws:s3:::b/${aws:username}/*", {"aws:username": "bob"}, False),
        ("arn:aws:s3:::b/${aws:username}/*", {}, False),
        ("arn:aws:s3:::b/${aws:PrincipalTag/team, 'ann'}/*", {}, True),
        ("arn:aws:s3:::b/${aws:PrincipalTag/team, 'ann'}/*", {"aws:PrincipalTag/team": "blue"}, False),
        ("arn:aws:s3:::b/${aws:username}/*", {"aws:username": "*"}, False),
    ],
)
def test_policy_variables(pattern: str, keys: dict[str, str], expected: bool) -> None:
    assert grants(allow("s3:*", pattern), resource="arn:aws:s3:::b/ann/photo", keys=keys) is expected


def test_the_old_version_has_no_policy_variables() -> None:
    old = policy(allow("s3:*", "arn:aws:s3:::b/${aws:username}"), version="2008-10-17")
    keys = Context({"aws:username": "ann"})
    assert not may([old], "s3:GetObject", "arn:aws:s3:::b/ann", keys).allowed
    assert may([old], "s3:GetObject", "arn:aws:s3:::b/${aws:username}", keys).allowed


def test_a_boundary_limits_what_identity_policies_grant() -> None:
    boundary = policy(allow(["s3:*", "cloudwatch:*", "ec2:*"]))
    identity = policy(allow("iam:CreateUser"), allow("s3:GetObject"))
    policies = Policies(identity=(identity,), boundary=boundary)
    decision = may(policies, "iam:CreateUser", "*")
    assert (decision.allowed, decision.reason) == (False, "the permissions boundary does not allow it")
    assert may(policies, "s3:GetObject", "arn:aws:s3:::b/k").allowed
    assert not may(policies, "ec2:RunInstances", "*").allowed


def bucket_policy(principal: Any) -> PolicyDocument:
    return policy(allow("s3:*", Principal=principal))


@pytest.mark.parametrize(
    ("principal", "kind", "named", "boundary", "expected"),
    [
        (ROLE, "role", {"AWS": ROLE}, None, True),
        (ROLE, "role", {"AWS": ROLE}, "sqs:*", False),  # a boundary limits what is granted to a role
        (ROLE, "session", {"AWS": ROLE}, "sqs:*", True),  # but not to a session
        (f"arn:aws:iam::{ACCOUNT}:user/ann", "user", {"AWS": f"arn:aws:iam::{ACCOUNT}:user/ann"}, "sqs:*", True),
        (ROLE, "role", {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, None, False),  # left to identity policies
        (ROLE, "role", {"AWS": ACCOUNT}, None, False),
        (ROLE, "role", "*", None, True),
        (ROLE, "role", {"AWS": f"{ROLE}-other"}, None, False),
        (ROLE, "role", {"AWS": f"arn:aws:iam::{ACCOUNT}:role/*"}, None, False),  # no wildcards within an ARN
        ("ecs-tasks.amazonaws.com", "service", {"Service": "ecs-tasks.amazonaws.com"}, None, True),
        ("ecs-tasks.amazonaws.com", "service", {"Service": ["ec2.amazonaws.com"]}, None, False),
    ],
)
def test_resource_policies_within_an_account(
    principal: str, kind: Any, named: Any, boundary: str | None, expected: bool
) -> None:
    policies = Policies(resource=bucket_policy(named), boundary=policy(allow(boundary)) if boundary else None)
    decision = may(policies, "s3:GetObject", "arn:aws:s3:::b/k", principal=Principal(principal, kind))
    assert decision.allowed is expected


@pytest.mark.parametrize(
    ("identity", "named", "expected"),
    [
        (True, {"AWS": "arn:aws:iam::444455556666:root"}, True),
        (True, {"AWS": "arn:aws:iam::444455556666:role/app"}, True),
        (False, {"AWS": "arn:aws:iam::444455556666:role/app"}, False),
        (True, {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, False),
    ],
)
def test_between_accounts_both_sides_must_allow(identity: bool, named: Any, expected: bool) -> None:
    policies = Policies(identity=(policy(allow("s3:*")),) if identity else (), resource=bucket_policy(named))
    decision = may(
        policies,
        "s3:GetObject",
        "arn:aws:s3:::b/k",
        principal=Principal("arn:aws:iam::444455556666:role/app", account="444455556666"),
        resource_account=ACCOUNT,
    )
    assert decision.allowed is expected


def test_a_deny_with_not_principal_spares_whom_it_lists_with_their_account() -> None:
    spared = {"AWS": [ROLE, f"arn:aws:iam::{ACCOUNT}:root"]}
    resource = policy({"Effect": "Deny", "NotPrincipal": spared, "Action": "s3:*", "Resource": "*"})
    policies = Policies(identity=(policy(allow("s3:*")),), resource=resource)
    request = ("s3:GetObject", "arn:aws:s3:::b/k")
    assert may(policies, *request, principal=Principal(ROLE)).allowed
    assert not may(policies, *request, principal=Principal(f"{ROLE}-other")).allowed


@pytest.mark.parametrize(
    ("key_policy", "identity", "expected"),
    [
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, True, True),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, False, False),
        ({"AWS": ROLE}, False, True),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/admin"}, True, False),
    ],
)
def test_a_key_opens_only_by_its_own_policy(key_policy: Any, identity: bool, expected: bool) -> None:
    policies = Policies(
        identity=(policy(allow("kms:Decrypt")),) if identity else (),
        resource=policy(allow("kms:*", Principal=key_policy)),
    )
    key = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd"
    assert may(policies, "kms:Decrypt", key, principal=Principal(ROLE)).allowed is expected


def test_every_level_of_service_control_policies_must_allow() -> None:
    full, no_regions = policy(allow("*")), policy(allow("s3:*"))
    both = Policies(identity=(full,), service_control=((full,), (no_regions,)))
    assert may(both, "s3:GetObject", "arn:aws:s3:::b/k").allowed
    decision = may(both, "sqs:SendMessage", "*")
    assert (decision.allowed, decision.reason) == (False, "no service control policy allows it")


def test_a_session_policy_limits() -> None:
    policies = Policies(identity=(policy(allow("s3:*")),), session=(policy(allow("s3:GetObject")),))
    assert may(policies, "s3:GetObject", "arn:aws:s3:::b/k").allowed
    assert not may(policies, "s3:PutObject", "arn:aws:s3:::b/k").allowed


def test_oidc_claims_decide_who_assumes_a_role() -> None:
    claims = {
        "StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"},
        "StringLike": {"token.actions.githubusercontent.com:sub": "repo:org/app:ref:refs/heads/main"},
    }
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
    trust = policy(
        {
            "Effect": "Allow",
            "Principal": {"Federated": provider},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": claims,
        }
    )

    def assumes(subject: str) -> bool:
        keys = {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": subject,
        }
        return may(
            Policies(resource=trust),
            "sts:AssumeRoleWithWebIdentity",
            ROLE,
            Context(keys),
            principal=Principal(provider, "federated"),
        ).allowed

    assert assumes("repo:org/app:ref:refs/heads/main")
    assert not assumes("repo:org/app:pull_request")


# What is not known.


def test_an_unknown_condition_key_is_undecidable() -> None:
    statement = allow("*", Condition={"StringEquals": {"aws:SourceVpce": "vpce-1"}})
    with pytest.raises(Undecidable, match=r"^aws:SourceVpce: known at the time of the request only$"):
        may(
            [policy(statement)],
            "s3:GetObject",
            "*",
            Context(otherwise=Unknown("known at the time of the request only")),
        )


def test_what_is_unknown_does_not_matter_where_a_deny_decides() -> None:
    blank = PolicyDocument("a policy", unknown=Unknown("not read"))
    assert may([blank, policy(deny("s3:*"))], "s3:GetObject", "*").outcome is Outcome.EXPLICITLY_DENIED


def test_an_unknown_policy_may_deny_what_another_allows() -> None:
    blank = PolicyDocument("a policy", unknown=Unknown("not read"))
    with pytest.raises(Undecidable, match=r"^not read$"):
        may([policy(allow("s3:*")), blank], "s3:GetObject", "*")


def test_an_unknown_deny_does_not_matter_where_nothing_allows() -> None:
    unsure = deny("s3:*", Condition={"Unheard": {"a": "b"}})
    assert may([policy(unsure)], "s3:GetObject", "*").outcome is Outcome.IMPLICITLY_DENIED


def test_an_operator_nobody_knows_is_undecidable() -> None:
    with pytest.raises(Undecidable, match=r"^the condition operator Unheard is not known$"):
        may([policy(allow("*", Condition={"Unheard": {"a": "b"}}))], "s3:GetObject", "*", Context({"a": "b"}))


# Declared resources: ARNs that do not exist yet.

SECRET = Resource("aws_secretsmanager_secret.app", "aws_secretsmanager_secret", {"name": "staging-app"})
OTHER = Resource("aws_secretsmanager_secret.other", "aws_secretsmanager_secret", {"name": "staging-app-admin"})
NAMELESS = Resource(
    "aws_secretsmanager_secret.blank", "aws_secretsmanager_secret", {"name": Unknown("var.name has no value")}
)
PARAMETER = Resource("aws_ssm_parameter.dsn", "aws_ssm_parameter", {"name": "/app/dsn"})
ZONE = Resource("aws_subnet.a", "aws_subnet", {"availability_zone": "us-east-1a"})
CALLER = Reference("data.aws_caller_identity.current", "account_id")


def reads(pattern: Any, resource: Resource = SECRET, *others: Resource) -> bool:
    estate = Estate((SECRET, OTHER, NAMELESS, PARAMETER, *others))
    return may([policy(allow("*", pattern))], "x:Get", Reference(resource.address, "arn"), estate=estate).allowed


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (Reference(SECRET.address, "arn"), True),
        (Reference(SECRET.address, "id"), True),
        (Reference(OTHER.address, "arn"), False),
        (Reference(OTHER.address, "id"), False),
        (Template((Reference(SECRET.address, "arn"), "*")), True),
        (Template((Reference(SECRET.address, "arn"), ":*")), False),
        ("arn:aws:secretsmanager:*:*:secret:staging-app*", True),
        ("arn:aws:secretsmanager:*:*:secret:staging-app-??????", True),
        ("arn:aws:secretsmanager:*:*:secret:staging-app-?????", False),
        ("arn:aws:secretsmanager:*:*:secret:staging-api*", False),
        ("arn:aws:ssm:*:*:parameter/*", False),
        (Template(("arn:aws:secretsmanager:*:", CALLER, ":secret:staging-app-*")), True),
        ("arn:aws:secretsmanager:*:????????????:secret:staging-app-*", True),
        (Template(("arn:aws:secretsmanager:*:*:secret:", Reference(SECRET.address, "name"), "-*")), True),
        ("*", True),
    ],
)
def test_patterns_over_a_declared_secret(pattern: Any, expected: bool) -> None:
    assert reads(pattern) is expected


def test_the_region_comes_from_the_zones() -> None:
    assert reads("arn:aws:secretsmanager:us-east-1:*:secret:staging-app-*", SECRET, ZONE)
    assert not reads("arn:aws:secretsmanager:eu-west-1:*:secret:staging-app-*", SECRET, ZONE)


@pytest.mark.parametrize(
    ("pattern", "resource", "reason"),
    [
        ("arn:aws:secretsmanager:us-east-1:*:secret:staging-app-*", SECRET, "the region is not known"),
        ("arn:aws:secretsmanager:*:111122223333:secret:staging-app-*", SECRET, "the account is not known"),
        ("arn:aws:secretsmanager:*:*:secret:staging*", NAMELESS, "var.name has no value"),
        (Template((Unknown("var.prefix has no value"), "*")), PARAMETER, "var.prefix has no value"),
        (Unknown("var.arn has no value"), Resource("aws_x.y", "aws_x", {}), "var.arn has no value"),
    ],
)
def test_patterns_that_do_not_tell(pattern: Any, resource: Resource, reason: str) -> None:
    with pytest.raises(Undecidable, match=f"^{reason}$"):
        reads(pattern, resource, resource)


def test_a_parameter_without_a_leading_slash() -> None:
    plain = Resource("aws_ssm_parameter.plain", "aws_ssm_parameter", {"name": "dsn"})
    assert reads("arn:aws:ssm:*:*:parameter/dsn", plain, plain)
    assert reads("arn:aws:ssm:*:*:parameter/app/*", PARAMETER)


# Laws.

_ACTIONS = ["s3:GetObject", "s3:PutObject", "sqs:SendMessage", "s3:*", "s3:Get*", "*"]
_RESOURCES = ["arn:aws:s3:::a/1", "arn:aws:s3:::b/2", "arn:aws:s3:::a/*", "arn:aws:s3:::?/1", "*"]
_VALUES = ["x", "y", "*"]
_CONDITION = st.dictionaries(
    st.sampled_from(
        ["StringEquals", "StringNotEquals", "StringLike", "StringEqualsIfExists", "ForAllValues:StringLike"]
    ),
    st.dictionaries(st.sampled_from(["k1", "k2"]), st.sampled_from(_VALUES), max_size=2),
    max_size=2,
)
_STATEMENT = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Deny"]),
        "Action": st.lists(st.sampled_from(_ACTIONS), min_size=1, max_size=2),
        "Resource": st.lists(st.sampled_from(_RESOURCES), min_size=1, max_size=2),
        "Condition": _CONDITION,
    }
)
_STATEMENTS = st.lists(_STATEMENT, max_size=4)
_REQUEST = st.tuples(
    st.sampled_from(["s3:GetObject", "s3:PutObject", "sqs:SendMessage"]),
    st.sampled_from(["arn:aws:s3:::a/1", "arn:aws:s3:::b/2"]),
    st.dictionaries(st.sampled_from(["k1", "k2"]), st.sampled_from(_VALUES)).map(Context),
)


@given(_STATEMENTS, _REQUEST)
def test_an_explicit_deny_always_wins(statements: list[dict[str, Any]], request_: tuple[str, str, Context]) -> None:
    decision = may([policy(*statements), policy(deny("*"))], *request_)
    assert decision.outcome is Outcome.EXPLICITLY_DENIED


@given(_STATEMENTS, _STATEMENT, _REQUEST)
def test_adding_an_allow_never_removes_access(
    statements: list[dict[str, Any]], more: dict[str, Any], request_: tuple[str, str, Context]
) -> None:
    before = may([policy(*statements)], *request_).allowed
    after = may([policy(*statements, {**more, "Effect": "Allow"})], *request_).allowed
    assert after or not before


@given(_STATEMENTS, _STATEMENT, _REQUEST)
def test_adding_a_deny_never_adds_access(
    statements: list[dict[str, Any]], more: dict[str, Any], request_: tuple[str, str, Context]
) -> None:
    before = may([policy(*statements)], *request_).allowed
    after = may([policy(*statements, {**more, "Effect": "Deny"})], *request_).allowed
    assert before or not after


@given(_STATEMENTS, _STATEMENTS, _REQUEST)
def test_a_boundary_never_adds_access(
    statements: list[dict[str, Any]], boundary: list[dict[str, Any]], request_: tuple[str, str, Context]
) -> None:
    identity = (policy(*statements),)
    inside = may(Policies(identity=identity, boundary=policy(*boundary)), *request_).allowed
    assert may(identity, *request_).allowed or not inside


@given(st.permutations(["Allow", "Deny", "Allow"]), _STATEMENTS, _REQUEST)
def test_the_order_of_statements_does_not_matter(
    effects: list[str], statements: list[dict[str, Any]], request_: tuple[str, str, Context]
) -> None:
    made = [{**statement, "Effect": effect} for statement, effect in zip(statements, effects, strict=False)]
    assert may([policy(*made)], *request_).outcome == may([policy(*reversed(made))], *request_).outcome


@given(st.text("ab*?:", max_size=8), st.text("ab*?:", max_size=6), st.sampled_from(["", "a", "ab", "*"]))
def test_filling_a_hole_never_contradicts_the_answer(text: str, pattern: str, filling: str) -> None:
    """What is decided with a hole stays so whatever the hole turns out to be."""
    with_hole = Template((text, Reference("aws_x.y", "name"), "b"))
    documents = [policy(allow("*", pattern))]
    try:
        before = may(documents, "x:Get", with_hole).allowed
    except Undecidable:
        return
    assert may(documents, "x:Get", text + filling + "b").allowed is before


def test_documents_may_be_text() -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": allow("s3:*")})
    assert may([document(text, Estate(()), "text")], "s3:GetObject", "*").allowed


def _expand(pattern: str, text: str) -> bool:
    """The plainest matcher there is, to compare with."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return _expand(pattern[1:], text) or (bool(text) and _expand(pattern, text[1:]))
    return bool(text) and pattern[0] in ("?", text[0]) and _expand(pattern[1:], text[1:])


@given(st.text("ab*?[", max_size=7), st.text("ab[", max_size=7))
def test_patterns_match_as_the_plainest_matcher_does(pattern: str, text: str) -> None:
    assert may([policy(allow("*", pattern))], "x:Get", text).allowed is _expand(pattern, text)
