"""``skyworthy policy``: the least that a live run must be allowed."""

import dataclasses
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skyworthy.cli.estates import declared_estate
from skyworthy.config import Environment, load_settings
from skyworthy.errors import BadInput
from skyworthy.estate import Estate

if TYPE_CHECKING:
    from skyworthy.observed.policy import Place

_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+")
_SUBJECT = re.compile(r"[A-Za-z0-9_]+(:[A-Za-z0-9._/@+-]+)?")


@click.command()
@click.option("--env", metavar="NAME", help="Which environment; needed where there are several.")
@click.option(
    "--terraform",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="A root module, or a tree in which root modules are found. Default: what skyworthy.toml names.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "terraform"]),
    default="json",
    show_default=True,
    help="A policy document, or Terraform to paste.",
)
@click.option(
    "--account",
    metavar="DIGITS",
    help="Name this account in the ARNs of the JSON. Default: the one in skyworthy.toml, else any.",
)
@click.option("--oidc-repository", metavar="OWNER/NAME", help="With Terraform: a role for the jobs of this repository.")
@click.option(
    "--oidc-subject",
    metavar="SUBJECT",
    default="ref:refs/heads/main",
    show_default=True,
    help="Which of its jobs, such as environment:staging.",
)
@click.option("--thorough", is_flag=True, help="Also the calls of a thorough run, as with `[live] thorough`.")
@click.option("--no-secrets", is_flag=True, help="Without the values of secrets; their controls are errors then.")
def policy(
    env: str | None,
    terraform: Path | None,
    form: str,
    account: str | None,
    oidc_repository: str | None,
    oidc_subject: str,
    thorough: bool,
    no_secrets: bool,
) -> None:
    """Print the IAM policy for exactly the calls that a live run makes; it holds no write.

    It is made from what the Terraform declares, so print it anew when a new kind of resource is added. With
    --oidc-repository it becomes a role that the nightly job of a GitHub repository assumes, without any stored key; the
    account must have GitHub's OIDC provider.

    \b
    Examples:
      skyworthy policy --env staging
      skyworthy policy --env staging --format terraform --oidc-repository acme/shop
      skyworthy policy --env staging --format terraform --oidc-repository acme/shop --oidc-subject environment:staging
    """
    from skyworthy.observed.policy import Asked, needed_policy
    from skyworthy.observed.policy_role import IN_TERRAFORM, GitHub, as_terraform
    from skyworthy.observed.state import with_state
    from skyworthy.suites.options import Options
    from skyworthy.suites.selection import select
    from skyworthy.suites.stage import Stage

    github = _github(form, oidc_repository, oidc_subject)
    if account is not None and not re.fullmatch(r"\d{12}", account):
        raise BadInput(f"--account takes twelve digits, not {account!r}")
    declared = declared_estate(env, terraform)
    settings = load_settings(Path())
    environment = select(settings, terraform=terraform, env=env)[0]
    asked = Asked(secrets=not no_secrets, thorough=thorough or settings.live.thorough)
    if asked.thorough:
        declared = with_state(declared, Stage(settings, environment, Options()).configuration.backend)
    if form == "json":
        place = _place(declared, environment, account)
        click.echo(json.dumps(needed_policy(declared, place, asked), indent=2))
        return
    place = dataclasses.replace(IN_TERRAFORM, region="*") if _several(declared, environment) else IN_TERRAFORM
    made = needed_policy(declared, place, asked)
    click.echo(
        as_terraform(made, f"skyworthy-{environment.name}", None if github is None else GitHub(*github)), nl=False
    )


def _github(form: str, repository: str | None, subject: str) -> tuple[str, str] | None:
    if repository is None:
        return None
    if form != "terraform":
        raise BadInput("--oidc-repository makes a role, which is Terraform: add --format terraform")
    if not _REPOSITORY.fullmatch(repository):
        raise BadInput(f"--oidc-repository takes OWNER/NAME, not {repository!r}")
    if not _SUBJECT.fullmatch(subject):
        raise BadInput(
            f"--oidc-subject takes one kind of job, such as ref:refs/heads/main or environment:staging, not {subject!r}"
        )
    return repository, subject


def _place(declared: Estate, environment: Environment, account: str | None) -> "Place":
    """Where the stack lives, as far as skyworthy.toml and the Terraform tell."""
    from skyworthy.behavior.permissions import scope_of
    from skyworthy.observed.policy import Place

    scope = scope_of(declared)
    region = "*" if _several(declared, environment) else environment.region or scope.region or "*"
    return Place(scope.partition, region, account or environment.account or "*")


def _several(declared: Estate, environment: Environment) -> bool:
    """Whether the stack may be in several regions."""
    return len(environment.regions) > 1 or any(item.region is not None for item in declared)
