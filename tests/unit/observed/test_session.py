"""Sessions: what they say where nothing can be read, and what they keep to themselves."""

import logging
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from skyworthy.errors import BadInput
from skyworthy.observed import NotARead, Role, Session
from skyworthy.observed.call_log import TooLate
from skyworthy.sandbox import faults
from skyworthy.sandbox.server import Sandbox


@pytest.fixture
def closed() -> str:
    """An address on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine without any AWS configuration."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION",
                 "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                 "AWS_WEB_IDENTITY_TOKEN_FILE"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "no-such-file")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "no-such-file")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return monkeypatch


def test_who_it_is(session: Session) -> None:
    identity = session.identity()
    assert (identity.account, identity.region, identity.partition) == ("123456789012", "us-east-1", "aws")
    assert session.identity() is identity
    assert session.calls.counts == {"sts:GetCallerIdentity": 1}
    assert session.calls.seconds["sts:GetCallerIdentity"] > 0


def test_an_endpoint_that_refuses_connections(closed: str) -> None:
    with pytest.raises(BadInput) as raised:
        Session(endpoint_url=closed, target="sandbox", attempts=1).identity()
    assert str(raised.value).startswith(f"{closed}: nothing answers there (")
    assert "start the sandbox with `skyworthy sandbox up`" in str(raised.value)


def test_no_endpoint_for_the_sandbox() -> None:
    with pytest.raises(BadInput, match="no endpoint for the sandbox: start one with `skyworthy sandbox up`"):
        Session(target="sandbox")


def test_no_credentials(bare: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput) as raised:
        Session(region="eu-central-1", target="aws").identity()
    assert str(raised.value).startswith("AWS in eu-central-1: no AWS credentials (Unable to locate credentials)")
    assert "--target sandbox" in str(raised.value)


def test_no_region(bare: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match="no AWS region: set AWS_REGION, the profile's region, or `region` in skyworthy"):
        Session(target="aws")


def test_no_such_profile(bare: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match=r"The config profile \(nobody\) could not be found: see `aws configure"):
        Session(profile="nobody", region="us-east-1")


def test_credentials_that_are_not_accepted(sandbox: Sandbox, session: Session) -> None:
    sandbox.control("POST", "faults", {"service": "sts", "operation": "*", "error": "InvalidClientTokenId"})
    with pytest.raises(BadInput, match=r"the credentials are not accepted \(InvalidClientTokenId\); sign in again"):
        session.identity()


def test_a_sandbox_session_ignores_the_configuration_of_the_machine(sandbox: Sandbox, bare: pytest.MonkeyPatch) -> None:
    bare.setenv("AWS_PROFILE", "nobody")
    bare.setenv("AWS_REGION", "eu-west-1")
    bare.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    bare.delenv("NO_PROXY", raising=False)
    bare.delenv("no_proxy", raising=False)
    session = Session(endpoint_url=sandbox.url, target="sandbox")
    assert session.identity().region == "us-east-1"


def test_answers_do_not_reach_the_log(
    session: Session, made: dict[str, str], token: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = session.client("secretsmanager").get_secret_value(SecretId=made["secret"])
    assert token in answer["SecretString"]
    assert caplog.records
    assert token not in caplog.text


def test_a_profile_that_asks_for_a_code_where_nobody_can_answer(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[profile guarded]\nregion = eu-central-1\nrole_arn = arn:aws:iam::123456789012:role/look\n"
        "source_profile = base\nmfa_serial = arn:aws:iam::123456789012:mfa/somebody\n[profile base]\n"
    )
    bare.setenv("AWS_CONFIG_FILE", str(config))
    with pytest.raises(BadInput) as raised:
        Session(profile="guarded")
    assert str(raised.value).startswith(
        "profile 'guarded' asks for an MFA code of arn:aws:iam::123456789012:mfa/somebody, and there is no terminal"
    )


def test_a_single_sign_on_that_is_over(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[profile office]\nregion = eu-central-1\nsso_session = office\nsso_account_id = 123456789012\n"
        "sso_role_name = look\n[sso-session office]\nsso_region = eu-central-1\n"
        "sso_start_url = https://office.invalid/start\n"
    )
    bare.setenv("AWS_CONFIG_FILE", str(config))
    bare.setenv("HOME", str(tmp_path))
    with pytest.raises(BadInput, match=r"^AWS in eu-central-1: .*sign in again \(`aws sso login`"):
        Session(profile="office").identity()


def test_a_configuration_that_leads_in_a_circle(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = tmp_path / "config"
    role = "region = eu-central-1\nrole_arn = arn:aws:iam::123456789012:role/look\n"
    config.write_text(f"[profile a]\n{role}source_profile = b\n[profile b]\n{role}source_profile = a\n")
    bare.setenv("AWS_CONFIG_FILE", str(config))
    with pytest.raises(BadInput, match="the AWS configuration cannot be used: "):
        Session(profile="a").identity()


@pytest.fixture
def accounts() -> Iterator[str]:
    """Where many accounts answer, each for the credentials of its own roles; the sandbox plays one account only."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def test_a_role_of_another_account(accounts: str, bare: pytest.MonkeyPatch) -> None:
    with_keys(accounts, bare)
    session = Session(region="us-east-1", role=Role("arn:aws:iam::444455556666:role/look", "shared"))
    identity = session.identity()
    assert identity.account == "444455556666"
    assert identity.arn == "arn:aws:sts::444455556666:assumed-role/look/skyworthy"
    assert session.calls.counts == {"sts:GetCallerIdentity": 1}  # the role was assumed beside the read-only session


