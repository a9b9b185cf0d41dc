"""What containers are given at their start, and who must be allowed what for it."""

# ruff: noqa: E501 - tables have a row a line

from typing import Any

import pytest

from skyworthy.behavior.secrets import (
    Injection,
    ValueFrom,
    environment,
    injections,
    is_managed_by_rds,
    keys_of,
    may_fetch,
    needs,
    parse_value_from,
    secret_of,
)
from skyworthy.estate import Estate, Reference, Resource, Template, Undecidable, Unknown

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:staging/app-AbCdEf"
SECRET = Resource("aws_secretsmanager_secret.app", "aws_secretsmanager_secret", {"name": "staging/app"})
REF = Reference(SECRET.address, "arn")
ACCOUNT = Reference("data.aws_caller_identity.current", "account_id")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (ARN, ValueFrom("secretsmanager", ARN)),
        (f"{ARN}:KEY::", ValueFrom("secretsmanager", ARN, "KEY")),
        (f"{ARN}:KEY:AWSPREVIOUS:", ValueFrom("secretsmanager", ARN, "KEY", "AWSPREVIOUS")),
        (f"{ARN}:::9d4cb84b", ValueFrom("secretsmanager", ARN, "", "", "9d4cb84b")),
        ("/app/dsn", ValueFrom("ssm", "/app/dsn")),
        ("arn:aws:ssm:us-east-1:123456789012:parameter/app", ValueFrom("ssm", "arn:aws:ssm:us-east-1:123456789012:parameter/app")),
        (REF, ValueFrom("secretsmanager", REF)),
        (Template((REF, ":KEY::")), ValueFrom("secretsmanager", REF, "KEY")),
        (Template((Reference("data.aws_secretsmanager_secret.x[0]", "arn"), ":KEY::")), ValueFrom("secretsmanager", Reference("data.aws_secretsmanager_secret.x[0]", "arn"), "KEY")),
        (Reference('module.p["a.b"].aws_ssm_parameter.dsn["x.y"]', "arn"), ValueFrom("ssm", Reference('module.p["a.b"].aws_ssm_parameter.dsn["x.y"]', "arn"))),
        (Template((Reference("aws_db_instance.main", "master_user_secret[0].secret_arn"), ":password::")), ValueFrom("secretsmanager", Reference("aws_db_instance.main", "master_user_secret[0].secret_arn"), "password")),
    ],
)  # fmt: skip
def test_value_from(value: Any, expected: ValueFrom) -> None:
    assert parse_value_from(value) == expected


def test_an_arn_with_references_in_it() -> None:
    value = Template(("arn:aws:secretsmanager:us-east-1:", ACCOUNT, ":secret:staging/app:KEY::"))
    source = parse_value_from(value)
    assert source.identifier == Template(("arn:aws:secretsmanager:us-east-1:", ACCOUNT, ":secret:staging/app"))
    assert source.json_key == "KEY"
    assert secret_of(source, Estate((SECRET,))) is SECRET


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (f"{ARN}:KEY", f"{ARN}:KEY must end in :JSON-KEY:VERSION-STAGE:VERSION-ID, each of which may be empty"),
        ("arn:aws:secretsmanager:us-east-1:1:secret", "arn:aws:secretsmanager:us-east-1:1:secret is not the whole ARN of a secret"),
        ("arn:aws:s3:::b", "arn:aws:s3:::b is the ARN of neither a secret nor a parameter"),
        (Template((REF, "KEY::")), "what follows the ARN in ${aws_secretsmanager_secret.app.arn}KEY:: must start with a colon"),
        (Reference("aws_db_instance.main", "address"), "${aws_db_instance.main.address} is neither a secret nor a parameter"),
        (None, "valueFrom is None, not a string"),
    ],
)  # fmt: skip
def test_malformed_value_from(value: Any, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_value_from(value)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "value",
    [
        Unknown("variable x has no value"),
        Template((Unknown("variable x has no value"), ":KEY::")),
        Template((REF, ":", Unknown("variable x has no value"), "::")),
        Reference("data.terraform_remote_state.x", "outputs.secret_arn"),
    ],
)
def test_undecidable_value_from(value: Any) -> None:
    with pytest.raises(Undecidable):
        parse_value_from(value)


