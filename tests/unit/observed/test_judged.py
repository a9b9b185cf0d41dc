"""What controls say of an account, where the code alone could not show it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from skyworthy.config import BUILT_IN_POLICIES
from skyworthy.controls import find_control
from skyworthy.estate import Estate
from skyworthy.observed import Session, observe
from skyworthy.verdicts import Outcome, Verdict, judge

SECRET = "aws_secretsmanager_secret.app"
NIGHT = timedelta(hours=12)


def asked(id: str, address: str, estate: Estate, **more: Any) -> Verdict:
    control = find_control(id)
    assert control is not None
    return judge(control, estate.get(address), estate, BUILT_IN_POLICIES["baseline"], root="account", **more)


@pytest.mark.parametrize(
    ("after", "outcome", "says"),
    [
        (timedelta(days=29), "pass", ""),
        (timedelta(days=30) + NIGHT, "pass", ""),
        (timedelta(days=33), "fail", ", 3 days ago; it was last rotated on "),
    ],
    ids=["not due", "in its window", "late"],
)
def test_a_rotation_that_did_not_happen_is_red(
    session: Session, stack: Estate, made: dict[str, str], aws: Any, after: timedelta, outcome: str, says: str
) -> None:
    aws.client("secretsmanager").rotate_secret(
        SecretId="shop-staging-app", RotationRules={"AutomaticallyAfterDays": 30}
    )
    seen = observe(session, stack).estate

    verdict = asked("secret.rotation-succeeds", SECRET, seen, now=datetime.now(UTC) + after)

    assert (verdict.outcome, says in verdict.message) == (Outcome(outcome), True)


def test_a_secret_that_nobody_rotates_has_no_rotation_to_fail(
    session: Session, stack: Estate, made: dict[str, str]
) -> None:
    seen = observe(session, stack).estate

    verdict = asked("secret.rotation-succeeds", SECRET, seen, now=datetime.now(UTC))

    assert (verdict.outcome, verdict.message) == (Outcome.NOT_APPLICABLE, "it is not rotated")


OWN_ACL = """
resource "aws_network_acl" "private" {
  vpc_id     = aws_vpc.main.id
  subnet_ids = [aws_subnet.private["a"].id]
}
"""


@pytest.mark.parametrize(
    ("ports", "cidr", "message"),
    [
        ((443, 443), "0.0.0.0/0", ""),
        ((1024, 65535), "0.0.0.0/0", ""),
        ((22, 22), "10.0.0.0/16", ""),
        ((22, 22), "0.0.0.0/0", "rule 100 lets 0.0.0.0/0 come to port 22 (SSH)"),
    ],
    ids=["https", "answers", "from inside", "from everywhere"],
)
def test_a_network_acl_of_the_account_that_lets_the_internet_come_to_ssh_is_red(
    session: Session,
    read: Callable[[str], Estate],
    stack_text: str,
    made: dict[str, str],
    aws: Any,
    ports: tuple[int, int],
    cidr: str,
    message: str,
) -> None:
    ec2 = aws.client("ec2")
    acl = ec2.create_network_acl(VpcId=made["vpc"])["NetworkAcl"]["NetworkAclId"]
    span = {"From": ports[0], "To": ports[1]}
    ec2.create_network_acl_entry(
        NetworkAclId=acl, RuleNumber=100, Protocol="6", RuleAction="allow", Egress=False, CidrBlock=cidr, PortRange=span
    )
    seen = observe(session, read(stack_text + OWN_ACL)).estate

    verdict = asked("vpc.nacl-no-admin-ports-from-internet", "aws_network_acl.private", seen)

    assert (verdict.outcome, verdict.message) == (Outcome.FAIL if message else Outcome.PASS, message)
