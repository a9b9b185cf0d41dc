"""Laws of policy evaluation that hold for any policy and request: monotony, complements, limits.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skyworthy.behavior.permissions import Context, Policies, PolicyDocument, Principal, from_json, may

ACCOUNT = "111122223333"
ROLE = Principal(f"arn:aws:iam::{ACCOUNT}:role/app", "role", ACCOUNT)
BUCKET = "arn:aws:s3:::b/k"
KEY = "k"
LAW = settings(deadline=None, max_examples=40)


def policy(*statements: dict[str, Any]) -> PolicyDocument:
    return from_json({"Version": "2012-10-17", "Statement": list(statements)}, "the policy")


def grants(statement: dict[str, Any], action: str = "s3:GetObject", resource: str = BUCKET, **keys: Any) -> bool:
    return may([policy(statement)], action, resource, Context(keys)).allowed


def conditioned(operator: str, wanted: Any, keys: dict[str, Any]) -> bool:
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {operator: {KEY: wanted}}}
    return grants(statement, **keys)


ACTIONS = st.sampled_from(["s3:GetObject", "s3:GetObjectAcl", "s3:PutObject", "sqs:SendMessage", "iam:PassRole"])
ACTION_PATTERNS = st.sampled_from(
    ["s3:GetObject", "s3:Get*", "s3:*", "*", "S3:getobject", "s3:?etObject", "*:*", "sqs:*"]
)
RESOURCES = st.sampled_from(["arn:aws:s3:::a/1", "arn:aws:s3:::b/2", "arn:aws:s3:::b/2/3"])
RESOURCE_PATTERNS = st.sampled_from(
    ["arn:aws:s3:::a/*", "arn:aws:s3:::?/1", "*", "arn:aws:s3:::b/2", "arn:aws:s3:::b*"]
)
MANY_ACTIONS = st.lists(ACTION_PATTERNS, min_size=1, max_size=3)
MANY_RESOURCES = st.lists(RESOURCE_PATTERNS, min_size=1, max_size=3)
STATEMENT = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"]), "Action": MANY_ACTIONS, "Resource": MANY_RESOURCES}
)
STATEMENTS = st.lists(STATEMENT, max_size=4)
DOCUMENTS = STATEMENTS.map(lambda statements: policy(*statements))


@LAW
@given(MANY_ACTIONS, ACTIONS)
def test_not_action_is_the_complement_of_action(patterns: list[str], action: str) -> None:
    same = grants({"Effect": "Allow", "Action": patterns, "Resource": "*"}, action)
    other = grants({"Effect": "Allow", "NotAction": patterns, "Resource": "*"}, action)
    assert same is not other


@LAW
@given(MANY_RESOURCES, RESOURCES)
def test_not_resource_is_the_complement_of_resource(patterns: list[str], resource: str) -> None:
    same = grants({"Effect": "Allow", "Action": "*", "Resource": patterns}, resource=resource)
    other = grants({"Effect": "Allow", "Action": "*", "NotResource": patterns}, resource=resource)
    assert same is not other


@LAW
@given(st.text("ab:/", min_size=1, max_size=8), st.text("ab:/", min_size=1, max_size=8), st.data())
def test_a_wildcard_in_the_place_of_letters_grants_no_less(pattern: str, resource: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(pattern)))
    end = data.draw(st.integers(start, len(pattern)))
    wider = pattern[:start] + "*" + pattern[end:]
    before = grants({"Effect": "Allow", "Action": "*", "Resource": pattern}, resource=resource)
    after = grants({"Effect": "Allow", "Action": "*", "Resource": wider}, resource=resource)
    assert after or not before


@LAW
@given(STATEMENTS, st.data(), ACTIONS, RESOURCES)
def test_removing_a_deny_never_removes_access(
    statements: list[dict[str, Any]], data: st.DataObject, action: str, resource: str
) -> None:
    denies = [place for place, statement in enumerate(statements) if statement["Effect"] == "Deny"]
    gone = data.draw(st.sampled_from(denies)) if denies else None
    fewer = [statement for place, statement in enumerate(statements) if place != gone]
    before = may([policy(*statements)], action, resource).allowed
    assert may([policy(*fewer)], action, resource).allowed or not before


@LAW
@given(STATEMENTS, st.data(), ACTIONS, RESOURCES)
def test_removing_an_allow_never_adds_access(
    statements: list[dict[str, Any]], data: st.DataObject, action: str, resource: str
) -> None:
    allows = [place for place, statement in enumerate(statements) if statement["Effect"] == "Allow"]
    gone = data.draw(st.sampled_from(allows)) if allows else None
    fewer = [statement for place, statement in enumerate(statements) if place != gone]
    after = may([policy(*fewer)], action, resource).allowed
    assert may([policy(*statements)], action, resource).allowed or not after


@LAW
@given(DOCUMENTS, DOCUMENTS, ACTIONS, RESOURCES)
def test_limits_grant_what_both_grant_and_nothing_else(
    identity: PolicyDocument, limit: PolicyDocument, action: str, resource: str
) -> None:
    both = may([identity], action, resource).allowed and may([limit], action, resource).allowed
    for policies in (
        Policies(identity=(identity,), boundary=limit),
        Policies(identity=(identity,), session=(limit,)),
        Policies(identity=(identity,), service_control=((limit,),)),
        Policies(identity=(identity,), resource_control=((limit,),)),
    ):
        assert may(policies, action, resource, principal=ROLE).allowed is both


@LAW
@given(DOCUMENTS, DOCUMENTS, ACTIONS, RESOURCES)
def test_two_policies_are_one_with_the_statements_of_both(
    first: PolicyDocument, second: PolicyDocument, action: str, resource: str
) -> None:
    joined = PolicyDocument("both", (*first.statements, *second.statements))
    assert may([first, second], action, resource).allowed is may([joined], action, resource).allowed


COMPLEMENTS = [
    ("StringEquals", "StringNotEquals"),
    ("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
    ("StringLike", "StringNotLike"),
    ("NumericEquals", "NumericNotEquals"),
    ("ArnEquals", "ArnNotEquals"),
    ("ArnLike", "ArnNotLike"),
    ("IpAddress", "NotIpAddress"),
    ("DateEquals", "DateNotEquals"),
]
TEXTS = st.sampled_from(["a", "A", "ab", "10", "10.0", "arn:aws:s3:::b", "arn:aws:s3:::*", "10.0.0.1", "2020-01-01"])
WANTED = st.lists(st.sampled_from(["a", "a*", "10", "arn:aws:s3:::b", "10.0.0.0/8", "2020-01-01", "?"]), min_size=1)


@pytest.mark.parametrize(("operator", "negated"), COMPLEMENTS, ids=[row[0] for row in COMPLEMENTS])
@LAW
@given(have=TEXTS, wanted=WANTED)
def test_a_negated_operator_is_the_complement(operator: str, negated: str, have: str, wanted: list[str]) -> None:
    keys = {KEY: have}
    assert conditioned(operator, wanted, keys) is not conditioned(negated, wanted, keys)


@pytest.mark.parametrize(("operator", "negated"), COMPLEMENTS, ids=[row[0] for row in COMPLEMENTS])
@LAW
@given(wanted=WANTED)
def test_without_the_key_only_the_negated_operator_holds(operator: str, negated: str, wanted: list[str]) -> None:
    assert not conditioned(operator, wanted, {})
    assert conditioned(negated, wanted, {})


@pytest.mark.parametrize("operator", sorted({name for pair in COMPLEMENTS for name in pair} | {"Bool", "BinaryEquals"}))
@LAW
@given(have=TEXTS, wanted=WANTED)
def test_if_exists_differs_only_where_the_key_is_absent(operator: str, have: str, wanted: list[str]) -> None:
    keys = {KEY: have}
    assert conditioned(f"{operator}IfExists", wanted, keys) is conditioned(operator, wanted, keys)
    assert conditioned(f"{operator}IfExists", wanted, {})


@pytest.mark.parametrize(
    "operator", ["StringEquals", "StringLike", "StringNotEquals", "StringNotLike", "NumericEquals"]
)
@LAW
@given(have=st.lists(TEXTS, min_size=1, max_size=3), wanted=WANTED)
def test_set_qualifiers_are_all_and_any_of_the_single_values(operator: str, have: list[str], wanted: list[str]) -> None:
    each = [conditioned(operator, wanted, {KEY: value}) for value in have]
    assert conditioned(f"ForAllValues:{operator}", wanted, {KEY: have}) is all(each)
    assert conditioned(f"ForAnyValue:{operator}", wanted, {KEY: have}) is any(each)


@pytest.mark.parametrize("operator", ["StringEquals", "StringNotEquals", "ArnLike", "NumericLessThan", "Bool"])
@pytest.mark.parametrize("keys", [{}, {KEY: []}], ids=["absent", "empty"])
def test_for_all_values_holds_of_nothing_and_for_any_value_does_not(operator: str, keys: dict[str, Any]) -> None:
    assert conditioned(f"ForAllValues:{operator}", "x", keys)
    assert not conditioned(f"ForAnyValue:{operator}", "x", keys)
    assert not conditioned("Null", "false", keys)
    assert conditioned("Null", "true", keys)


@LAW
@given(st.lists(TEXTS, min_size=1, max_size=3), TEXTS, TEXTS)
def test_one_more_wanted_value_widens_an_operator_and_narrows_its_negation(
    wanted: list[str], more: str, have: str
) -> None:
    keys = {KEY: have}
    assert conditioned("StringEquals", [*wanted, more], keys) or not conditioned("StringEquals", wanted, keys)
    assert conditioned("StringNotEquals", wanted, keys) or not conditioned("StringNotEquals", [*wanted, more], keys)


@LAW
@given(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3, unique=True), st.sampled_from(["a", "b"]))
def test_one_more_key_only_narrows(names: list[str], have: str) -> None:
    fewer = {"StringEquals": dict.fromkeys(names[:-1], "a")}
    every = {"StringEquals": dict.fromkeys(names, "a")}
    keys = dict.fromkeys(names, have)

    def allowed(condition: dict[str, Any]) -> bool:
        return grants({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}, **keys)

    assert allowed(fewer) or not allowed(every)


# The table of the evaluation-logic page for a request within one account: who allows, who denies, and what comes of it.
YES, NO, NONE = "Allow", "Deny", None


@pytest.mark.parametrize(
    ("identity", "resource", "boundary", "session", "expected"),
    [
        (YES, NONE, NONE, NONE, True),
        (NONE, YES, NONE, NONE, True),
        (YES, YES, NONE, NONE, True),
        (NONE, NONE, NONE, NONE, False),
        (NO, YES, NONE, NONE, False),
        (YES, NO, NONE, NONE, False),
        (YES, NONE, YES, NONE, True),
        (YES, NONE, NO, NONE, False),
        (YES, NONE, "other", NONE, False),
        (NONE, NONE, YES, NONE, False),
        (YES, NONE, NONE, YES, True),
        (YES, NONE, NONE, NO, False),
        (YES, NONE, NONE, "other", False),
        (YES, NONE, YES, YES, True),
        (YES, NONE, YES, "other", False),
        # A resource policy that names the role is limited by its boundary and session.
        (NONE, YES, "other", NONE, False),
        (NONE, YES, NONE, "other", False),
        (NONE, YES, NO, NONE, False),
    ],
)
def test_one_account(
    identity: str | None, resource: str | None, boundary: str | None, session: str | None, expected: bool
) -> None:
    def said(effect: str | None, **more: Any) -> PolicyDocument | None:
        if effect is None:
            return None
        action = "sqs:SendMessage" if effect == "other" else "s3:GetObject"
        kind = "Allow" if effect == "other" else effect
        return policy({"Effect": kind, "Action": action, "Resource": "*", **more})

    own, limit, passed = said(identity), said(boundary), said(session)
    policies = Policies(
        identity=() if own is None else (own,),
        resource=said(resource, Principal={"AWS": ROLE.arn}),
        boundary=limit,
        session=None if passed is None else (passed,),
    )
    assert may(policies, "s3:GetObject", BUCKET, principal=ROLE, resource_account=ACCOUNT).allowed is expected