def task(*definitions: Any) -> Resource:
    return Resource(
        "aws_ecs_task_definition.t", "aws_ecs_task_definition", {"container_definitions": list(definitions)}
    )


def test_injections_of_every_kind() -> None:
    definition = task(
        {
            "name": "web",
            "environment": [{"name": "REGION", "value": "us-east-1"}],
            "secrets": [{"name": "KEY", "valueFrom": f"{ARN}:KEY::"}],
            "logConfiguration": {"logDriver": "splunk", "secretOptions": [{"name": "splunk-token", "valueFrom": ARN}]},
            "repositoryCredentials": {"credentialsParameter": ARN},
        },
        {"name": "side", "secrets": None},
    )
    assert injections(definition) == [
        Injection("web", "KEY", f"{ARN}:KEY::"),
        Injection("web", "logConfiguration.splunk-token", ARN),
        Injection("web", "repositoryCredentials", ARN),
    ]
    assert environment(definition["container_definitions"][0]) == {"REGION": "us-east-1"}


@pytest.mark.parametrize(
    "definition",
    [
        task(Unknown("variable c has no value")),
        task({"name": "web", "secrets": Unknown("variable s has no value")}),
        task({"name": "web", "secrets": [Unknown("variable s has no value")]}),
        Resource("aws_ecs_task_definition.t", "aws_ecs_task_definition", {"container_definitions": Unknown("x")}),
    ],
)
def test_injections_that_are_not_known(definition: Resource) -> None:
    with pytest.raises(Undecidable):
        injections(definition)


def version(value: Any = None, name: str = "secret_string", **more: Any) -> Resource:
    lifecycle = more.pop("lifecycle", {})
    attributes = {"secret_id": Reference(SECRET.address, "id"), name: value, **more}
    return Resource(f"aws_secretsmanager_secret_version.{id(value)}", "aws_secretsmanager_secret_version", attributes, lifecycle=lifecycle)  # fmt: skip


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        ([version({"A": "x", "B": Unknown("variable b has no value")})], {"A", "B"}),
        ([version({"A": "x"}, "secret_string_wo")], {"A"}),
        ([version({"A": "x"}), version({"B": "x"}, version_stages=["AWSPREVIOUS"])], {"A"}),
        ([version("plain text")], None),
        ([version("Zm9v", "secret_binary")], None),
    ],
)
def test_keys(versions: list[Resource], expected: Any) -> None:
    found = keys_of(SECRET, Estate((SECRET, *versions)))
    assert found == (None if expected is None else frozenset(expected))


@pytest.mark.parametrize(
    ("versions", "reason"),
    [
        ([], "aws_secretsmanager_secret.app has no version in this stack: what it holds is set elsewhere"),
        ([version(Unknown("variable v has no value"))], "variable v has no value"),
        ([version({"A": "x"}), version({"B": "x"})], "aws_secretsmanager_secret.app has several versions with different keys"),
        ([version({}, lifecycle={"ignore_changes": ["secret_string"]})], "is filled outside Terraform"),
    ],
)  # fmt: skip
def test_keys_that_are_not_known(versions: list[Resource], reason: str) -> None:
    with pytest.raises(Undecidable, match=reason):
        keys_of(SECRET, Estate((SECRET, *versions)))


@pytest.mark.parametrize("stage", ["AWSPREVIOUS", "AWSPENDING"])
def test_keys_of_a_stage(stage: str) -> None:
    estate = Estate((SECRET, version({"A": "x"}, version_stages=[stage])))
    assert keys_of(SECRET, estate, stage) == frozenset({"A"})
    with pytest.raises(Undecidable):
        keys_of(SECRET, estate)


def observed_secret(address: str, name: str, suffix: str) -> Resource:
    arn = f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}-{suffix}"
    return Resource(address, "aws_secretsmanager_secret", {"name": name, "arn": arn})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("app-AbCdEf", "aws_secretsmanager_secret.app"),
        ("app", "aws_secretsmanager_secret.app"),
        ("app-000000", None),  # a secret of this name that was deleted and made anew
        ("app-extras-GhIjKl", "aws_secretsmanager_secret.extras"),
        ("application", None),
    ],
)
def test_observed_secrets_are_found_by_arn_and_by_name(name: str, expected: str | None) -> None:
    estate = Estate(
        (
            observed_secret("aws_secretsmanager_secret.app", "app", "AbCdEf"),
            observed_secret("aws_secretsmanager_secret.extras", "app-extras", "GhIjKl"),
        ),
        origin="observed",
    )
    arn = f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}"
    found = secret_of(parse_value_from(f"{arn}:KEY::"), estate)
    assert (found.address if found else None) == expected


