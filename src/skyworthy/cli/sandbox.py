"""``skyworthy sandbox …``: an AWS account on this machine."""

import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from skyworthy.cli import sandbox_conditions
from skyworthy.cli.help import Group
from skyworthy.cli.sandbox_fill import fill
from skyworthy.cli.suites import meant, values
from skyworthy.config import Environment, Settings, load_settings
from skyworthy.errors import BadInput


@click.group(cls=Group)
def sandbox() -> None:
    """An AWS account on this machine, on loopback only.

    \b
    The usual way:
      skyworthy sandbox up --env staging        start it, filled from the recording of staging
      skyworthy live --env staging              look at it
      skyworthy sandbox deny rds:DescribeDBInstances
      skyworthy sandbox down --env staging

    With Terraform on the PATH, `sandbox apply DIR` applies any Terraform to it, untouched.
    """


for command in (fill, *sandbox_conditions.COMMANDS):
    sandbox.add_command(command)


def of_environment(function: Callable[..., Any]) -> Callable[..., Any]:
    """The option that names the environment a sandbox stands for."""
    return click.option("--env", metavar="NAME", help="The environment; may be left out where there is only one.")(
        function
    )


@sandbox.command()
@of_environment
@click.option("--empty", is_flag=True, help="Do not fill it from the recording.")
def up(env: str | None, empty: bool) -> None:
    """Start a sandbox that runs until `sandbox down`, filled from the environment's recording."""
    from skyworthy.declared import inputs_of
    from skyworthy.sandbox import cassette, server
    from skyworthy.suites.account import cassette_of, fill

    settings = load_settings(Path())
    environment = _environment(settings, env)
    tape = None
    if not empty:
        tape = cassette.load(cassette_of(settings, environment))
        cassette.check(tape, environment.root, inputs_of(environment))
    started = server.start_detached(settings.directory, environment.name)
    try:
        calls = fill(environment, tape, started) if tape else 0
    except BadInput:
        server.stop(settings.directory, environment.name)
        raise
    click.echo(f"{environment.name}: {started.url} (process {started.pid}, {calls} calls replayed)")
    _tell_how(started.url)


@sandbox.command("apply")
@click.argument("directory", type=click.Path(path_type=Path))
@values
@click.option("--fill", is_flag=True, help="Make placeholders for variables and remote states without a value.")
@click.option("--loosen-pins", is_flag=True, help="Let any version of Terraform and of the providers do.")
@click.option("--parallelism", default=10, show_default=True, help="Resources at once.")
def apply_(
    directory: Path,
    var_files: tuple[Path, ...],
    variables: Mapping[str, str],
    workspace: str,
    fill: bool,
    loosen_pins: bool,
    parallelism: int,
) -> None:
    """Apply a root module to its sandbox with the real Terraform and provider; the directory is only read.

    Backends, profiles, assumed roles and endpoints do not count in the sandbox: everything happens in a copy.

    \b
    Examples:
      skyworthy sandbox apply terraform/environments/staging
      skyworthy sandbox apply ../their/root --var db_password=dummy --var-file their.tfvars
      skyworthy sandbox apply ../their/root --fill --loosen-pins
    """
    from skyworthy.declared import configuration, inputs_of
    from skyworthy.sandbox import server
    from skyworthy.sandbox.terraform import driver
    from skyworthy.sandbox.terraform.seeds.state import keep_state

    settings = load_settings(Path())
    (environment, *others) = meant(settings, directory, None, var_files, variables, workspace)
    if others:
        listed = ", ".join(dict.fromkeys(str(each.root) for each in (environment, *others)))
        raise BadInput(f"{directory} stands for several environments; name a root module ({listed}) and --var-file")
    found = server.find_running(settings.directory, environment.name)
    target = found or server.start_detached(settings.directory, environment.name)
    work = settings.cache / "applies" / environment.name.replace("/", "-")
    options = driver.Options(inputs_of(environment), fill, loosen_pins, parallelism, _tell)
    begun = False
    try:
        with driver.opened(environment.root, target, options, folder=work) as copied:
            begun = True
            applied = copied.apply(_steps)
        target.control("POST", "images", {})
        keep_state(configuration(environment.root, options.inputs).backend, target)
    finally:
        if found is None and not begun:
            server.stop(settings.directory, environment.name)
    click.echo(f"{environment.name}: {len(applied.resources)} resources in {applied.seconds:.0f} s at {target.url}")
    _tell_how(target.url)


