"""What AWS refuses of a policy document, and nothing else."""

# ruff: noqa: E501 - tables have a row a line

import json
from typing import Any

import pytest

from skyworthy.behavior.permissions.grammar import Kind, problems
from skyworthy.estate import Estate, Reference, Template, Undecidable, Unknown

GOOD: dict[str, Any] = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/*"}
TRUST: dict[str, Any] = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}


def found(statement: object, kind: Kind = "identity", holder: str = "aws_iam_policy") -> list[str]:
    return list(problems({"Version": "2012-10-17", "Statement": statement}, kind, holder, Estate(())))


@pytest.mark.parametrize(
    "statement",
    [
        GOOD,
        [GOOD, {**GOOD, "Sid": "Second1"}],
        {**GOOD, "Action": ["s3:Get*", "s3:List?"], "Resource": "*"},
        {"Effect": "Deny", "NotAction": "iam:*", "NotResource": Reference("aws_s3_bucket.data", "arn")},
        {**GOOD, "Condition": {"ForAllValues:StringEqualsIfExists": {"aws:TagKeys": ["a"]}}},
        {**GOOD, "Condition": {"Bool": {"aws:SecureTransport": True}, "Null": {"aws:TagKeys": "False"}}},
        {**GOOD, "Resource": "${aws:PrincipalTag/home}"},
    ],
)
def test_well_formed_statements_have_no_problem(statement: object) -> None:
    assert found(statement) == []


@pytest.mark.parametrize(
    ("kind", "holder", "statement", "problem"),
    [
        ("trust", "aws_iam_role", {**TRUST, "Principal": "ec2"}, 'has the Principal ec2, which is neither * nor an object'),
        ("trust", "aws_iam_role", {**TRUST, "Resource": "*"}, "has a Resource, which is the role itself"),
        ("resource", "aws_kms_key", {**TRUST, "Action": "kms:*"}, "has no Resource"),
        ("resource", "aws_s3_bucket_policy", GOOD, "has no Principal"),
        ("identity", "aws_iam_policy", {**GOOD, "Effect": None}, "has no Effect"),
        ("identity", "aws_iam_policy", {**GOOD, "Principal": "*"}, "has a Principal, which is whoever the policy is attached to"),
        ("identity", "aws_iam_policy", {**GOOD, "Condition": {"StringIs": {"a:b": "c"}}},
         "has the condition operator StringIs, which does not exist"),
    ],
)  # fmt: skip
def test_what_is_missing_or_strange_is_told(kind: Kind, holder: str, statement: object, problem: str) -> None:
    assert found(statement, kind, holder) == [f"statement 1 {problem}"]


def test_a_policy_for_a_repository_needs_no_resource() -> None:
    pull = {"Effect": "Allow", "Action": "ecr:BatchGetImage", "Principal": "*"}
    assert found(pull, "resource", "aws_ecr_repository_policy") == []


def test_json_text_with_references_is_read() -> None:
    text = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "#"}]}
    )
    head, tail = text.split("#")
    written = Template((head, Reference("aws_s3_bucket.data", "arn"), tail))
    assert list(problems(written, "identity", "aws_iam_policy", Estate(()))) == []


def test_what_is_not_known_is_not_well_formed_either() -> None:
    with pytest.raises(Undecidable, match="variable policy has no value"):
        list(problems(Unknown("variable policy has no value"), "identity", "aws_iam_policy", Estate(())))
