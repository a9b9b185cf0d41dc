"""`.env.template` against compose files, sources and declared task definitions."""

from pathlib import Path
from typing import Any

import pytest

from skyworthy import declared
from skyworthy.repository import variables

from .conftest import Checkout, Judge

TEMPLATE = """# --- Application ---

# Where it runs.
# required: backend
ENVIRONMENT=local

# Port to listen on.
# optional: backend
PORT=

# --- Secrets ---

# Signs tokens.
# required: backend, compose
SECRET_KEY=
"""
APP = """import os
from .config import Source

source = Source(os.environ)
ENVIRONMENT = os.environ["ENVIRONMENT"]
PORT = source.number("PORT", 8000)
HOME = os.getenv("HOME")
"""
CONFIG = """class Source:
    def __init__(self, environ):
        self.environ = environ

    def variable(self, key, default=None):
        return self.environ.get(key, default)

    def number(self, name, default=None):
        return int(self.variable(name, default))
"""
COMPOSE = (
    "services:\n  app:\n    environment:\n      SECRET_KEY: ${SECRET_KEY:?}  # ${NOT_THIS}\n      HASH: $$NOT_THIS\n"
)
FILES = {".env.template": TEMPLATE, "app/main.py": APP, "app/config.py": CONFIG, "compose.yml": COMPOSE}
TASK = """
variable "extra" {
  type = string
}

resource "aws_ecs_task_definition" "app" {
  family = "app"
  container_definitions = jsonencode([{
    name        = "backend"
    image       = "x"
    environment = %s
    secrets     = [{ name = "SECRET_KEY", valueFrom = "arn:aws:ssm:eu-central-1:123456789012:parameter/x" }]
  }])
}
"""


def facts(tmp_path: Path, environment: str = '[{ name = "PORT", value = "1" }]') -> dict[str, Any]:
    root = tmp_path / "root"
    root.mkdir()
    (root / "main.tf").write_text(TASK % environment, "utf-8")
    return {"sources": ("app",), "estates": lambda: {"staging": declared.read(root)}}


def test_a_complete_template_passes(checkout: Checkout, said: Judge, tmp_path: Path) -> None:
    checkout.write(FILES)
    assert said("repo.env-template-complete", checkout.directory, **facts(tmp_path)) == ("pass", "")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"app/main.py": APP + 'os.getenv("MISSED")\n'}, "MISSED is not in .env.template; it is read by app/main.py:8"),
        ({"compose.yml": COMPOSE + "      - ONLY_COMPOSE\n"},
         "ONLY_COMPOSE is not in .env.template; it is read by compose.yml:6"),
        ({".env.template": TEMPLATE + "\n# Old.\n# optional: backend\nSTALE=\n"},
         ".env.template:19: STALE is read by nothing"),
        ({".env.template": TEMPLATE.replace("# optional: backend", "# optional: backend, compose")},
         ".env.template:9: PORT is not read by any compose file"),
        ({"compose.yml": "services: {}\n"}, ".env.template:15: SECRET_KEY is not read by any compose file"),
        ({".env.template": TEMPLATE.replace("# Signs tokens.\n", "")},
         ".env.template:14: SECRET_KEY has no comment that says what it is for"),
        ({".env.template": TEMPLATE.removeprefix("# --- Application ---\n")},
         ".env.template:4: ENVIRONMENT stands in no section; .env.template:8: PORT stands in no section"),
        ({".env.template": TEMPLATE.replace("SECRET_KEY=", "SECRET_KEY=hunter2hunter2")},
         ".env.template:15: SECRET_KEY has a value that looks real: leave it empty"),
        ({".env.template": TEMPLATE.replace("# required: backend\nENV", "# optional: backend\nENV")},
         ".env.template:5: ENVIRONMENT is marked optional, and app/main.py:5 does not start without it"),
        ({".env.template": TEMPLATE.replace("# optional: backend\n", "")},
         ".env.template:8: PORT needs one mark in the comment above it, such as `# required: backend`, "
         "`# required when deployed: backend` or `# optional: backend`"),
        ({".env.template": None}, "there is no .env.template, and ENVIRONMENT, PORT, SECRET_KEY are read"),
    ],
)  # fmt: skip
def test_each_gap_is_told_with_its_place(
    checkout: Checkout, said: Judge, tmp_path: Path, files: dict[str, str | None], message: str
) -> None:
    checkout.write({name: text for name, text in (FILES | files).items() if text is not None})
    assert said("repo.env-template-complete", checkout.directory, **facts(tmp_path)) == ("fail", message)


def test_a_variable_of_a_task_definition_must_be_in_it(checkout: Checkout, said: Judge, tmp_path: Path) -> None:
    given = facts(tmp_path, '[{ name = "DEPLOYED_ONLY", value = "1" }]')
    assert said("repo.env-template-complete", checkout.write(FILES).directory, **given) == (
        "fail",
        "DEPLOYED_ONLY is not in .env.template; it is read by aws_ecs_task_definition.app of staging",
    )


def test_a_task_definition_that_is_not_known_is_unknown(checkout: Checkout, said: Judge, tmp_path: Path) -> None:
    given = facts(tmp_path, "jsondecode(var.extra)")
    outcome, message = said("repo.env-template-complete", checkout.write(FILES).directory, **given)
    assert outcome == "unknown"
    assert "extra" in message


def test_where_nothing_is_read_there_is_nothing_to_judge(checkout: Checkout, said: Judge) -> None:
    outcome = said("repo.env-template-complete", checkout.write({"README.md": "x\n"}).directory)
    assert outcome == ("not_applicable", "nothing reads an environment variable")


def test_what_sources_read_is_told_by_name_line_and_default() -> None:
    source = (
        "import os\nfrom os import environ as env, getenv\n"
        'a = env["A_A"]\nb = os.environ.get("B_B")\nc = getenv("C_C", "x")\nd = "D_D" in os.environ\n'
        'os.environ["SET_HERE"] = "x"\ne = {}.get("NOT_READ")\n'
        "class Settings(pydantic.BaseSettings):\n    smtp_host: str\n    smtp_port: int = 25\n"
    )
    assert [(item.name, item.line, item.has_default) for item in variables.in_sources([("x.py", source)])] == [
        ("A_A", 3, False), ("B_B", 4, True), ("C_C", 5, True), ("D_D", 6, True),
        ("SMTP_HOST", 10, False), ("SMTP_PORT", 11, True),
    ]  # fmt: skip
    assert variables.in_sources([("broken.py", "def (")]) == []
