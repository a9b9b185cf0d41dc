"""``[smoke]`` of skyworthy.toml: what it says, and what it is refused for."""

from pathlib import Path

import pytest

from skyworthy.config import BadInput, SmokeCheck, load_settings

HEAD = "[environments.staging]\nterraform = '.'\n"
FIRST = "[[smoke.services.api.checks]]\npath = '/'\n"
LOGIN = "[smoke.services.api]\nlogin_path = '/login'\n"


def test_checks_are_read(tmp_path: Path) -> None:
    (tmp_path / "skyworthy.toml").write_text(
        HEAD
        + """
[smoke.services.api]
login_path = "/login"
look_inside = ["staging"]

[[smoke.services.api.checks]]
path = "/status?full=1"
status = [200, 204]
json = { ok = true, parts = ["a"] }
headers = { Content-Type = "json" }
within_ms = 250

[[smoke.services.api.checks]]
path = "/items"
method = "POST"
signed_in = true
"""
    )
    service = load_settings(tmp_path).smoke.services["api"]
    assert service.look_inside == ("staging",)
    first, second = service.checks
    assert first == SmokeCheck(
        "/status?full=1",
        status=(200, 204),
        json={"ok": True, "parts": ["a"]},
        headers={"Content-Type": "json"},
        within_ms=250.0,
    )
    assert (first.title, second.title) == ("GET /status", "POST /items")
    assert second == SmokeCheck("/items", "POST", signed_in=True)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("[smoke]\nsamples = 0\n", 4, "samples is 1 to 200, not 0"),
        ("[smoke]\nper_second = 1000\n", 4, "per_second is above 0 and at most 100"),
        ("[smoke]\np95_ms = 0\n", 4, "p95_ms must be above 0"),
        ("[smoke]\n\ndeadline_seconds = -1\n", 5, "deadline_seconds must be above 0"),
        (
            "[smoke]\ntoken_variable = 'ey.not.a name'\n",
            4,
            "token_variable must be the name of an environment variable",
        ),
        (FIRST + "[[smoke.services.api.checks]]\nmethod = 'GET'\n", 5, "needs path"),
        (FIRST + "[[smoke.services.api.checks]]\npath = 'api'\n", 6, "path must begin with a slash"),
        (FIRST + "[[smoke.services.api.checks]]\npath = '/'\nmethod = 'get'\n", 7, "method takes GET, HEAD"),
        (FIRST + "statuses = [200]\n", 5, "unknown key 'statuses' in [smoke.services.api.checks]; it takes: body"),
        (FIRST + "status = 200\n", 5, "status must be a list"),
        (FIRST + "status = [20]\n", 5, "status lists numbers from 100 to 599, not [20]"),
        (FIRST + "status = []\n", 5, "status lists numbers from 100 to 599, not nothing"),
        (FIRST + "status = [true]\n", 5, "status must be a whole number, not True"),
        (FIRST + "method = 'HEAD'\nbody = 'x'\n", 5, "an answer to HEAD has no body to expect anything of"),
        (FIRST + "within_ms = -1\n", 5, "within_ms must not be below 0"),
        (FIRST + "send = { Authorization = 'dummy' }\n", 5, "Authorization does not belong in this file"),
        (FIRST + "token = 'a-dummy'\n", 5, "token must be the name of an environment variable"),
        (FIRST + "signed_in = true\n", 5, "signed_in needs the service's login_path"),
        (LOGIN + FIRST + "token = 'T'\nsigned_in = true\n", 8, "token and signed_in exclude each other"),
        ("[smoke.services.api]\nversion_path = 'v'\n", 4, "version_path must begin with a slash"),
        ("[smoke.services.api]\nurl = { staging = 'api' }\n", 4, "url of staging must be like https://api.example.com"),
        (
            "[smoke.services.api]\nchecks = [\n  { path = '/' },\n  { path = 'x' },\n]\n",
            6,
            "path must begin with a slash",
        ),
        ("[smoke.services.api]\nchecks = [3]\n", 4, "smoke.services.api.checks must be a table"),
    ],
)
def test_what_nobody_could_be_asked_is_refused_with_its_line(
    tmp_path: Path, text: str, line: int, message: str
) -> None:
    path = tmp_path / "skyworthy.toml"
    path.write_text(HEAD + text)
    with pytest.raises(BadInput) as caught:
        load_settings(tmp_path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert message in str(caught.value)
    assert "dummy" not in str(caught.value)


def test_example_of_the_page_is_read(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "smoke.md").read_text("utf-8")
    example = page.partition("```toml\n")[2].partition("```")[0]
    (tmp_path / "skyworthy.toml").write_text(HEAD + example)
    service = load_settings(tmp_path).smoke.services["backend"]
    assert [check.title for check in service.checks] == ["GET /api/v1/users/me", "GET /api/v1/reports"]
