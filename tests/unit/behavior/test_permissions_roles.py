"""Which policies have a say in a role's requests: declared and observed, inline and attached."""

# ruff: noqa: E501 - tables have a row a line

import json
from typing import Any

import pytest

from skyworthy.behavior.permissions import Outcome, managed_policy, may_read, policies_of, role_may
from skyworthy.behavior.permissions.documents import Statement
from skyworthy.behavior.permissions.managed import listed_names
from skyworthy.estate import Estate, Reference, Resource, Template, Undecidable, Unknown

ROLE = Resource("aws_iam_role.app", "aws_iam_role", {"name": "app"})
SECRET = Resource("aws_secretsmanager_secret.app", "aws_secretsmanager_secret", {"name": "app"})
SECRET_ARN = Reference(SECRET.address, "arn")
READ = "secretsmanager:GetSecretValue"


def allow(action: Any, resource: Any = "*", effect: str = "Allow") -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, "Resource": resource}]}


def resource(address: str, **attributes: Any) -> Resource:
    return Resource(address, address.removeprefix("data.").split(".")[0], attributes, data=address.startswith("data."))


WAYS = {
    "inline": [resource("aws_iam_role_policy.x", role=Reference(ROLE.address, "id"), policy=allow(READ, SECRET_ARN))],
    "inline by name": [resource("aws_iam_role_policy.x", role="app", policy=allow(READ, SECRET_ARN))],
    "attached": [
        resource("aws_iam_policy.x", name="x", policy=allow(READ, SECRET_ARN)),
        resource("aws_iam_role_policy_attachment.x", role="app", policy_arn=Reference("aws_iam_policy.x", "arn")),
    ],
    "attached to several": [
        resource("aws_iam_policy.x", name="x", policy=allow(READ, SECRET_ARN)),
        resource(
            "aws_iam_policy_attachment.x", roles=["other", "app"], policy_arn=Reference("aws_iam_policy.x", "arn")
        ),
    ],
    "data source": [
        resource("aws_iam_role_policy.x", role="app", policy=Reference("data.aws_iam_policy_document.x", "json")),
        resource(
            "data.aws_iam_policy_document.x",
            statement=[{"actions": [READ], "resources": [SECRET_ARN], "condition": [], "principals": []}],
        ),
    ],
    "merged data sources": [
        resource("aws_iam_role_policy.x", role="app", policy=Reference("data.aws_iam_policy_document.x", "json")),
        resource(
            "data.aws_iam_policy_document.x",
            source_policy_documents=[Reference("data.aws_iam_policy_document.y", "json")],
        ),
        resource("data.aws_iam_policy_document.y", statement=[{"actions": [READ], "resources": [SECRET_ARN]}]),
    ],
    "AWS managed": [
        resource(
            "aws_iam_role_policy_attachment.x",
            role=Reference(ROLE.address, "name"),
            policy_arn="arn:aws:iam::aws:policy/SecretsManagerReadWrite",
        )
    ],
    "JSON text with a reference": [
        resource(
            "aws_iam_role_policy.x",
            role="app",
            policy=Template(
                ('{"Statement": {"Effect": "Allow", "Action": "secretsmanager:*", "Resource": "', SECRET_ARN, '*"}}')
            ),
        )
    ],
    "by name pattern": [
        resource("aws_iam_role_policy.x", role="app", policy=allow(READ, "arn:aws:secretsmanager:*:*:secret:app-*"))
    ],
}


@pytest.mark.parametrize("way", WAYS)
def test_ways_to_grant(way: str) -> None:
    estate = Estate((ROLE, SECRET, *WAYS[way]))
    assert role_may(ROLE, READ, SECRET_ARN, estate).allowed


@pytest.mark.parametrize("way", WAYS)
def test_another_role_is_not_granted(way: str) -> None:
    bystander = Resource("aws_iam_role.bystander", "aws_iam_role", {"name": "bystander"})
    estate = Estate((ROLE, bystander, SECRET, *WAYS[way]))
    assert role_may(bystander, READ, SECRET_ARN, estate).outcome is Outcome.IMPLICITLY_DENIED


@pytest.mark.parametrize(
    ("attributes", "allowed"),
    [
        ({"inline_policy": [{"name": "x", "policy": allow(READ, SECRET_ARN)}]}, True),
        ({"managed_policy_arns": ["arn:aws:iam::aws:policy/AdministratorAccess"]}, True),
        ({"managed_policy_arns": ["arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"]}, False),
        ({"inline_policy": [{"name": "x", "policy": allow(READ, "*")}], "permissions_boundary": "arn:aws:iam::aws:policy/AmazonS3FullAccess"}, False),
    ],
)  # fmt: skip
def test_policies_within_the_role(attributes: dict[str, Any], allowed: bool) -> None:
    role = Resource(ROLE.address, ROLE.type, {"name": "app", **attributes})
    assert role_may(role, READ, SECRET_ARN, Estate((role, SECRET))).allowed is allowed


