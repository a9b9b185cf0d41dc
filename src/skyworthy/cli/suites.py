"""``skyworthy verify | static | live | smoke | status``."""

import dataclasses
import datetime
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skyworthy.cli.repository import judged
from skyworthy.config import Environment, Settings, load_settings
from skyworthy.errors import BadInput
from skyworthy.estate import Estate
from skyworthy.files import write_json
from skyworthy.results import Suite, SuiteResult, combined

if TYPE_CHECKING:
    from skyworthy.suites.options import Options
    from skyworthy.suites.stage import Stage


def which(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say which Terraform is meant."""
    options = (
        click.option(
            "--terraform",
            type=click.Path(path_type=Path),
            metavar="DIR",
            help="A root module, or a tree in which root modules are found. Default: what skyworthy.toml names.",
        ),
        click.option("--env", metavar="NAME", help="Only this environment."),
        values,
    )
    return _all(options, function)


def _all(options: Sequence[Callable[..., Any]], function: Callable[..., Any]) -> Callable[..., Any]:
    """A command with options, in the order in which help tells them."""
    for option in reversed(options):
        function = option(function)
    return function


def values(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that give a root module its values."""
    options = (
        click.option(
            "--var-file",
            "var_files",
            multiple=True,
            type=click.Path(path_type=Path, dir_okay=False, exists=True),
            metavar="FILE",
            help="Values of variables, beside the tfvars that Terraform loads by itself.",
        ),
        click.option(
            "--var",
            "variables",
            multiple=True,
            metavar="NAME=VALUE",
            callback=_pairs,
            help="Value of a variable, as Terraform's -var; it wins over every file, and they over TF_VAR_NAME.",
        ),
        click.option(
            "--workspace",
            default="",
            metavar="NAME",
            help="The workspace. Default: skyworthy.toml's, TF_WORKSPACE, or the one selected in the directory.",
        ),
    )
    return _all(options, function)


def _pairs(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    for item in given:
        if "=" not in item:
            raise BadInput(f"--var takes NAME=VALUE, not {item!r}")
    return dict(item.split("=", 1) for item in given)


def meant(
    settings: Settings,
    terraform: Path | None,
    env: str | None,
    var_files: tuple[Path, ...],
    variables: Mapping[str, str],
    workspace: str,
) -> tuple[Environment, ...]:
    """The environments that the options of :func:`which` mean, with what they give them.

    Raises:
        BadInput: there is no such environment or directory.
    """
    from skyworthy.suites.selection import select

    files = tuple(str(name.resolve()) for name in var_files)
    return tuple(
        dataclasses.replace(
            environment,
            var_files=(*environment.var_files, *files),
            variables={**environment.variables, **variables},
            workspace=workspace or environment.workspace,
        )
        for environment in select(settings, terraform=terraform, env=env, var_files=var_files, workspace=workspace)
    )


def selection(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say what to certify, and how."""
    options = (
        which,
        click.option(
            "--plan",
            type=click.Path(path_type=Path, dir_okay=False, exists=True),
            metavar="FILE",
            help="JSON of a plan (terraform show -json) of the one environment meant: its values count, and where the "
            "code disagrees, that is told.",
        ),
        click.option(
            "--state",
            type=click.Path(path_type=Path, dir_okay=False, exists=True),
            metavar="FILE",
            help="A state (terraform state pull), likewise.",
        ),
        click.option("--no-waivers", is_flag=True, help="Ignore waivers.toml."),
        click.option("--json", "json_file", type=click.Path(path_type=Path), metavar="FILE", help="Verdicts as JSON."),
        click.option("--verbose", "-v", is_flag=True, help="Name what is only counted."),
    )
    return _all(options, function)


def checking(function: Callable[..., Any]) -> Callable[..., Any]:
    """The option of what runs the static suite."""
    return click.option("--no-checkov", is_flag=True, help="Leave checkov out of the static suite.")(function)


def looking(function: Callable[..., Any]) -> Callable[..., Any]:
    """The option that says where live and smoke look."""
    return click.option(
        "--target",
        type=click.Choice(["sandbox", "aws"]),
        default="sandbox",
        show_default=True,
        help="The sandbox (a running one, else one replayed for this run) or the AWS account of your credentials.",
    )(function)


@click.command()
@selection
@checking
def static(**given: Any) -> None:
    """Judge what the Terraform declares: no credentials, no network.

    \b
    Examples:
      skyworthy static                                  every environment of skyworthy.toml
      skyworthy static --env production
      skyworthy static --terraform ../their-repo --no-checkov
    """
    _run(["static"], **given)


@click.command()
@selection
@looking
@click.option(
    "--region", metavar="NAME", default="", help="Only this one of its regions; `skyworthy merge` joins them."
)
def live(**given: Any) -> None:
    """Judge what the account really holds, only reading.

    \b
    Examples:
      skyworthy live --env staging                      on the sandbox
      skyworthy live --env staging --target aws
      skyworthy live --env staging --region eu-west-1   one machine of several, each with a region
    """
    _run(["live"], **given)


@click.command()
@selection
@looking
def smoke(**given: Any) -> None:
    """Ask the running services: health, database, cache.

    On the sandbox the declared services are launched first, as the ECS agent would start them, beside a real
    PostgreSQL and a real Redis-protocol server.

    \b
    Example:
      skyworthy smoke --env staging
    """
    _run(["smoke"], **given)


@click.command()
@selection
@checking
@looking
def verify(**given: Any) -> None:
    """Run repository, static, live and smoke, and write JUnit, DEPLOYMENT_STATUS.md and report.html.

    On the sandbox the services are launched before live, which sees metrics and logs flow, and smoke asks the same.
    The repository is left out where --env or --terraform asks for something else.

    \b
    Examples:
      skyworthy verify
      skyworthy verify --env staging --json verdicts.json
    """
    _run(["static", "live", "smoke"], with_repository=not (given["env"] or given["terraform"]), **given)


@click.command()
def status() -> None:
    """Write DEPLOYMENT_STATUS.md and report.html anew from the last results, and say where they are."""
    settings = load_settings(Path())
    click.echo(f"{write_status(settings)}")


def _run(
    suites: Sequence[Suite], json_file: Path | None, verbose: bool, with_repository: bool = False, **given: Any
) -> None:
    # Imported here: boto3 and the readers take a while, and --help needs none of them.
    from skyworthy.reports.console import report, summary
    from skyworthy.reports.github import tell
    from skyworthy.suites.catalogue import SUITES, run_in_turn
    from skyworthy.verdicts import is_red

    settings = load_settings(Path())
    results: list[SuiteResult] = []
    red: list[SuiteResult] = []
    unread: list[str] = []
    for environment, options in chosen(settings, **given):
        with told_at_the_end(unread), staged(settings, environment, options) as stage:
            for result in run_in_turn(stage, suites):
                report(result, verbose=verbose)
                results.append(result)
                gate = settings.gates[SUITES[result.suite].gate]
                red += [result] * any(is_red(item, gate) for item in result.verdicts)
                keep(settings, environment, result)
    if unread:
        raise BadInput("\n".join(unread))
    if with_repository:  # last: bad Terraform must be told before anything is kept
        results.append(judged(settings, waivers=not given["no_waivers"]))
        report(results[-1], verbose=verbose)
        red += results[-1:] * any(is_red(item, settings.gates["pr"]) for item in results[-1].verdicts)
    if json_file is not None:
        write_json(json_file, combined(results))
    if len(results) > 1:
        summary(results, red)
    tell(results, os.environ, click.echo)
    if len(suites) > 1 and settings.environments:
        click.echo(f"reports: {write_status(settings)}, {settings.reports / 'report.html'}")
    raise click.exceptions.Exit(1 if red else 0)


def chosen(
    settings: Settings,
    terraform: Path | None,
    env: str | None,
    var_files: tuple[Path, ...],
    variables: Mapping[str, str],
    workspace: str,
    plan: Path | None,
    state: Path | None,
    no_waivers: bool,
    verbose: bool = False,  # noqa: ARG001 - heeded where results are told
    no_checkov: bool = False,
    target: str = "sandbox",
    region: str = "",
) -> Iterator[tuple[Environment, "Options"]]:
    """The environments that the options choose, those of :func:`selection` and more, and how their suites run.

    Raises:
        BadInput: there is no such environment or directory, or :func:`one_exact` refuses.
    """
    from skyworthy.suites.options import Options

    options = Options(
        checkov=not no_checkov,
        target=target,
        region=region,
        waivers=not no_waivers,
        plan=plan,
        state=state,
        announce=click.echo,
    )
    selected = meant(settings, terraform, env, var_files, variables, workspace)
    one_exact(selected, plan, state)
    for environment in selected:
        yield environment, options


@contextmanager
def told_at_the_end(unread: list[str]) -> Iterator[None]:
    """What is wrong with the input of one environment, kept until the others are judged."""
    try:
        yield
    except BadInput as error:
        unread.append(str(error))


@contextmanager
def staged(settings: Settings, environment: Environment, options: "Options") -> Iterator["Stage"]:
    """What the suites of an environment share; what takes long is told while it does."""
    from skyworthy.reports.console import progress
    from skyworthy.suites.stage import Stage

    with (
        progress(environment.name) as told,
        Stage(settings, environment, dataclasses.replace(options, progress=told)) as stage,
    ):
        yield stage


def one_exact(selected: Sequence[Environment], plan: Path | None, state: Path | None) -> None:
    """Refuse a plan or state that would be taken for that of several environments.

    Raises:
        BadInput: both are given, or one and several environments.
    """
    if plan is not None and state is not None:
        raise BadInput("give --plan or --state, not both: a plan holds what the state does")
    if (plan or state) and len(selected) > 1:
        names = ", ".join(item.name for item in selected)
        raise BadInput(f"a plan or state is of one environment; say which with --env: {names}")


def keep(settings: Settings, environment: Environment, result: SuiteResult) -> None:
    """Results of configured environments are kept for reports; those of somebody's directory are only shown."""
    from skyworthy.reports.store import save

    known = settings.environments.get(environment.name)
    if known is not None and known.root == environment.root:
        save(settings, result)


def write_status(settings: Settings) -> Path:
    """Write DEPLOYMENT_STATUS.md, and report.html beside it, from the last results; gives the path of the former."""
    from skyworthy.reports.html import write_html
    from skyworthy.reports.status import write_status
    from skyworthy.suites.options import Options
    from skyworthy.suites.stage import Stage

    estates: dict[str, Estate] = {}

    def read(environment: Environment) -> Estate:
        if environment.name not in estates:
            estates[environment.name] = Stage(settings, environment, Options()).declared
        return estates[environment.name]

    now = datetime.datetime.now(datetime.UTC)
    path = write_status(settings, now=now, read=read)
    write_html(settings, now=now, read=read)
    return path
