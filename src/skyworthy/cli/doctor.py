"""``skyworthy doctor``: what is missing."""

import os
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from skyworthy.cli.validate import COLOURS
from skyworthy.config import Settings, load_settings
from skyworthy.errors import BadInput

SUITES = ("static", "gate pr", "live", "smoke", "sandbox", "conformance")


@click.command()
@click.argument("suites", nargs=-1, type=click.Choice(SUITES), metavar="[SUITE]...")
@click.pass_context
def doctor(context: click.Context, suites: tuple[str, ...]) -> None:
    """Explain what each suite lacks on this machine and in this repository, with the next step.

    SUITES are static, "gate pr", live, smoke, sandbox and conformance (in a checkout of skyworthy); by default all.
    Nothing is changed, and no account is asked.

    Exit codes: 0 each suite can run in some way, 1 one cannot.

    \b
    Examples:
      skyworthy doctor
      skyworthy doctor static live
    """
    from skyworthy.operations.doctor import Patient, examine
    from skyworthy.suites.account import cassette_of

    problem = ""
    try:
        settings = load_settings(Path())
    except BadInput as error:
        settings, problem = Settings(Path()), str(error)
    recordings = {name: cassette_of(settings, each) for name, each in settings.environments.items()}
    found = examine(Patient(settings, problem, recordings, os.environ))
    chosen = [section for section in found if not suites or section.name in suites]
    if not chosen:
        raise BadInput("the conformance tests are in a checkout of skyworthy, and this is none")
    console = Console(highlight=False, soft_wrap=True)
    told: set[str] = set()
    for section in chosen:
        ready = [way.name for way in section.ways if way.ready]
        word = f"[green]{' '.join(['ready', ', '.join(ready)]).strip()}[/]" if ready else "[bold red]not ready[/]"
        console.print(f"{section.name}: {word}")
        for way in section.ways:
            if way.name:
                console.print(f"  {way.name}")
            for item in way.checks:
                mark = f"[{COLOURS[item.outcome]}]{item.outcome:4}[/]"
                console.print(f"    {mark} {escape(item.name)}: {escape(item.detail)}")
                if item.next_step and item.next_step not in told:
                    told.add(item.next_step)
                    console.print(f"         next: {escape(item.next_step)}")
    lame = [section.name for section in chosen if not section.ready]
    if lame:
        console.print(f"not ready: {', '.join(lame)}")
        context.exit(1)