def test_a_document_overridden_by_sid() -> None:
    base = resource(
        "data.aws_iam_policy_document.base", statement=[{"sid": "A", "actions": [READ], "resources": ["*"]}]
    )
    over = resource(
        "data.aws_iam_policy_document.over",
        statement=[{"sid": "A", "effect": "Deny", "actions": [READ], "resources": ["*"]}],
    )
    merged = resource(
        "data.aws_iam_policy_document.x",
        source_policy_documents=[Reference(base.address, "json")],
        override_policy_documents=[Reference(over.address, "json")],
    )
    inline = resource("aws_iam_role_policy.x", role="app", policy=Reference(merged.address, "json"))
    [found] = policies_of(ROLE, Estate((ROLE, base, over, merged, inline)))
    assert found.statements == (Statement("Deny", (READ,), resources=("*",), sid="A"),)


@pytest.mark.parametrize(
    ("others", "reason"),
    [
        (
            [resource("aws_iam_role_policy.x", role="app", policy=Unknown("variable p has no value"))],
            "the contents of aws_iam_role_policy.x are not known: variable p has no value",
        ),
        (
            [resource("aws_iam_role_policy.x", role=Unknown("variable r has no value"), policy=allow(READ))],
            "the role of aws_iam_role_policy.x is not known: variable r has no value",
        ),
        (
            [resource("aws_iam_role_policy_attachment.x", role="app", policy_arn="arn:aws:iam::aws:policy/Whatever")],
            "the contents of the AWS managed policy Whatever are not known",
        ),
        (
            [resource("aws_iam_role_policy_attachment.x", role="app", policy_arn="arn:aws:iam::1:policy/elsewhere")],
            "the contents of arn:aws:iam::1:policy/elsewhere are not known",
        ),
    ],
)
def test_what_was_not_read_is_undecidable(others: list[Resource], reason: str) -> None:
    with pytest.raises(Undecidable, match=f"^{reason}$"):
        role_may(ROLE, READ, SECRET_ARN, Estate((ROLE, SECRET, *others)))


def test_types_that_could_not_be_listed_are_undecidable() -> None:
    estate = Estate(
        (ROLE, SECRET), unread={"aws_iam_role_policy": Unknown("iam:ListRolePolicies is denied", denied=True)}
    )
    with pytest.raises(Undecidable) as caught:
        role_may(ROLE, READ, SECRET_ARN, estate)
    assert (caught.value.reason, caught.value.denied) == ("iam:ListRolePolicies is denied", True)


def test_an_unlisted_managed_policy_does_not_take_away_what_others_grant() -> None:
    more = resource("aws_iam_role_policy_attachment.x", role="app", policy_arn="arn:aws:iam::aws:policy/Whatever")
    assert role_may(ROLE, READ, SECRET_ARN, Estate((ROLE, SECRET, more, *WAYS["inline"]))).allowed


KEY = Resource("aws_kms_key.app", "aws_kms_key", {})
KEY_ARN = Reference(KEY.address, "arn")
DECRYPT = resource("aws_iam_role_policy.kms", role="app", policy=allow("kms:Decrypt", KEY_ARN))
CALLER = Reference("data.aws_caller_identity.current", "account_id")


@pytest.mark.parametrize(
    ("principal", "with_identity", "allowed"),
    [
        (None, True, True),  # the default key policy leaves it to IAM
        (None, False, False),
        (Template(("arn:aws:iam::", CALLER, ":root")), True, True),
        (Template(("arn:aws:iam::", CALLER, ":root")), False, False),
        (Reference(ROLE.address, "arn"), False, True),
        (Reference("aws_iam_role.other", "arn"), True, False),
    ],
)
def test_keys(principal: Any, with_identity: bool, allowed: bool) -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "kms:*", "Resource": "*"}
    attributes = {} if principal is None else {"policy": {"Version": "2012-10-17", "Statement": [statement]}}
    key = Resource(KEY.address, KEY.type, attributes)
    other = Resource("aws_iam_role.other", "aws_iam_role", {"name": "other"})
    estate = Estate((ROLE, other, key, *([DECRYPT] if with_identity else [])))
    assert role_may(ROLE, "kms:Decrypt", KEY_ARN, estate).allowed is allowed


