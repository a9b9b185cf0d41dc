"""``skyworthy images``: what is pushed is judged by its scan, and no service is touched."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner, Result

from skyworthy.cli import skyworthy
from skyworthy.errors import BadInput

DOCKERFILE = '[deploy.images.api]\ncontext = "app"\n'


def images(*arguments: str) -> Result:
    return CliRunner().invoke(skyworthy, ["images", "--env", "staging", "--interval", "0.1", *arguments])


def scanned(stack: Any, *severities: str) -> None:
    """The next scan that is asked for finds these."""
    findings = [{"name": f"CVE-{number}", "severity": severity} for number, severity in enumerate(severities)]
    result = {
        "imageScanStatus": {"status": "COMPLETE"},
        "imageScanFindings": {
            "findings": findings,
            "findingSeverityCounts": {severity: severities.count(severity) for severity in severities},
        },
    }
    answer = requests.post(
        f"{stack.sandbox.url}/moto-api/static/ecr/scan-finding-results",
        json={"results": [{"repositoryName": stack.name, "imageId": {}, **result}]},
        timeout=10,
    )
    answer.raise_for_status()


@pytest.fixture
def pushed(stack: Any, project: Callable[[str], Path]) -> Any:
    """A project whose image 1.0 is scanned when it is pushed."""
    stack.service()
    project("staging")
    stack.client("ecr").start_image_scan(repositoryName=stack.name, imageId={"imageTag": "1.0"})
    return stack


def test_an_image_without_findings_passes(pushed: Any) -> None:
    scanned(pushed)
    done = images("--tag", "1.0", "--no-build")
    assert done.exit_code == 0, done.output
    assert "api: no findings" in done.output
    assert f"{pushed.image}@sha256:" in done.output


@pytest.mark.parametrize(
    ("least", "severities", "code", "said"),
    [
        ("critical", ("HIGH", "HIGH"), 0, "api: 2 high"),
        ("high", ("HIGH", "LOW"), 1, "api: 1 high, 1 low"),
        ("critical", ("CRITICAL", "MEDIUM"), 1, "api: 1 critical, 1 medium"),
        ("critical", ("UNHEARD_OF",), 1, "api: 1 critical"),
    ],
)
def test_findings_stop_it_from_a_severity_on(
    pushed: Any, least: str, severities: tuple[str, ...], code: int, said: str
) -> None:
    scanned(pushed, *severities)
    done = images("--tag", "1.0", "--no-build", "--fail-on", least)
    assert done.exit_code == code, done.output
    assert said in done.output


def test_what_was_not_scanned_is_not_green(stack: Any, project: Callable[[str], Path]) -> None:
    stack.service()
    project("staging")
    done = images("--tag", "1.0", "--no-build", "--timeout", "0")
    assert done.exit_code == 2, done.output
    assert "api: not scanned (absent): it was not scanned: set `scan_on_push`" in done.output


def test_a_missing_image_is_built_and_pushed_and_no_service_touched(
    stack: Any, project: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.service()
    directory = project("staging")
    (directory / "app").mkdir()
    (directory / "app" / "Dockerfile").write_text("FROM scratch\n", "utf-8")
    with (directory / "skyworthy.toml").open("a", encoding="utf-8") as file:
        file.write(DOCKERFILE)
    stack.client("ecr").put_image_scanning_configuration(
        repositoryName=stack.name, imageScanningConfiguration={"scanOnPush": True}
    )
    programs = tmp_path / "bin"
    programs.mkdir()
    log = stack.docker(programs)
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    done = images("--tag", "1.3")
    assert done.exit_code == 0, done.output
    assert [json.loads(line)[0][0] for line in log.read_text("utf-8").splitlines()] == [
        "version", "login", "build", "push",
    ]  # fmt: skip
    assert stack.runs() == "1"


def test_an_image_that_is_not_there_is_told_before_anything(pushed: Any) -> None:
    done = images("--tag", "9.9", "--no-build")
    assert isinstance(done.exception, BadInput)
    assert f"ECR has no image {pushed.name}:9.9: push it, or leave --no-build out" in str(done.exception)