@sandbox.command()
@of_environment
def record(env: str | None) -> None:
    """Record an environment anew: apply it to a fresh sandbox, and keep the calls (needs Terraform; minutes)."""
    from skyworthy.declared import inputs_of
    from skyworthy.sandbox import cassette
    from skyworthy.suites.account import cassette_of

    settings = load_settings(Path())
    environment = _environment(settings, env)
    place = cassette_of(settings, environment)
    made = cassette.record(environment.root, place, inputs=inputs_of(environment), progress=_steps)
    click.echo(f"{made.path}: {len(made.lines)} calls")


@sandbox.command()
@of_environment
def replay(env: str | None) -> None:
    """Fill the running sandbox of an environment from its recording."""
    from skyworthy.declared import inputs_of
    from skyworthy.sandbox import cassette
    from skyworthy.suites.account import cassette_of, fill

    settings = load_settings(Path())
    environment = _environment(settings, env)
    tape = cassette.load(cassette_of(settings, environment))
    cassette.check(tape, environment.root, inputs_of(environment))
    calls = fill(environment, tape, _running(settings, environment))
    click.echo(f"{environment.name}: {calls} calls replayed")


@sandbox.command()
@of_environment
def down(env: str | None) -> None:
    """Stop the sandbox of an environment."""
    from skyworthy.sandbox import server

    settings = load_settings(Path())
    name = env or _environment(settings, env).name  # one that was applied from a directory is in no settings
    stopped = server.stop(settings.directory, name)
    click.echo(f"{name}: {'stopped' if stopped else 'was not running'}")


@sandbox.command("status")
def status_() -> None:
    """Say which sandboxes run."""
    from skyworthy.sandbox import server

    settings = load_settings(Path())
    for name in sorted({*settings.environments, *server.recorded(settings.directory)}):
        found = server.find_running(settings.directory, name)
        click.echo(f"{name}: {f'{found.url} (process {found.pid}, since {found.started})' if found else 'not running'}")


@sandbox.command("env")
@of_environment
def env_(env: str | None) -> None:
    """Print what points AWS clients of this shell at the running sandbox, and at nothing else.

    \b
    Example:
      eval "$(skyworthy sandbox env --env staging)" && aws ecs list-clusters
    """
    settings = load_settings(Path())
    for name, value in _running(settings, _environment(settings, env)).environment().items():
        click.echo(f"export {name}={shlex.quote(value)}")


@sandbox.command()
@click.argument("action")
@of_environment
def deny(action: str, env: str | None) -> None:
    """Answer an operation with *access denied* until `sandbox heal`.

    \b
    Example:
      skyworthy sandbox deny rds:DescribeDBInstances --env staging
    """
    from skyworthy.sandbox import faults

    settings = load_settings(Path())
    faults.deny(_running(settings, _environment(settings, env)), action)
    click.echo(f"{action} is denied until `skyworthy sandbox heal`")


@sandbox.group(cls=Group)
def fault() -> None:
    """Named defects that can be injected into the running sandbox, to see who notices.

    \b
    The usual way:
      skyworthy sandbox fault list --area ALM
      skyworthy sandbox fault inject alarm-deleted --env staging
      skyworthy live --env staging
      skyworthy sandbox heal --env staging
    """


