"""The policy that ``skyworthy policy`` prints: it allows every call of a live run, and nothing that is not called."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from skyworthy import declared
from skyworthy.behavior.permissions import Context, Policies, Principal, from_json, may
from skyworthy.config import load_settings
from skyworthy.config.settings import LiveSettings
from skyworthy.estate import Estate
from skyworthy.observed import Observation, observe
from skyworthy.observed.failures import permission_of
from skyworthy.observed.guard import refusal_of
from skyworthy.observed.policy import Asked, Place, narrowed, needed_operations, needed_policy
from skyworthy.observed.policy_role import GitHub, as_terraform
from skyworthy.observed.state import observe_state, with_state
from skyworthy.observed.tables import tables
from skyworthy.suites.catalogue import SUITES
from skyworthy.suites.options import Options
from skyworthy.suites.stage import Stage

ROOT = Path(__file__).parents[3]
ACCOUNT, REGION = "123456789012", "us-east-1"
PLACE = Place("aws", REGION, ACCOUNT)
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd"
_OF_KEY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "kms:*", "Resource": "*"}],
}
_WHO = Principal(f"arn:aws:iam::{ACCOUNT}:role/nightly", account=ACCOUNT)
INLINE_LIMIT = 10_240
"""Characters of a role's inline policies; https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""


@dataclass(frozen=True)
class Request:
    """What IAM is asked for one call: the action, the resource and the condition keys that AWS documents for it."""

    action: str
    resource: str = "*"
    keys: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Run:
    estate: Estate
    calls: Mapping[str, int]
    asked: list[Request]
    how: Asked

    @property
    def policy(self) -> dict[str, Any]:
        return needed_policy(self.estate, PLACE, self.how)


@pytest.fixture(scope="module", params=["ordinary", "thorough"])
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """A live run of staging, as the command does it, with the parameters of its calls."""
    how = Asked(thorough=request.param == "thorough")
    settings = replace(load_settings(ROOT), live=LiveSettings(thorough=how.thorough))
    made: list[tuple[str, str, dict[str, Any]]] = []

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        made.append((model.service_model.service_name, model.name, dict(params)))

    with Stage(settings, settings.environment("staging"), Options(checkov=False)) as stage:
        account = stage.account
        for service in {name.partition(":")[0] for name in tables().operations()}:
            account.session.client(service).meta.events.register("provide-client-params.*.*", note)
        result = SUITES["live"].run(stage)
        # Nothing is launched there, so that the suite asks for no metrics; in an account where something runs it does.
        observe(account.session, stage.declared, with_secrets=True, thorough=how.thorough)
        assert account.sandbox is not None
        estate = stage.declared
        if how.thorough:  # in a sandbox the state is no part of the run
            backend = stage.configuration.backend
            assert backend is not None
            estate = with_state(estate, backend)
            kept = observe_state(account.session, backend)
            assert isinstance(kept, Observation)
            assert [item.address for item in kept.missing] == []
        aliases = account.sandbox.client("kms").list_aliases()["Aliases"]
        keys = {item.get("TargetKeyId", ""): item["AliasName"] for item in aliases}
        keys |= {item["AliasName"]: item["AliasName"] for item in aliases}
        yield Run(estate, result.calls, [item for call in made for item in _asked(*call, keys)], how)


def _arn(service: str, rest: str, region: str = REGION) -> str:
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{rest}"


