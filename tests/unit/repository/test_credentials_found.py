"""Credentials in files and in the history: each kind is found, look-alikes are not, nothing is searched twice."""

import hashlib
import random
import string
import subprocess
from pathlib import Path

import pytest

from skyworthy.errors import BadInput
from skyworthy.repository import credentials, history

from .conftest import Checkout, Judge

ALNUM = string.ascii_letters + string.digits


def chance(length: int, letters: str = ALNUM) -> str:
    """Random characters, the same in each run; no string in this file looks like a credential."""
    return "".join(random.Random(f"{length}{letters}").choices(letters, k=length))  # noqa: S311


def key_id() -> str:
    return "AK" + "IA" + chance(16, string.ascii_uppercase + "234567")


def mark(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()[:16]


KINDS = {
    "aws-access-key-id": key_id(),
    "aws-secret-access-key": f"aws_secret_access_key = {chance(40)}",
    "private-key": f"-----BEGIN RSA PRIVATE {'KEY'}-----\n{chance(64)}\n{chance(64)}\n",
    "github-token": "ghp" + "_" + chance(36),
    "gitlab-token": "glpat" + "-" + chance(20),
    "slack-token": "xoxb" + "-" + chance(12, string.digits) + "-" + chance(24),
    "slack-webhook": "https://hooks.slack.com/services/T0" + "/".join((chance(8, "AB"), chance(9, "AB"), chance(24))),
    "stripe-key": "sk" + "_live_" + chance(24),
    "openai-key": "sk" + "-proj-" + chance(24) + "T3Blbk" + "FJ" + chance(24),
    "anthropic-key": "sk" + "-ant-api03-" + chance(90),
    "google-api-key": "AI" + "za" + chance(35),
    "npm-token": "npm" + "_" + chance(36),
    "pypi-token": "pypi" + "-AgE" + chance(70),
    "docker-token": "dckr" + "_pat_" + chance(27),
    "vault-token": "hvs" + "." + chance(30),
    "sendgrid-key": "SG" + "." + chance(22) + "." + chance(43),
    "sentry-token": "sntrys" + "_" + chance(70),
    "hugging-face-token": "hf" + "_" + chance(34, string.ascii_letters),
    "digitalocean-token": "dop" + "_v1_" + chance(64, "0123456789abcdef"),
    "azure-storage-key": "AccountKey=" + chance(86) + "==",
    "json-web-token": "ey" + "J" + chance(20) + ".ey" + "J" + chance(30) + "." + chance(43),
    "password-in-url": f"postgres://app:{chance(16)}@db.internal/app",
    "secret-assigned": f'DB_PASSWORD: "{chance(24)}"',
    "secret-in-env-file": f"# mail\nSMTP_PASSWORD={chance(24)}\n",
}  # fmt: skip


def test_every_rule_is_shown() -> None:
    assert {rule.id for rule in credentials.rules()} == set(KINDS)


@pytest.mark.parametrize(("kind", "text"), KINDS.items(), ids=list(KINDS))
def test_each_kind_is_found_on_its_line(kind: str, text: str) -> None:
    found = list(credentials.search(f"first\n{text}\nlast\n".encode()))
    assert [(item.rule, item.line) for item in found] == [(kind, 3 if kind == "secret-in-env-file" else 2)]
    assert list(credentials.search(b"\0" + text.encode())) == [], "a binary file"


@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7" + "EXAMPLE",
        f'clientToken: "{chance(24)}"',
        f'"ClientRequestToken": "{chance(32)}"',
        'password = "correct-horse-battery-staple"',
        'secret_arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:x-AbCdEf"',
        "PASSWORD=${DB_PASSWORD_FROM_ELSEWHERE_1a2B3c}",
        f'token = "dummy-{chance(20)}"',
        "https://user:password@example.com/",
        'api_key = "replace_with_the_key_of_the_service"',
        f"-----BEGIN PUBLIC KEY-----\n{chance(64)}",
        "token_type_hint_access_token_value_1 = 3",
    ],
)
def test_what_only_looks_like_one_is_not_found(text: str) -> None:
    assert list(credentials.search(f"{text}\n".encode())) == []


def test_a_credential_in_a_file_is_told_without_itself(checkout: Checkout, said: Judge) -> None:
    value = key_id()
    checkout.write({"a/b.txt": f"x\n{value}\n", ".gitignore": "kept.txt\n", "kept.txt": value})
    outcome, message = said("repo.no-credentials", checkout.directory)
    assert outcome == "fail"
    assert message == f"a/b.txt:2: an access key id of AWS (aws-access-key-id, {mark(value)})"
    assert value not in message


