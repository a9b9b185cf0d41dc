"""What a front-end asks of the suites."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from skyworthy.config import WAIVERS_FILE, Settings, Waiver, load_waivers

Progress = Callable[[str], None]
"""Called with what is being done now, a short clause."""


def silent(_: str) -> None:
    """A progress that tells nobody."""


@dataclass(frozen=True)
class Options:
    """What a front-end asks of a suite.

    Args:
        checkov: run checkov beside the static suite.
        target: what live and smoke look at: ``sandbox`` or ``aws``.
        region: the only one of the environment's regions in which live looks; empty: all.
        waivers: heed waivers.toml.
        plan: JSON of a plan that takes the place of the code's own values.
        state: a state that does.
        today: the day by which waivers are read.
        progress: told what is being done.
        announce: told what people must know before it is done: account, region and target.
    """

    checkov: bool = True
    target: str = "sandbox"
    region: str = ""
    waivers: bool = True
    plan: Path | None = None
    state: Path | None = None
    today: datetime.date = field(default_factory=lambda: datetime.datetime.now(datetime.UTC).date())
    progress: Progress = silent
    announce: Progress = silent


def waivers_of(settings: Settings, options: Options) -> tuple[Waiver, ...]:
    """The waivers to heed, none where they are to be ignored."""
    return load_waivers(settings.directory / WAIVERS_FILE, options.today) if options.waivers else ()
