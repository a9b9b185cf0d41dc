"""``skyworthy gate pr | nightly | signoff`` and ``skyworthy signoff verify``."""

import dataclasses
import datetime
import getpass
import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skyworthy.cli.cost import difference
from skyworthy.cli.help import Group
from skyworthy.cli.repository import judged
from skyworthy.cli.suites import checking, chosen, keep, looking, selection, staged, write_status
from skyworthy.config import WAIVERS_FILE, Environment, Settings, load_settings
from skyworthy.errors import BadInput
from skyworthy.files import write_json
from skyworthy.results import SuiteResult, combined
from skyworthy.verdicts import Verdict, is_red

if TYPE_CHECKING:
    from skyworthy.behavior.cost import Estimate
    from skyworthy.gates.comparison import Comparison
    from skyworthy.gates.pull_request import Base
    from skyworthy.gates.revision import Revision
    from skyworthy.suites.options import Options


@click.group(cls=Group)
def gate() -> None:
    """Decide on a pull request, on what is deployed every night, or on a deployment.

    \b
    Examples:
      skyworthy gate pr --against origin/main     only what the branch made worse stops it
      skyworthy gate nightly --env staging        live and smoke, beside what they said the night before
      skyworthy gate signoff --env production     go or no-go by the last results, with a record

    `[gates.NAME]` in skyworthy.toml says which suites a gate needs (`suites`), what it is red for (`red`), and of
    which controls an unknown is only listed (`listed`).
    """


@gate.command()
@selection
@checking
@click.option("--against", metavar="REVISION", help="Compare with this branch, tag or commit: old debt does not block.")
def pr(against: str | None, json_file: Path | None, **given: Any) -> None:
    """Judge a pull request: exit 1 where it makes the stack worse.

    Without --against every finding stops it. With it, the base is judged too (where the branch left it), and only what
    is new stops it; what was so before is listed, what is fixed as well.

    \b
    Examples:
      skyworthy gate pr
      skyworthy gate pr --against origin/main --env staging
    """
    from skyworthy.gates.revision import files_of

    settings = load_settings(Path())
    results: list[SuiteResult] = []
    red = False
    with ExitStack() as opened:
        base = opened.enter_context(files_of(settings.directory, against)) if against else None
        suites = settings.gates["pr"].suites
        for environment, options in chosen(settings, **given):
            made, cost = _run(settings, environment, options, [name for name in suites if name != "repository"])
            results += made
            red = _judge(settings, environment, options, made, base, cost) or red
        if "repository" in suites and given["terraform"] is None:
            waivers = not given["no_waivers"]
            results.append(judged(settings, waivers=waivers))
            red = _judge_repository(settings, results[-1], base, waivers) or red
    _end(settings, results, json_file, red)


@gate.command()
@selection
@checking
@looking
def nightly(json_file: Path | None, **given: Any) -> None:
    """Judge what is deployed, and say what changed since the last time.

    \b
    Examples:
      skyworthy gate nightly
      skyworthy gate nightly --env staging --target aws
    """
    from skyworthy.gates.comparison import compare
    from skyworthy.reports.store import load_latest

    settings = load_settings(Path())
    before = {(item.environment, item.suite): item for item in load_latest(settings)}
    results: list[SuiteResult] = []
    for environment, options in chosen(settings, **given):
        for result in _run(settings, environment, options, settings.gates["nightly"].suites)[0]:
            _tell(result)
            results.append(result)
            last = before.get((result.environment, result.suite))
            if last is not None:
                found = compare(result.verdicts, last.verdicts, lambda item: is_red(item, settings.gates["nightly"]))
                _compared(found, f"since {last.finished:%Y-%m-%d %H:%M} UTC")
    _end(settings, results, json_file, any(is_red(v, settings.gates["nightly"]) for r in results for v in r.verdicts))


@gate.command()
@click.option("--env", metavar="NAME", required=True, help="The environment.")
@click.option("--plan", type=click.Path(path_type=Path, dir_okay=False, exists=True), help="The plan to be applied.")
@click.option("--by", metavar="NAME", help="Who signs; by default GITHUB_ACTOR, else the user.")
def signoff(env: str, plan: Path | None, by: str | None) -> None:
    """Decide on a deployment: go, or no-go with reasons; exit 1 for no-go.

    It runs nothing: `skyworthy verify --env NAME` does. It reads the last results of every suite, and says no to what
    is missing, older than a day, of another commit, failed, unknown, or waived by what has expired. A record with
    copies of the evidence is written either way; `skyworthy signoff verify` tells later whether it is intact.

    \b
    Example:
      skyworthy verify --env production && skyworthy gate signoff --env production
    """
    import skyworthy.gates.record as records
    from skyworthy.config import load_waivers
    from skyworthy.gates.signoff import Decision, decide
    from skyworthy.reports.store import folder_of, load_results
    from skyworthy.sandbox.terraform.workspace import digest
    from skyworthy.suites.suite import commit_of

    settings = load_settings(Path())
    environment = settings.environment(env)
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    commit = commit_of(settings.directory)
    results, unreadable = load_results(settings, env)
    waivers_file = settings.directory / WAIVERS_FILE
    try:
        waivers = load_waivers(waivers_file, now.date())
    except BadInput as error:
        waivers, unreadable = (), [*unreadable, str(error)]
    found = decide(environment, settings.gates["signoff"], results, waivers, commit=commit, now=now)
    decision = Decision((*unreadable, *found.reasons), found.settled)
    folder = folder_of(settings, env)
    evidence = [*sorted(folder.glob("results-*.json")), *sorted(folder.glob("junit-*.xml"))]
    evidence += [settings.directory / "skyworthy.toml", waivers_file, *([plan] if plan else [])]
    subject = records.Subject(
        environment=env,
        commit=commit,
        terraform=digest(environment.root),
        plan=records.digest_of(plan) if plan else "",
        by=by or os.environ.get("GITHUB_ACTOR") or getpass.getuser(),
        made=now,
    )
    path, sum_ = records.write_record(settings.reports / "signoff", subject, decision, results, evidence)
    _decided(env, decision.go, decision.reasons, decision.settled)
    click.echo(f"record: {path} ({sum_})")
    raise click.exceptions.Exit(0 if decision.go else 1)