def test_a_profile_with_a_role(accounts: str, bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with_keys(accounts, bare)
    config = tmp_path / "config"
    role = "role_arn = arn:aws:iam::444455556666:role/look\ncredential_source = Environment\n"
    config.write_text(f"[profile shop]\nregion = eu-central-1\n{role}")
    bare.setenv("AWS_CONFIG_FILE", str(config))
    identity = Session(profile="shop").identity()
    assert (identity.account, identity.region) == ("444455556666", "eu-central-1")


def test_a_role_that_cannot_be_assumed(sandbox: Sandbox, bare: pytest.MonkeyPatch) -> None:
    with_keys(sandbox.url, bare)
    faults.deny(sandbox, "sts:AssumeRole")
    with pytest.raises(BadInput, match=r"the role cannot be assumed \(AccessDenied.*\); its trust policy must name"):
        Session(region="us-east-1", role=Role("arn:aws:iam::444455556666:role/look")).identity()


def test_a_role_without_credentials_to_assume_it(bare: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match="no AWS credentials"):
        Session(region="us-east-1", role=Role("arn:aws:iam::444455556666:role/look")).identity()


def test_a_session_with_a_role_still_only_reads(sandbox: Sandbox, bare: pytest.MonkeyPatch) -> None:
    with_keys(sandbox.url, bare)
    session = Session(region="us-east-1", role=Role("arn:aws:iam::444455556666:role/look"))
    with pytest.raises(NotARead, match="sts:AssumeRole is refused"):
        session.client("sts").assume_role(RoleArn="arn:aws:iam::444455556666:role/other", RoleSessionName="x")


def with_keys(url: str, bare: pytest.MonkeyPatch) -> None:
    """As on a machine whose environment holds keys, with a server on loopback in the place of AWS."""
    bare.setenv("AWS_ENDPOINT_URL", url)
    bare.setenv("AWS_ACCESS_KEY_ID", "testing")
    bare.setenv("AWS_SECRET_ACCESS_KEY", "testing")


def test_nothing_is_sent_after_the_deadline(session: Session) -> None:
    with session.until(time.monotonic() - 1), pytest.raises(TooLate, match="it came after the deadline"):
        session.client("ec2").describe_vpcs()
    assert session.calls.total == 0
    session.client("ec2").describe_vpcs()


def test_no_other_attempt_is_made_after_the_deadline(sandbox: Sandbox) -> None:
    session = Session(endpoint_url=sandbox.url, target="sandbox", attempts=4)
    faults.throttle(sandbox, "ec2:DescribeVpcs")

    def over(**_: object) -> None:
        session.calls.deadline = 0.0

    session.client("ec2").meta.events.register("response-received.*.*", over)
    with session.until(time.monotonic() + 600), pytest.raises(TooLate):
        session.client("ec2").describe_vpcs()
    assert sandbox.control("GET", "status")["calls"]["ec2:DescribeVpcs"] == 1


def test_what_was_called_how_often_how_long_and_how_often_again(sandbox: Sandbox) -> None:
    session = Session(endpoint_url=sandbox.url, target="sandbox", attempts=3)
    session.client("ec2").describe_vpcs()
    before = session.calls.calls()
    faults.throttle(sandbox, "ec2:DescribeSubnets")
    with pytest.raises(ClientError):
        session.client("ec2").describe_subnets()
    session.client("ec2").describe_vpcs()
    made = session.calls.calls().since(before)
    assert made.counts == {"ec2:DescribeSubnets": 1, "ec2:DescribeVpcs": 1}
    assert made.retries == {"ec2:DescribeSubnets": 2}
    assert made.seconds.keys() == made.counts.keys()
    assert all(seconds > 0 for seconds in made.seconds.values())


def test_a_call_that_nobody_answers_is_timed_too(closed: str) -> None:
    session = Session(endpoint_url=closed, target="sandbox", attempts=1)
    with pytest.raises(BadInput):
        session.identity()
    assert session.calls.seconds["sts:GetCallerIdentity"] > 0