def test_what_was_deleted_is_found_in_the_history_with_its_commit(checkout: Checkout, said: Judge) -> None:
    value = key_id()
    checkout.commit({"old.txt": value}).commit({"more.txt": "x"})
    first = checkout.git("rev-list", "--reverse", "--abbrev-commit", "HEAD").split()[0]
    (checkout.directory / "old.txt").unlink()
    checkout.commit({})
    words = f"an access key id of AWS (aws-access-key-id, {mark(value)})"
    assert said("repo.no-credentials", checkout.directory) == ("pass", "")
    assert said("repo.history-no-credentials", checkout.directory) == ("fail", f"old.txt:1 of {first}: {words}")


def test_other_branches_tags_and_messages_are_history_too(checkout: Checkout, said: Judge) -> None:
    value = key_id()
    checkout.commit({"a": "1"}).git("checkout", "--quiet", "-b", "other")
    checkout.commit({}, message=f"with {value}").git("checkout", "--quiet", "main")
    outcome, message = said("repo.history-no-credentials", checkout.directory)
    assert outcome == "fail"
    assert message.startswith("a commit's message:")
    checkout.git("tag", "--annotate", "kept", "--message", value)
    checkout.git("branch", "--quiet", "-D", "other")
    assert said("repo.history-no-credentials", checkout.directory)[0] == "fail"


def test_a_reason_lets_a_string_stay_until_it_is_nowhere(checkout: Checkout, said: Judge) -> None:
    allowed = f'[[allowed]]\nfingerprint = "{mark(key_id())}"\nreason = "revoked in May"\n'
    checkout.commit({"a.txt": key_id(), "allowed-credentials.toml": allowed})
    for control in ("repo.no-credentials", "repo.history-no-credentials"):
        assert said(control, checkout.directory) == ("pass", "")
    stale = f'[[allowed]]\nfingerprint = "{"0" * 16}"\nreason = "forgotten"\n'
    checkout.write({"allowed-credentials.toml": allowed + stale})
    expected = ("fail", f"allowed-credentials.toml: {'0' * 16} is nowhere: delete it")
    assert said("repo.history-no-credentials", checkout.directory) == expected
    checkout.write({"allowed-credentials.toml": allowed.replace("revoked in May", " ")})
    with pytest.raises(BadInput, match=r"allowed-credentials.toml:1: .* must be 16 hexadecimal digits with a reason"):
        credentials.load_allowed(checkout.directory / "allowed-credentials.toml")


def test_a_shallow_clone_is_unknown(checkout: Checkout, said: Judge, tmp_path: Path) -> None:
    checkout.commit({"a": "1"}).commit({"a": "2"})
    shallow = tmp_path / "shallow"
    subprocess.run(
        ["git", "clone", "--quiet", "--depth", "1", f"file://{checkout.directory}", str(shallow)], check=True
    )
    outcome, message = said("repo.history-no-credentials", shallow)
    assert (outcome, message) == (
        "unknown", "the clone is shallow: `git fetch --unshallow` brings the whole history"
    )  # fmt: skip


def test_a_partial_clone_is_unknown(checkout: Checkout, said: Judge, tmp_path: Path) -> None:
    checkout.commit({"a": "1"}).commit({"a": "2"})
    checkout.git("config", "uploadpack.allowFilter", "true")
    partial = tmp_path / "partial"
    subprocess.run(
        ["git", "clone", "--quiet", "--filter=blob:none", f"file://{checkout.directory}", str(partial)], check=True
    )
    (checkout.directory / ".git").rename(tmp_path / "gone")  # what is not here cannot be fetched either
    assert said("repo.history-no-credentials", partial)[0] == "unknown"


def test_an_object_is_searched_once(checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout.commit({"a": "1", "b": "2"})
    searched: list[bytes] = []
    real = credentials.search
    monkeypatch.setattr(credentials, "search", lambda content: searched.append(content) or real(content))  # type: ignore[func-returns-value]
    assert history.search(checkout.directory, tmp_path) == []
    assert sorted(item for item in searched if len(item) == 1) == [b"1", b"2"]
    searched.clear()
    checkout.commit({"c": key_id()})
    found = history.search(checkout.directory, tmp_path)
    assert [item.path for item in found] == ["c"]
    assert [item for item in searched if not item.startswith(b"tree ")] == [key_id().encode()]
    searched.clear()
    assert history.search(checkout.directory, tmp_path) == found
    assert searched == []


def test_a_store_that_is_damaged_is_made_anew(checkout: Checkout, tmp_path: Path) -> None:
    checkout.commit({"c": key_id()})
    found = history.search(checkout.directory, tmp_path)
    (store,) = tmp_path.glob("history-*.json")
    store.write_text("{", "utf-8")
    assert history.search(checkout.directory, tmp_path) == found