@click.group("signoff", cls=Group)
def signoffs() -> None:
    """Records of sign-offs; `skyworthy gate signoff` makes them."""


@signoffs.command()
@click.argument("record", type=click.Path(path_type=Path, dir_okay=False))
def verify(record: Path) -> None:
    """Tell whether a record and its evidence are as they were signed; exit 0 only for an intact go.

    \b
    Example:
      skyworthy signoff verify reports/signoff/production-20261121T140000Z.json
    """
    from skyworthy.gates.record import problems_of

    found, problems = problems_of(record)
    for problem in problems:
        click.echo(problem)
    state = "is not intact" if problems else "is intact"
    click.echo(
        f"{record} {state}: {found['decision']} for {found['environment']} at {found['made']} by {found['by']}, "
        f"commit {found['commit'][:12]}"
    )
    raise click.exceptions.Exit(1 if problems or found["decision"] != "go" else 0)


def _run(
    settings: Settings, environment: Environment, options: "Options", suites: Sequence[str]
) -> tuple[list[SuiteResult], "Estimate"]:
    """The suites' results, and what the environment costs."""
    from skyworthy.behavior.cost import estimate
    from skyworthy.suites.catalogue import run_in_turn

    made = []
    with staged(settings, environment, options) as stage:
        for result in run_in_turn(stage, suites):
            made.append(result)
            keep(settings, environment, result)
        return made, estimate(stage.declared, environment.usage)


def _judge(
    settings: Settings,
    environment: Environment,
    options: "Options",
    made: list[SuiteResult],
    base: "Revision | None",
    cost: "Estimate",
) -> bool:
    """Report on an environment; whether it stops the pull request."""
    from skyworthy.gates.pull_request import against, judge_base
    from skyworthy.reports.console import progress

    if base is None:
        for result in made:
            _tell(result)
        return any(is_red(item, settings.gates["pr"]) for result in made for item in result.verdicts)
    with progress(f"{environment.name} at {base.asked}") as told:
        before = judge_base(
            settings, environment, base.directory, dataclasses.replace(options, plan=None, state=None, progress=told)
        )
    found = against(settings, made, before)
    _told(made, before, found, base)
    if before.cost is not None:
        click.echo(f"  cost: {difference(cost, before.cost)}")
    return bool(found.blocking)


def _judge_repository(settings: Settings, made: SuiteResult, base: "Revision | None", waivers: bool) -> bool:
    """Report on the repository; whether it stops the pull request."""
    from skyworthy.gates.pull_request import against, judge_base_repository
    from skyworthy.suites.options import Options

    if base is None:
        _tell(made)
        return any(is_red(item, settings.gates["pr"]) for item in made.verdicts)
    before = judge_base_repository(settings, base, Options(waivers=waivers))
    found = against(settings, [made], before)
    _told([made], before, found, base)
    return bool(found.blocking)


def _told(made: Sequence[SuiteResult], before: "Base", found: "Comparison", base: "Revision") -> None:
    """What is new in full, the rest in a line each."""
    old = {item.key for item in found.unchanged} - {item.key for item in found.blocking}
    for result in made:
        _tell(dataclasses.replace(result, verdicts=tuple(item for item in result.verdicts if item.key not in old)))
    if before.note:
        click.echo(f"  {before.note}")
    _compared(found, f"against {base.asked} ({base.commit[:12]})")


def _tell(result: SuiteResult) -> None:
    from skyworthy.reports.console import report

    report(result, verbose=click.get_current_context().params["verbose"])


def _compared(found: "Comparison", with_what: str) -> None:
    for word, verdicts in (("fixed", found.fixed), ("as before", found.unchanged)):
        for item in verdicts:
            click.echo(f"  {word}: {_line(item)}")
    click.echo(f"  {with_what}: {len(found.new)} new, {len(found.fixed)} fixed, {len(found.unchanged)} as before")


def _line(item: Verdict) -> str:
    return f"{item.control} {item.address}" + (f": {item.message}" if item.message else "")


def _decided(env: str, go: bool, reasons: Sequence[str], settled: Sequence[str]) -> None:
    click.secho(f"{env}: {'go' if go else 'no-go'}", fg="green" if go else "red", bold=True)
    for reason in reasons:
        click.echo(f"  {reason}")
    for sentence in settled:
        click.echo(f"  settled: {sentence}")


def _end(settings: Settings, results: Sequence[SuiteResult], json_file: Path | None, red: bool) -> None:
    from skyworthy.reports.github import tell

    if json_file is not None:
        write_json(json_file, combined(results))
    tell(results, os.environ, click.echo)
    if settings.environments:
        click.echo(f"reports: {write_status(settings)}, {settings.reports / 'report.html'}")
    click.secho(f"gate: {'red' if red else 'green'}", fg="red" if red else "green", bold=True)
    raise click.exceptions.Exit(1 if red else 0)
