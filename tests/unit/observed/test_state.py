"""The place of Terraform's state: each thing that may be wrong with it is named."""

from pathlib import Path
from typing import Any

import pytest

from skyworthy import declared
from skyworthy.config import Policy
from skyworthy.controls import find_control
from skyworthy.estate import Unknown
from skyworthy.observed import Session
from skyworthy.observed.state import observe_state
from skyworthy.sandbox import faults
from skyworthy.sandbox.server import Sandbox
from skyworthy.verdicts import Outcome, Verdict, judge

BACKEND = """
terraform {
  backend "s3" {
    bucket         = "shop-state"
    key            = "shop.tfstate"
    region         = "us-east-1"
    dynamodb_table = "shop-locks"
  }
}
"""


@pytest.fixture
def judged(tmp_path: Path, session: Session) -> Any:
    def judged(text: str = BACKEND) -> Verdict:
        (tmp_path / "main.tf").write_text(text)
        configuration = declared.configuration(tmp_path)
        found = observe_state(session, configuration.backend)
        state = found if isinstance(found, Unknown) else found.estate
        control = find_control("live.state-in-order")
        assert control is not None
        estate = declared.read(tmp_path)
        more: dict[str, Any] = {"state": state, "configuration": configuration}
        return judge(control, None, estate, Policy(), root="shop", lens="observed", **more)

    return judged


@pytest.fixture
def kept(aws: Any) -> Any:
    """The bucket and the table as they should be."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="shop-state")
    s3.put_bucket_versioning(Bucket="shop-state", VersioningConfiguration={"Status": "Enabled"})
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    s3.put_bucket_encryption(Bucket="shop-state", ServerSideEncryptionConfiguration={"Rules": [rule]})
    closed = dict.fromkeys(("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True)
    s3.put_public_access_block(Bucket="shop-state", PublicAccessBlockConfiguration=closed)
    _table(aws, "LockID")
    return aws


def _table(aws: Any, key: str) -> None:
    aws.client("dynamodb").create_table(
        TableName="shop-locks",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
    )


def test_a_state_in_order_passes(kept: Any, judged: Any) -> None:
    assert (judged().outcome, judged().message) == (Outcome.PASS, "")


def test_each_thing_that_is_wrong_is_named(kept: Any, judged: Any) -> None:
    s3, dynamodb = kept.client("s3"), kept.client("dynamodb")
    s3.put_bucket_versioning(Bucket="shop-state", VersioningConfiguration={"Status": "Suspended"})
    s3.delete_public_access_block(Bucket="shop-state")
    dynamodb.delete_table(TableName="shop-locks")
    _table(kept, "Id")
    assert judged().outcome is Outcome.FAIL
    assert judged().message == (
        "shop-state keeps no versions; shop-state may be made public; "
        "the key of the lock table shop-locks is Id, Terraform needs LockID"
    )


def test_what_does_not_exist_is_named(sandbox: Sandbox, judged: Any) -> None:
    assert judged().message == "the bucket of the state does not exist; the lock table shop-locks does not exist"


def test_a_state_that_nothing_locks_is_named(kept: Any, judged: Any) -> None:
    assert judged(BACKEND.replace('    dynamodb_table = "shop-locks"\n', "")).message == (
        "nothing locks the state: use_lockfile is not set"
    )


def test_a_denied_call_is_an_error(kept: Any, sandbox: Sandbox, judged: Any) -> None:
    faults.deny(sandbox, "s3:GetBucketEncryption")
    verdict = judged()
    assert verdict.outcome is Outcome.ERROR
    assert "s3:GetBucketEncryption" in verdict.message


@pytest.mark.parametrize(
    ("backend", "outcome", "message"),
    [
        ('terraform {\n  backend "local" {}\n}\n', Outcome.NOT_APPLICABLE, "the state is not kept in S3"),
        (
            BACKEND.replace("us-east-1", "eu-west-1"),
            Outcome.UNKNOWN,
            "the state is kept in eu-west-1, and only us-east-1 is looked at",
        ),
    ],
)
def test_what_cannot_be_looked_at_is_not_green(
    sandbox: Sandbox, judged: Any, backend: str, outcome: Outcome, message: str
) -> None:
    assert (judged(backend).outcome, judged(backend).message) == (outcome, message)
