"""The look into running tasks of the reference stack: a secret that was changed since they started is noticed."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

from skyworthy.config import SmokeService, load_settings
from skyworthy.suites import inside
from skyworthy.suites.launch import launched
from skyworthy.suites.options import Options
from skyworthy.suites.stage import Stage

REPOSITORY = Path(__file__).parents[3]
SECRET = "staging-omc-secrets"


def test_tasks_that_hold_an_old_secret_are_noticed(tmp_path: Path) -> None:
    settings = load_settings(REPOSITORY)
    with Stage(replace(settings, cache_directory=tmp_path), settings.environment("staging"), Options()) as stage:
        service = stage.observation.estate.get("module.ecs.aws_ecs_service.backend")
        assert service is not None
        with launched(stage) as services:
            copy = next(item for item in services.services if item.name == "backend")
            look = inside.variables(stage, service, services.cluster, copy)
            assert look is not None
            found = look()
            assert Counter(item.held for item in found) == {"held": len(found)}
            assert {"SMTP_PASSWORD", "POSTGRES_SERVER", "APP_VERSION"} <= {item.name for item in found}

            assert stage.account.sandbox is not None
            secrets = stage.account.sandbox.client("secretsmanager")
            held = json.loads(secrets.get_secret_value(SecretId=SECRET)["SecretString"])
            rotated = {**held, "SMTP_PASSWORD": "sandbox-another-dummy"}
            secrets.put_secret_value(SecretId=SECRET, SecretString=json.dumps(rotated))
            changed = look()
    assert [(item.container, item.name) for item in changed if item.held == "differs"] == [("backend", "SMTP_PASSWORD")]
    assert Counter(item.held for item in changed) == {"held": len(found) - 1, "differs": 1}
    assert not any(value in repr(changed) for value in rotated.values())


def test_aws_is_looked_into_only_where_that_is_allowed(tmp_path: Path) -> None:
    settings = load_settings(REPOSITORY)
    with Stage(replace(settings, cache_directory=tmp_path), settings.environment("staging"), Options()) as stage:
        service = stage.observation.estate.get("module.ecs.aws_ecs_service.backend")
        assert service is not None
        closed = inside.of_aws(stage, service, SmokeService(look_inside=("production",)))
        assert list(closed) == ["closed"]
        assert closed["closed"].endswith("look_inside = ['staging'] in [smoke.services.backend]")
        assert list(inside.of_aws(stage, service, SmokeService(look_inside=("staging",)))) == ["variables"]
