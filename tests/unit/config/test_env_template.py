"""The template of variables: what is read of it, and the one message where it is malformed."""

from pathlib import Path

import pytest

from skyworthy.config import BadInput, EnvTemplate, Variable, load_env_template, load_settings

ROOT = Path(__file__).parents[3]
TEXT = """\
# How to use this file.

# --- Database (PostgreSQL) ---

# Host of the database,
# local or on AWS.
# required: backend, worker
POSTGRES_SERVER=localhost

# Key of an interface.
# Required when deployed: backend
export API_KEY=

# --- Rest ---

# optional: frontend
PORT = 8000
"""


def read(directory: Path, text: str) -> EnvTemplate:
    path = directory / ".env.template"
    path.write_text(text, "utf-8")
    return load_env_template(path)


def test_variables_have_section_comment_need_and_readers(tmp_path: Path) -> None:
    template = read(tmp_path, TEXT)
    database, key, port = template.variables
    assert database == Variable(
        name="POSTGRES_SERVER",
        need="required",
        readers=("backend", "worker"),
        section="Database (PostgreSQL)",
        comment="Host of the database, local or on AWS.",
        value="localhost",
        line=8,
    )
    assert (key.name, key.need, key.readers, key.value) == ("API_KEY", "required when deployed", ("backend",), "")
    assert (port.name, port.need, port.section, port.comment) == ("PORT", "optional", "Rest", "")


def test_a_deployed_container_is_owed_what_is_not_optional(tmp_path: Path) -> None:
    template = read(tmp_path, TEXT)
    assert template.readers == ("backend", "frontend", "worker")
    assert [item.name for item in template.demanded_by("backend")] == ["POSTGRES_SERVER", "API_KEY"]
    assert template.demanded_by("frontend") == ()
    assert template.demanded_by("proxy") == ()


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("# A port.\nPORT=\n", 2, "PORT needs one mark in the comment above it, such as `# required: backend`"),
        ("# required: a\n\nPORT=\n", 3, "PORT needs one mark"),
        ("# required: a\n# optional: b\nPORT=\n", 3, "PORT needs one mark"),
        ("# required:\nPORT=\n", 2, "PORT needs one mark"),
        ("# required: a\nPORT=\n# required: a\nPORT=\n", 4, "PORT stands on line 2 already"),
        ("# required: a\nPORT\n", 2, "neither a comment nor NAME=value: PORT"),
        ("# Nothing yet.\n", 1, "it has no variable"),
    ],
)
def test_a_malformed_template_is_refused_with_its_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path / '.env.template'}:{line}: ")
    assert message in str(caught.value)


def test_what_a_malformed_line_holds_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        read(tmp_path, "my key=do not tell\n")
    assert "do not tell" not in str(caught.value)


def test_a_template_that_is_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "skyworthy.toml").write_text(
        '[application]\nenv_template = "variables"\n[environments.staging]\nterraform = "root"\n', "utf-8"
    )
    with pytest.raises(BadInput, match="variables: cannot be read"):
        load_settings(tmp_path)


def test_the_settings_give_the_template_to_every_environment(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    read(tmp_path, TEXT)
    (tmp_path / "skyworthy.toml").write_text(
        '[application]\nenv_template = ".env.template"\n[environments.staging]\nterraform = "root"\n', "utf-8"
    )
    settings = load_settings(tmp_path)
    assert settings.env_template is not None
    assert settings.environment("staging").env_template is settings.env_template


def test_our_own_template_names_what_the_application_needs_and_no_secret() -> None:
    template = load_env_template(ROOT / ".env.template")
    names = {item.name for item in template.variables}
    assert names >= {
        *("DOMAIN", "FRONTEND_HOST", "ENVIRONMENT", "SECRET_KEY", "FIRST_SUPERUSER", "FIRST_SUPERUSER_PASSWORD"),
        *("POSTGRES_SERVER", "POSTGRES_PORT", "POSTGRES_DB", "POSTGRES_USER", "POSTGRES_PASSWORD", "REDIS_HOST"),
        *("REDIS_PORT", "OPENAI_API_KEY", "OPENAI_MODEL", "AGENT_MAX_ITERATIONS", "AGENT_TIMEOUT_SECONDS"),
        *("AGENT_CODE_EXECUTION_TIMEOUT", "SMTP_HOST", "SMTP_USER", "SMTP_PASSWORD", "SENTRY_DSN"),
        *("DOCKER_IMAGE_BACKEND", "DOCKER_IMAGE_FRONTEND"),
    }
    assert all(item.comment and item.section for item in template.variables)
    secret = ("KEY", "PASSWORD", "TOKEN", "DSN")
    assert [item.name for item in template.variables if item.name.endswith(secret) and item.value] == []