def test_a_secrets_own_policy_may_deny() -> None:
    document = {"Statement": {"Effect": "Deny", "Principal": "*", "Action": READ, "Resource": "*", "Sid": "Shut"}}
    own = resource("aws_secretsmanager_secret_policy.x", secret_arn=SECRET_ARN, policy=document)
    decision = role_may(ROLE, READ, SECRET_ARN, Estate((ROLE, SECRET, own, *WAYS["inline"])))
    assert (decision.outcome, decision.reason) == (
        Outcome.EXPLICITLY_DENIED,
        'statement "Shut" of the resource policy of aws_secretsmanager_secret.app denies it',
    )


def observed() -> Estate:
    account = "123456789012"
    return Estate(
        (
            resource("aws_iam_role.app", name="app", arn=f"arn:aws:iam::{account}:role/app"),
            resource("aws_iam_role_policy.x", role="app", policy=allow(READ, "arn:aws:secretsmanager:*:*:secret:app-*")),
            resource("aws_secretsmanager_secret.app", name="app", arn=f"arn:aws:secretsmanager:us-east-1:{account}:secret:app-AbCdEf"),
        ),
        origin="observed",
    )  # fmt: skip


def test_may_read_answers_by_arn() -> None:
    allowed = may_read(observed())
    role = "arn:aws:iam::123456789012:role/app"
    assert allowed(role, READ, "arn:aws:secretsmanager:us-east-1:123456789012:secret:app-AbCdEf")
    assert not allowed(role, READ, "arn:aws:secretsmanager:us-east-1:123456789012:secret:other-AbCdEf")
    with pytest.raises(
        Undecidable, match=r"^the role arn:aws:iam::123456789012:role/nobody is not part of the estate$"
    ):
        allowed("arn:aws:iam::123456789012:role/nobody", READ, "*")


@pytest.mark.parametrize(("type", "prefix"), [("aws_db_instance", "rds!db-"), ("aws_rds_cluster", "rds!cluster-")])
def test_a_secret_that_rds_keeps_is_itself_and_no_other(type: str, prefix: str) -> None:
    managed = Reference(f"{type}.main", "master_user_secret.0.secret_arn")
    granted = resource("aws_iam_role_policy.x", role="app", policy=allow(READ, managed))
    estate = Estate((ROLE, SECRET, granted, resource(f"{type}.main")), origin="declared")
    assert role_may(ROLE, READ, managed, estate)
    assert not role_may(ROLE, READ, SECRET_ARN, estate)
    by_pattern = resource(
        "aws_iam_role_policy.x", role="app", policy=allow(READ, f"arn:aws:secretsmanager:*:*:secret:{prefix}*")
    )
    assert role_may(ROLE, READ, managed, Estate((ROLE, by_pattern, resource(f"{type}.main")), origin="declared"))


def test_a_read_role_of_a_data_source_is_undecidable() -> None:
    role = resource("data.aws_iam_role.app", name="app", arn="arn:aws:iam::123456789012:role/app")
    with pytest.raises(Undecidable, match=r"^the role is not part of this stack$"):
        role_may(role, READ, "*", Estate((role,)))


@pytest.mark.parametrize("name", listed_names())
def test_managed_policies_are_as_published(name: str) -> None:
    """The table against the copy of AWS's publication that moto carries."""
    published = pytest.importorskip("moto.iam.aws_managed_policies")
    document = json.loads(published.aws_managed_policies_data)[name.rpartition("/")[2]]
    found = managed_policy(f"arn:aws:iam::aws:policy/{name}")
    assert found is not None
    assert document["Path"] == f"/{name.rpartition('/')[0]}/".replace("//", "/")
    statements = document["Document"]["Statement"]
    assert all(statement["Effect"] == "Allow" for statement in statements)
    theirs = {
        (kind, action, resource_)
        for statement in statements
        for kind in ("Action", "NotAction")
        for action in _listed(statement.get(kind, []))
        for resource_ in _listed(statement["Resource"])
    }
    ours = {
        (kind, action, resource_)
        for statement in found.statements
        for kind, actions in (("Action", statement.actions), ("NotAction", statement.not_actions))
        for action in actions or ()
        for resource_ in statement.resources or ()
    }
    if found.unknown is None:
        assert ours == theirs
    else:
        assert ours <= theirs
        missing = {action for kind, action, _ in theirs - ours if kind == "Action"}
        assert not {action for action in missing if action.startswith(found.known_services)}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
