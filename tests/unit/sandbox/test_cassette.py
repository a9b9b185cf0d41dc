"""Recording, reading and replaying calls."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from skyworthy.errors import BadInput
from skyworthy.sandbox import cassette
from skyworthy.sandbox.server import Sandbox, running
from skyworthy.sandbox.terraform import workspace


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "environments" / "staging"
    folder.mkdir(parents=True)
    (folder / "main.tf").write_text('resource "aws_sqs_queue" "jobs" {\n  name = "jobs"\n}\n')
    return folder


def _work(sandbox: Sandbox) -> None:
    """Calls of each protocol, with reads and a failure between them."""
    vpc = sandbox.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    sandbox.client("ec2").describe_vpcs()
    sandbox.client("ec2").create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")
    sandbox.client("rds").create_db_parameter_group(
        DBParameterGroupName="pg", DBParameterGroupFamily="postgres17", Description="pg"
    )
    sandbox.client("secretsmanager").create_secret(Name="app", SecretString='{"KEY": "dummy"}')
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="logs")
    s3.put_object(Bucket="logs", Key="a b/ü", Body=b"\x00\xff")
    with pytest.raises(s3.exceptions.NoSuchBucket):
        s3.put_object(Bucket="absent", Key="x", Body=b"")
    sandbox.client("sns", "eu-west-1").create_topic(Name="alarms", Tags=[{"Key": "team", "Value": "a=b&c"}])


def _inventory(sandbox: Sandbox) -> list[Any]:
    """What stands in the account, without times."""
    subnets = sandbox.client("ec2").describe_subnets()["Subnets"]
    secrets = sandbox.client("secretsmanager")
    topics = sandbox.client("sns", "eu-west-1")
    found = topics.list_topics()["Topics"]
    secret = secrets.get_secret_value(SecretId="app")
    body = sandbox.client("s3").get_object(Bucket="logs", Key="a b/ü")["Body"]
    content = body.read()
    body.close()
    return [
        subnets,
        sandbox.client("rds").describe_db_parameter_groups()["DBParameterGroups"],
        [secret[name] for name in ("ARN", "VersionId", "SecretString")],
        content,
        [topics.list_tags_for_resource(ResourceArn=each["TopicArn"])["Tags"] for each in found],
    ]


def _recorded(sandbox: Sandbox, root: Path, out: Path) -> list[Any]:
    """Record `_work` into a cassette; what then stands in the account."""
    sandbox.control("POST", "recording", {"on": True})
    _work(sandbox)
    sandbox.control("POST", "recording", {"on": False})
    header = {"format": 1, "environment": "staging", "digest": workspace.digest(root), "tools": {}}
    entries = [header, *sandbox.control("GET", "recording")]
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    return _inventory(sandbox)


def test_replay_rebuilds_the_account_each_time(sandbox: Sandbox, root: Path, tmp_path: Path) -> None:
    path = tmp_path / "staging.jsonl"
    original = _recorded(sandbox, root, path)

    with running() as another:
        for _ in range(2):
            another.control("POST", "reset")
            assert cassette.replay(cassette.load(path), another) == 7
            assert _inventory(another) == original


def test_cassette_holds_changes_only_and_no_credentials(sandbox: Sandbox, root: Path, tmp_path: Path) -> None:
    path = tmp_path / "staging.jsonl"
    _recorded(sandbox, root, path)

    calls = [json.loads(line)["call"] for line in cassette.load(path).lines]
    assert calls == [
        "ec2:CreateVpc",
        "ec2:CreateSubnet",
        "rds:CreateDBParameterGroup",
        "secretsmanager:CreateSecret",
        "s3:CreateBucket",
        "s3:PutObject",
        "sns:CreateTopic",
    ]
    assert not re.search("authorization|security-token|signature|x-amz-date", path.read_text(), re.IGNORECASE)


def test_recording_twice_gives_the_same_file(sandbox: Sandbox, root: Path, tmp_path: Path) -> None:
    _recorded(sandbox, root, tmp_path / "one")
    with running() as another:
        _recorded(another, root, tmp_path / "two")

    assert (tmp_path / "one").read_text() == (tmp_path / "two").read_text()


def test_call_that_fails_on_replay_is_named(sandbox: Sandbox, tmp_path: Path) -> None:
    entry = {"call": "sqs:DeleteQueue", "region": "us-east-1", "scope": "sqs"}
    entry["headers"] = {"content-type": "application/x-amz-json-1.0", "x-amz-target": "AmazonSQS.DeleteQueue"}  # type: ignore[assignment]
    entry["json"] = {"QueueUrl": "http://127.0.0.1/123456789012/absent"}  # type: ignore[assignment]
    header = {"format": 1, "environment": "staging", "digest": "sha256:0", "tools": {}}
    path = tmp_path / "broken.jsonl"
    path.write_text(json.dumps(header) + "\n" + json.dumps(entry) + "\n")

    with pytest.raises(BadInput, match=r"broken.jsonl: 1 of 1 calls failed on replay:\n- sqs:DeleteQueue: 400"):
        cassette.replay(cassette.load(path), sandbox)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "1: not a cassette"),
        ("[]\n", "1: not a cassette"),
        ('{"format": 1}\n', r"1: not a cassette \(KeyError: 'environment'\)"),
        ('{"format": 2}\n', "1: cassette format 2, this version reads 1"),
    ],
)
def test_file_that_is_no_cassette_is_an_error(tmp_path: Path, content: str, complaint: str) -> None:
    path = tmp_path / "staging.jsonl"
    path.write_text(content)

    with pytest.raises(BadInput, match=complaint):
        cassette.load(path)


def test_missing_cassette_says_how_to_record_it(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such cassette; record one with `skyworthy sandbox record --env staging`"):
        cassette.load(tmp_path / "staging.jsonl")


def test_stale_cassette_says_how_to_record_anew(root: Path, tmp_path: Path) -> None:
    header = {"format": 1, "environment": "staging", "digest": workspace.digest(root), "tools": {}}
    path = tmp_path / "staging.jsonl"
    path.write_text(json.dumps(header) + "\n")
    cassette.check(cassette.load(path), root)
    (root / "main.tf").write_text("")

    with pytest.raises(BadInput, match="record anew with `skyworthy sandbox record --env staging`"):
        cassette.check(cassette.load(path), root)
