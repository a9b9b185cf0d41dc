"""Which account is looked at: the one that skyworthy.toml names, by its profile or role, or none at all."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from skyworthy.config import Environment, Settings
from skyworthy.errors import BadInput
from skyworthy.suites.account import account
from skyworthy.suites.options import Options

ROLE = "arn:aws:iam::444455556666:role/look"
PLACE = Environment("staging", Path(), region="eu-central-1")


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A server on loopback in the place of AWS, in which each role's credentials are of the role's account."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    config = tmp_path / "config"
    config.write_text(f"[profile shop]\nrole_arn = {ROLE}\ncredential_source = Environment\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    yield
    server.stop()


def announced(environment: Environment) -> str:
    told: list[str] = []
    with account(Settings(Path()), environment, Options(target="aws", announce=told.append)):
        return told[0]


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        (dataclasses.replace(PLACE, role_arn=ROLE, external_id="shared"), f"AWS, by {ROLE}"),
        (dataclasses.replace(PLACE, profile="shop"), "AWS, by profile shop"),
    ],
)
def test_it_is_announced_which_account_by_which_means(environment: Environment, expected: str) -> None:
    environment = dataclasses.replace(environment, account="444455556666")
    assert announced(environment) == f"account 444455556666, region eu-central-1: {expected}"


def test_another_account_is_refused_before_anything_is_read() -> None:
    with pytest.raises(BadInput) as raised:
        announced(dataclasses.replace(PLACE, account="444455556666"))
    assert str(raised.value) == (
        "staging is to be in account 444455556666, but the credentials are of account 123456789012 "
        "(arn:aws:sts::123456789012:user/moto): nothing was read; set AWS_PROFILE, or `profile` or `role_arn` in "
        "[environments.staging]"
    )


def test_without_a_named_account_any_is_looked_at() -> None:
    assert announced(PLACE) == "account 123456789012, region eu-central-1: AWS, by your credentials"
