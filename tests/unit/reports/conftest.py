"""Results and settings that the reports' tests share."""

import datetime
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skyworthy.config import Settings, load_settings
from skyworthy.estate import Location
from skyworthy.results import SuiteResult
from skyworthy.verdicts import Outcome, Verdict

FINISHED = datetime.datetime(2026, 3, 1, 10, 30, 15, tzinfo=datetime.UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    for name in ("staging", "production"):
        (tmp_path / "terraform" / name).mkdir(parents=True)
    (tmp_path / "skyworthy.toml").write_text(
        '[project]\nname = "shop"\n\n'
        '[environments.staging]\nterraform = "terraform/staging"\nurl = "https://api-staging.example.com"\n\n'
        '[environments.production]\nterraform = "terraform/production"\n',
        "utf-8",
    )
    return load_settings(tmp_path)


@pytest.fixture
def verdict() -> Callable[..., Verdict]:
    """A passing verdict of an encryption control, with what a test changes of it."""
    good = Verdict(
        control="rds.storage-encrypted",
        lens="declared",
        root="staging",
        address="module.rds.aws_db_instance.main",
        outcome=Outcome.PASS,
        location=Location("terraform/modules/rds/main.tf", 12),
        severity="high",
        title="Database storage is encrypted.",
        refs=("REQ DAT-1", "FSBP RDS.3", "CKV_AWS_16"),
    )
    return lambda outcome=Outcome.PASS, message="", **other: replace(good, outcome=outcome, message=message, **other)


@pytest.fixture
def result(verdict: Callable[..., Verdict]) -> Callable[..., SuiteResult]:
    """The result of a suite with one passing verdict, with what a test changes of it."""
    good = SuiteResult(
        suite="static",
        environment="staging",
        verdicts=(verdict(),),
        seconds=1.25,
        finished=FINISHED,
        commit="0123456789abcdef0123456789abcdef01234567",
    )

    def changed(*verdicts: Verdict, **other: Any) -> SuiteResult:
        made = replace(good, verdicts=verdicts) if verdicts else good
        return replace(made, **other)

    return changed