def _asked(service: str, operation: str, given: dict[str, Any], aliases: Mapping[str, str]) -> Iterator[Request]:
    """The authorization of a call, by the service authorization reference and not by our tables."""
    action = permission_of(service, operation)
    if service == "kms":
        yield Request(action, KEY, {"kms:ResourceAliases": [aliases[given["KeyId"]]]})
    elif operation == "GetSecretValue":
        secret = given["SecretId"]
        through = {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com"}
        yield Request(action, secret)
        yield Request("kms:Decrypt", KEY, {**through, "kms:EncryptionContext:SecretARN": secret})
    elif operation == "DescribeServices":
        cluster = given["cluster"].rpartition("/")[2]
        for name in given["services"]:
            yield Request(action, _arn("ecs", f"service/{cluster}/{name.rpartition('/')[2]}"))
    elif operation == "ListTasks":
        yield Request(action, keys={"ecs:cluster": given["cluster"]})
    elif operation == "DescribeTasks":
        for arn in given["tasks"]:
            yield Request(action, arn)
    elif operation == "DescribeClusters":
        for name in given["clusters"]:
            yield Request(action, _arn("ecs", f"cluster/{name.rpartition('/')[2]}"))
    else:
        yield Request(action, _resource(service, operation, given))


def _resource(service: str, operation: str, given: dict[str, Any]) -> str:
    """What a call with one resource is authorized on; ``*`` where its action knows none."""
    if service == "dynamodb":
        return _arn("dynamodb", f"table/{given['TableName']}")
    if service == "s3":
        return f"arn:aws:s3:::{given['Bucket']}"
    if service == "ecr" and "repositoryName" in given:
        return _arn("ecr", f"repository/{given['repositoryName']}")
    if service == "logs":
        return _arn("logs", f"log-group:{given.get('logGroupName', '')}:log-stream:")
    if operation == "GetDashboard":
        return _arn("cloudwatch", f"dashboard/{given['DashboardName']}", "")
    if operation == "GetWebACL":
        return _arn("wafv2", f"regional/webacl/{given['Name']}/{given['Id']}")
    if operation == "GetLoggingConfiguration":
        return str(given["ResourceArn"])
    named = ("SecretId", "TopicArn", "OpenIDConnectProviderArn")
    return next((str(given[name]) for name in named if name in given), "*")


def _allowed(document: Mapping[str, Any], asked: Request) -> bool:
    own = (from_json(document, "the printed policy"),)
    closed = asked.action.startswith("kms:")  # a key's own policy must let the account decide
    policies = Policies(own, resource=from_json(_OF_KEY, "the key's policy") if closed else None)
    return may(policies, asked.action, asked.resource, Context(asked.keys or {}), principal=_WHO).allowed


def test_every_call_of_a_live_run_is_allowed(run: Run) -> None:
    policy = run.policy
    assert len(run.asked) > 50
    assert {asked.action for asked in run.asked} >= {permission_of(*name.split(":")) for name in run.calls}
    assert [asked for asked in run.asked if not _allowed(policy, asked)] == []


def test_without_any_one_of_its_statements_a_call_is_denied(run: Run) -> None:
    policy = run.policy
    own = [Request("sts:GetCallerIdentity")]  # called once, before the calls were listened to
    needless = []
    for statement in policy["Statement"]:
        rest = {**policy, "Statement": [item for item in policy["Statement"] if item is not statement]}
        if all(_allowed(rest, asked) for asked in (*run.asked, *own)):
            needless.append(statement["Sid"])
    assert needless == []


def test_what_is_allowed_is_called_or_read_where_another_call_did_not_show_everything(run: Run) -> None:
    allowed = {action for item in run.policy["Statement"] for action in item["Action"]}
    called = {asked.action for asked in run.asked} | {"sts:GetCallerIdentity"}
    assert allowed - called <= _sometimes()


def _sometimes() -> set[str]:
    """The permissions of reads that are made only where another did not show each declared resource, or where
    something runs that is measured."""
    found = {"cloudwatch:GetMetricData"}
    for kind in tables().types.values():
        name = kind.otherwise
        while name:
            read = tables().reads[name]
            found.add(permission_of(read.service, read.operation))
            name = read.batch
    return found


@pytest.mark.parametrize(
    ("action", "resource", "keys"),
    [
        ("secretsmanager:GetSecretValue", _arn("secretsmanager", "secret:production-omc-secrets-AbCdEf"), {}),
        ("secretsmanager:GetSecretValue", _arn("secretsmanager", "secret:staging-omc-secrets-of-others-AbCdEf"), {}),
        ("secretsmanager:PutSecretValue", _arn("secretsmanager", "secret:staging-omc-secrets-AbCdEf"), {}),
        ("kms:Decrypt", _arn("kms", "key/1234abcd"), {}),
        ("kms:Decrypt", _arn("kms", "key/1234abcd"), {"kms:ViaService": f"rds.{REGION}.amazonaws.com"}),
        ("kms:DescribeKey", _arn("kms", "key/1234abcd"), {"kms:ResourceAliases": ["alias/production-omc-secrets"]}),
        ("s3:GetBucketPolicy", "arn:aws:s3:::somebody-elses", {}),
        ("s3:GetObject", f"arn:aws:s3:::ohmycoins-staging-alb-logs-{ACCOUNT}/x", {}),
        ("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/admin", {}),
        ("ssm:GetParameter", _arn("ssm", "parameter/x"), {}),
        ("logs:PutLogEvents", _arn("logs", "log-group:/ecs/ohmycoins-staging/backend:log-stream:x"), {}),
        ("ec2:TerminateInstances", _arn("ec2", "instance/i-1"), {}),
    ],
)
def test_nothing_else_is_allowed(run: Run, action: str, resource: str, keys: dict[str, str]) -> None:
    assert not _allowed(run.policy, Request(action, resource, keys))


def test_every_action_is_that_of_a_read_and_none_has_a_wildcard(run: Run) -> None:
    operations = needed_operations(run.estate, Asked(details=True, thorough=True))
    core = botocore.session.get_session()
    models = [core.get_service_model(service).operation_model(name) for service, name in map(_parts, operations)]
    assert [refusal_of(model) for model in models] == [None] * len(operations)
    actions = {
        action
        for item in needed_policy(run.estate, PLACE, Asked(details=True, thorough=True))["Statement"]
        for action in item["Action"]
    }
    assert actions == {permission_of(*_parts(name)) for name in operations} | {"kms:Decrypt"}
    assert not any("*" in action or "?" in action for action in actions)


def _parts(name: str) -> tuple[str, str]:
    service, _, operation = name.partition(":")
    return service, operation


@pytest.mark.parametrize("environment", ["staging", "production", "account"])
def test_it_fits_into_a_role(environment: str) -> None:
    root = ROOT / "terraform" / "environments" / environment
    estate = declared.read(root, declared.Inputs(tuple(root.glob("sandbox.tfvars"))))
    policy = needed_policy(estate, PLACE, Asked(details=True, thorough=True))
    assert len(json.dumps(policy, separators=(",", ":"))) < INLINE_LIMIT
    sids = [item["Sid"] for item in policy["Statement"]]
    assert len(set(sids)) == len(sids)
    assert all(sid.isalnum() for sid in sids)


def test_rows_name_types_that_are_collected_and_no_action_twice() -> None:
    assert {row.of for row in narrowed().values()} <= tables().types.keys()
    actions = [action for row in narrowed().values() for action in row.actions]
    assert len(set(actions)) == len(actions)


def test_what_is_not_known_of_a_name_is_a_wildcard(stack: Estate) -> None:
    policy = needed_policy(stack, Place())
    by_sid = {item["Sid"]: item for item in policy["Statement"]}
    assert by_sid["ReadSecrets"]["Resource"] == ["arn:aws:secretsmanager:*:*:secret:shop-staging-app-??????"]
    assert by_sid["ReadKeys"]["Condition"] == {
        "ForAnyValue:StringLike": {"kms:ResourceAliases": ["alias/shop-staging"]}
    }
    assert by_sid["ReadServices"]["Resource"] == ["arn:aws:ecs:*:*:service/*/app"]
    assert "ListRds" not in by_sid


def test_names_that_only_the_account_knows(read: Any) -> None:
    estate = read('resource "aws_s3_bucket" "a" {\n  bucket_prefix = "logs-"\n}\nresource "aws_s3_bucket" "b" {}\n')
    statements = {item["Sid"]: item["Resource"] for item in needed_policy(estate, PLACE)["Statement"]}
    assert statements["ReadBuckets"] == ["arn:aws:s3:::*"]
    estate = read('resource "aws_s3_bucket" "a" {\n  bucket_prefix = "logs-"\n}\n')
    statements = {item["Sid"]: item["Resource"] for item in needed_policy(estate, PLACE)["Statement"]}
    assert statements["ReadBuckets"] == ["arn:aws:s3:::logs-*"]
    assert statements["ListS3"] == ["*"]
    estate = read('resource "aws_s3_bucket" "a" {\n  bucket = "logs"\n}\n')
    assert "ListS3" not in {item["Sid"] for item in needed_policy(estate, PLACE)["Statement"]}


def test_secrets_can_be_left_out(stack: Estate) -> None:
    def actions(asked: Asked) -> set[str]:
        return {action for item in needed_policy(stack, PLACE, asked)["Statement"] for action in item["Action"]}

    assert actions(Asked()) - actions(Asked(secrets=False)) == {"secretsmanager:GetSecretValue", "kms:Decrypt"}


def test_the_role_trusts_one_repository_and_one_kind_of_job() -> None:
    text = as_terraform({"Version": "2012-10-17", "Statement": []}, "skyworthy-staging", GitHub("acme/shop"))
    assert '"token.actions.githubusercontent.com:sub" = "repo:acme/shop:ref:refs/heads/main"' in text
    assert '"token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"' in text
    assert "aws_iam_policy" not in text
    alone = as_terraform({"Version": "2012-10-17", "Statement": []}, "skyworthy-staging")
    assert 'resource "aws_iam_policy" "skyworthy"' in alone
    assert "aws_iam_role" not in alone
