"""skyworthy.toml and waivers.toml: what they say, and the one message when they are malformed."""

import datetime
from pathlib import Path

import pytest

from skyworthy.config import BadInput, load_settings, load_waivers, policy_for

TODAY = datetime.date(2026, 11, 21)


def write(directory: Path, text: str, name: str = "skyworthy.toml") -> Path:
    (directory / "roots" / "staging").mkdir(parents=True, exist_ok=True)
    path = directory / name
    path.write_text(text, "utf-8")
    return path


def test_without_a_file_there_are_defaults_and_no_environments(tmp_path: Path) -> None:
    settings = load_settings(tmp_path)
    assert dict(settings.environments) == {}
    assert settings.project == tmp_path.name


def test_an_environment_starts_from_the_policy_of_its_name(tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        [environments.production]
        terraform = "roots/staging"
        inventory = { aws_db_instance = 1 }
        policy = { backup_retention_days = 14 }
        """,
    )
    environment = load_settings(tmp_path).environment("production")
    assert environment.policy_name == "production"
    assert environment.policy.multi_az
    assert environment.policy.backup_retention_days == 14
    assert environment.inventory == {"aws_db_instance": 1}


def test_the_first_of_several_regions_is_the_environments_own(tmp_path: Path) -> None:
    write(tmp_path, "[environments.staging]\nterraform = 'roots/staging'\nregions = ['eu-west-1', 'us-gov-west-1']\n")
    environment = load_settings(tmp_path).environment("staging")
    assert (environment.region, environment.regions) == ("eu-west-1", ("eu-west-1", "us-gov-west-1"))


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("[project\nname = 1", 1, "not valid TOML"),
        ('[project]\nname = "x"\ncolour = "red"\n', 3, "unknown key 'colour' in [project]; it takes: name, reports"),
        ("[project]\n\nname = 3\n", 3, "name must be a string, not 3"),
        ("[environments.staging]\nregion = 'eu-west-1'\n", 1, "[environments.staging] needs terraform"),
        ("[environments.staging]\nterraform = 'nowhere'\n", 2, "the root module 'nowhere' is not a directory"),
        (
            "[environments.staging]\nterraform = 'roots/staging'\n[environments.staging.policy]\nmulti_az = 'yes'\n",
            4,
            "multi_az must be true or false, not 'yes'",
        ),
        (
            "[environments.staging]\nterraform = 'roots/staging'\npolicy = { base = 'strict' }\n",
            3,
            "unknown policy 'strict'; there are: baseline, staging, production",
        ),
        (
            "[environments.staging]\nterraform = 'roots/staging'\naccount = '12'\n",
            3,
            "account must be twelve digits in quotes, not '12'",
        ),
        (
            "[environments.staging]\nterraform = 'roots/staging'\nrole_arn = 'look'\n",
            3,
            "role_arn must be the ARN of an IAM role, not 'look'",
        ),
        (
            "[environments.staging]\nterraform = 'roots/staging'\naccount = '111122223333'\n"
            "role_arn = 'arn:aws:iam::444455556666:role/look'\n",
            4,
            "the role is of account 444455556666, but account is 111122223333",
        ),
        (
            "[environments.staging]\nterraform = 'roots/staging'\nregion = 'us-esat-1'\n",
            3,
            "AWS has no region 'us-esat-1'; is it us-east-1 or us-west-1?",
        ),
        (
            "[environments.staging]\nterraform = 'roots/staging'\nregions = ['us-east-1', 'mars']\n",
            3,
            "AWS has no region 'mars'",
        ),
        (
            "[environments.staging]\nterraform = 'roots/staging'\nregions = ['us-east-1', 'us-east-1']\n",
            3,
            "regions names 'us-east-1' twice",
        ),
        (
            "[environments.staging]\nterraform = 'roots/staging'\nregions = []\n",
            3,
            "regions is empty: name those in which it is looked for, or leave it out",
        ),
        (
            "[environments.staging]\nterraform = 'roots/staging'\nregion = 'us-east-1'\nregions = ['us-east-1']\n",
            4,
            "give region or regions, not both: the first of regions is the region",
        ),
        (
            "[environments.staging]\nterraform = 'roots/staging'\nexternal_id = 'x'\n",
            3,
            "external_id belongs to a role: set role_arn too",
        ),
        (
            "[environments.staging]\nterraform = 'roots/staging'\nurl = 'https://me:dummy@api.example.com'\n",
            3,
            "a url with a name or password in it would be shown in reports: leave them out",
        ),
        ("[smoke]\nsamples = true\n", 2, "samples must be a whole number, not True"),
        ("[project]\nname = 'x'\n", 1, "no [environments.NAME] table: nothing to certify"),
    ],
)
def test_a_malformed_file_is_refused_with_its_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(BadInput) as caught:
        load_settings(tmp_path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert message in str(caught.value)


def test_an_unknown_environment_names_those_there_are(tmp_path: Path) -> None:
    write(tmp_path, "[environments.staging]\nterraform = 'roots/staging'\n")
    with pytest.raises(BadInput, match="unknown environment 'prod'; there are: staging"):
        load_settings(tmp_path).environment("prod")


@pytest.mark.parametrize(
    ("name", "policy"),
    [
        ("production", "production"),
        ("eu-prod-1", "production"),
        ("staging", "staging"),
        ("preprod", "staging"),
        ("product-catalogue", "baseline"),
        ("main", "baseline"),
    ],
)
def test_the_policy_of_a_name(name: str, policy: str) -> None:
    assert policy_for(name) == policy


WAIVER = """
[[waiver]]
control = "rds.multi-az"
resource = "module.rds[0].*"
owner = "platform"
reason = "one zone is enough until launch"
expires = {expires}
"""


def test_a_waiver_covers_by_pattern_and_brackets_are_literal(tmp_path: Path) -> None:
    (waiver,) = load_waivers(write(tmp_path, WAIVER.format(expires="2026-12-31"), "waivers.toml"), TODAY)
    assert waiver.covers("rds.multi-az", "staging", "module.rds[0].aws_db_instance.main")
    assert not waiver.covers("rds.multi-az", "staging", "module.rds0.aws_db_instance.main")
    assert not waiver.covers("rds.not-public", "staging", "module.rds[0].aws_db_instance.main")
    assert not waiver.expired(datetime.date(2026, 12, 31))
    assert waiver.expired(datetime.date(2027, 1, 1))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (WAIVER.format(expires="2027-06-30"), "expires more than 180 days ahead: 2027-06-30"),
        (WAIVER.format(expires='"soon"'), "expires must be date, not 'soon'"),
        (WAIVER.format(expires="2026-12-31").replace('"platform"', '" "'), "needs an owner and a reason"),
        ("[waivers]\n", "it holds [[waiver]] tables and nothing else"),
    ],
)
def test_a_malformed_waiver_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, text, "waivers.toml")
    with pytest.raises(BadInput) as caught:
        load_waivers(path, TODAY)
    assert str(caught.value).startswith(f"{path}:")
    assert message in str(caught.value)