def test_the_secret_of_a_master_user() -> None:
    assert is_managed_by_rds(parse_value_from(Reference("aws_db_instance.main", "master_user_secret.0.secret_arn")))
    assert is_managed_by_rds(parse_value_from("arn:aws:secretsmanager:us-east-1:1:secret:rds!db-1234-AbCdEf"))
    assert not is_managed_by_rds(parse_value_from(REF))


KEY = Resource("aws_kms_key.app", "aws_kms_key", {})
ROLE = Resource("aws_iam_role.exec", "aws_iam_role", {"name": "exec"})


def estate_with(*statements: dict[str, Any], key_id: Any = None) -> Estate:
    secret = Resource(SECRET.address, SECRET.type, {"name": "staging/app", "kms_key_id": key_id})
    inline = Resource("aws_iam_role_policy.x", "aws_iam_role_policy", {"role": "exec", "policy": {"Version": "2012-10-17", "Statement": list(statements)}})  # fmt: skip
    alias = Resource("aws_kms_alias.app", "aws_kms_alias", {"name": "alias/app", "target_key_id": Reference(KEY.address, "key_id")})  # fmt: skip
    parameter = Resource("aws_ssm_parameter.p", "aws_ssm_parameter", {"name": "/app/p", "key_id": key_id})
    return Estate((secret, KEY, ROLE, inline, alias, parameter))


READ = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": REF}
DECRYPT = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": Reference(KEY.address, "arn")}


@pytest.mark.parametrize(
    ("key_id", "wanted"),
    [
        (None, [("secretsmanager:GetSecretValue", SECRET.address)]),
        ("alias/aws/secretsmanager", [("secretsmanager:GetSecretValue", SECRET.address)]),
        (Reference(KEY.address, "arn"), [("secretsmanager:GetSecretValue", SECRET.address), ("kms:Decrypt", KEY.address)]),
        ("alias/app", [("secretsmanager:GetSecretValue", SECRET.address), ("kms:Decrypt", KEY.address)]),
    ],
)  # fmt: skip
def test_needs_of_a_secret(key_id: Any, wanted: list[tuple[str, str]]) -> None:
    estate = estate_with(key_id=key_id)
    assert [(need.action, need.target) for need in needs(parse_value_from(REF), estate)] == wanted


def test_needs_of_a_parameter() -> None:
    estate = estate_with(key_id=Reference(KEY.address, "key_id"))
    found = needs(parse_value_from("/app/p"), estate)
    assert [(need.action, need.target) for need in found] == [
        ("ssm:GetParameters", "aws_ssm_parameter.p"),
        ("kms:Decrypt", KEY.address),
    ]
    [elsewhere] = needs(parse_value_from("/elsewhere"), estate)
    assert str(elsewhere.resource).endswith(":parameter/elsewhere")


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([READ, DECRYPT], [True, True]),
        ([READ], [True, False]),
        ([DECRYPT], [False, True]),
        ([READ, {**DECRYPT, "Condition": {"StringEquals": {"kms:EncryptionContext:SecretARN": REF}}}], [True, True]),
        ([READ, {**DECRYPT, "Condition": {"StringLike": {"kms:ViaService": "secretsmanager.*.amazonaws.com"}}}], [True, True]),
        ([READ, {**DECRYPT, "Condition": {"StringLike": {"kms:ViaService": "ssm.*.amazonaws.com"}}}], [True, False]),
        ([{**READ, "Condition": {"StringEquals": {"secretsmanager:VersionStage": "AWSCURRENT"}}}], [True, False]),
    ],
)  # fmt: skip
def test_whether_it_is_allowed(statements: list[dict[str, Any]], expected: list[bool]) -> None:
    estate = estate_with(*statements, key_id=Reference(KEY.address, "arn"))
    found = needs(parse_value_from(REF), estate)
    assert [may_fetch(ROLE, need, estate).allowed for need in found] == expected