@fault.command("list")
@click.option("--area", help="Only faults that requirements of this area should notice, such as SEC or ALM-11.")
def list_faults(area: str | None) -> None:
    """List the faults, each with the requirements that should notice it."""
    from skyworthy.sandbox import faults

    chosen = [item for item in faults.catalogue() if area is None or any(x.startswith(area) for x in item.refs)]
    if not chosen:
        raise BadInput(f"no fault concerns {area!r}; `skyworthy sandbox fault list` shows them all")
    width = max(len(item.id) for item in chosen)
    for item in chosen:
        click.echo(f"{item.id:{width}}  {item.title} ({', '.join(item.refs)})")
    click.echo(f"{len(chosen)} faults")


@fault.command("inject")
@click.argument("id")
@of_environment
def inject_fault(id: str, env: str | None) -> None:
    """Inject a fault into the running sandbox, until `sandbox heal`."""
    from skyworthy.sandbox import faults

    settings = load_settings(Path())
    injected = faults.inject_fault(_running(settings, _environment(settings, env)), id)
    what = f": {injected.hit.type} {injected.hit.identifier}" if injected.hit else ""
    click.echo(f"{injected.fault.title.rstrip('.')}{what}; `skyworthy sandbox heal` undoes it")


@sandbox.command()
@of_environment
def heal(env: str | None) -> None:
    """Undo every fault: denied operations work again, and the account is as it was before the first one."""
    from skyworthy.sandbox import faults

    settings = load_settings(Path())
    faults.heal(_running(settings, _environment(settings, env)))
    click.echo("healed")


@sandbox.command()
@of_environment
def launch(env: str | None) -> None:
    """Start the declared services beside a real PostgreSQL and Redis, and keep them until Ctrl-C.

    The services run as the ECS agent would start them: with the environment of the registered task definition, each
    `valueFrom` resolved with the execution role's permissions.
    """
    import signal

    from skyworthy.suites.launch import launched
    from skyworthy.suites.options import Options
    from skyworthy.suites.stage import Stage

    settings = load_settings(Path())
    environment = _environment(settings, env)
    options = Options(progress=lambda text: click.echo(f"... {text}", err=True), announce=click.echo)
    with Stage(settings, environment, options) as stage, launched(stage) as services:
        for service in services.services:
            if service.url:
                click.echo(f"{service.name}: {service.url}")
            for container in service.containers:
                click.echo(
                    f"{service.name}/{container.name}: {container.url or container.problem} {container.health.status}"
                )
        for server in services.servers:
            click.echo(f"{server.identifier}: {server.engine} {server.version} at {server.host}:{server.port}")
        click.echo("Ctrl-C stops them")
        try:
            signal.pause()
        except KeyboardInterrupt:
            click.echo("stopping")


def _environment(settings: Settings, env: str | None) -> Environment:
    if env is not None:
        return settings.environment(env)
    if len(settings.environments) == 1:
        return next(iter(settings.environments.values()))
    names = ", ".join(settings.environments) or "none: there is no skyworthy.toml here"
    raise BadInput(f"name the environment with --env; there are: {names}")


def _running(settings: Settings, environment: Environment) -> Any:
    from skyworthy.sandbox import server

    found = server.find_running(settings.directory, environment.name)
    if found is None:
        raise BadInput(
            f"no sandbox of {environment.name} is running; "
            f"start one with `skyworthy sandbox up --env {environment.name}`"
        )
    return found


def _steps(step: Any) -> None:
    """Show the progress of one resource: a line when it is finished or failed, on a terminal also when it starts."""
    if step.action in ("read", "refresh") and step.state != "failed":
        return
    if step.state in ("finished", "failed"):
        click.echo(f"  {step.action:8} {step.address} {step.state} after {step.seconds:.0f} s", err=True)
    elif step.state == "started" and sys.stderr.isatty():
        click.echo(f"  {step.action:8} {step.address} ...", err=True)


def _tell(line: str) -> None:
    click.echo(f"... {line}", err=True)


def _tell_how(url: str) -> None:
    click.echo(f"AWS clients reach it with AWS_ENDPOINT_URL={url} and any dummy credentials")
