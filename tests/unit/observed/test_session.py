"""Sessions: what they say where nothing can be read, and what they keep to themselves."""

import logging
import socket

import pytest

from skyworthy.errors import BadInput
from skyworthy.observed import Session
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
