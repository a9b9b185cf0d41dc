"""tests/smoke/test_local.py itself: skipped with its reason, and red for what does not run."""

import json
import os
import stat
import sys
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

SUITE = Path(__file__).parents[2] / "smoke" / "test_local.py"
DUMMY = "dummy-not-to-be-shown"


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    pytester.makeini("[pytest]\naddopts = -p no:cacheprovider\nmarkers = smoke: asks running services\n")
    pytester.makepyfile(test_local=SUITE.read_text("utf-8"))
    monkeypatch.delenv("SKYWORTHY_LOCAL", raising=False)
    return pytester


def test_nothing_is_looked_at_where_nothing_is_named(suite: pytest.Pytester) -> None:
    done = suite.runpytest_subprocess("-rs")
    done.assert_outcomes(skipped=9)
    done.stdout.fnmatch_lines(["*no local environment is named: set SKYWORTHY_LOCAL*"])


def docker(directory: Path, containers: list[dict[str, str]], environment: dict[str, str]) -> None:
    """A docker of the test's own, that knows the two calls which the suite makes."""
    lines = "\n".join(json.dumps(item) for item in containers)
    file = directory / "docker"
    file.write_text(
        f"#!{sys.executable}\nimport subprocess, sys\n"
        f"if sys.argv[1] == 'compose': sys.exit(print({lines!r}))\n"
        "assert sys.argv[1:3] == ['exec', 'omc-backend-1'] and sys.argv[3:5] == ['/bin/sh', '-c']\n"
        f"sys.exit(subprocess.run(sys.argv[3:], env={{'PATH': '/usr/bin:/bin', **{environment!r}}}).returncode)\n"
    )
    file.chmod(file.stat().st_mode | stat.S_IXUSR)


@pytest.mark.parametrize(("state", "key", "failed"), [("running", DUMMY, 0), ("exited", "", 2)])
def test_containers_are_looked_at(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, state: str, key: str, failed: int
) -> None:
    containers = [
        {"Service": name, "Name": f"omc-{name}-1", "State": "running", "Health": "healthy"}
        for name in ("backend", "cache", "database", "frontend")
    ]
    containers[1]["State"] = state
    given = {"ENVIRONMENT": "local", "SECRET_KEY": key, "POSTGRES_PASSWORD": DUMMY, "FIRST_SUPERUSER_PASSWORD": DUMMY}
    docker(suite.path, containers, given)
    monkeypatch.setenv("PATH", f"{suite.path}:{os.environ['PATH']}")
    monkeypatch.setenv("SKYWORTHY_LOCAL", "local://")
    done = suite.runpytest_subprocess("-k", "container or backend_holds", "-vv")
    done.assert_outcomes(passed=5 - failed, failed=failed, deselected=4)
    if failed:
        done.stdout.fnmatch_lines(["*empty in the backend: SECRET_KEY*"])
    assert DUMMY not in done.stdout.str()
