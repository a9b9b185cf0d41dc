"""The runs of the past: one line each in ``<reports>/history.jsonl``."""

import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from skyworthy.config import Settings
from skyworthy.errors import BadInput
from skyworthy.files import write_whole
from skyworthy.results import SuiteResult
from skyworthy.verdicts import counts

FILE = "history.jsonl"
KEPT = 1000
"""How many lines are kept, the youngest."""


@dataclass(frozen=True)
class Run:
    """One suite on one environment, once.

    Args:
        finished: when, UTC.
        commit: of the repository, empty where there was none.
        environment: its name.
        suite: static, live or smoke.
        counts: verdict -> how many.
    """

    finished: datetime.datetime
    commit: str
    environment: str
    suite: str
    counts: Mapping[str, int]

    @property
    def open(self) -> int:
        """How many verdicts were neither passed nor answered for."""
        return sum(self.counts.get(name, 0) for name in ("error", "fail", "unknown"))


def remember(settings: Settings, result: SuiteResult) -> None:
    """Add a run to the history; one that is in it already is not added again.

    Raises:
        BadInput: the history cannot be read; it is left as it is.
    """
    path = settings.reports / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    settings.cache.mkdir(parents=True, exist_ok=True)
    with FileLock(settings.cache / "history.lock"):
        runs = history(settings)
        run = Run(
            result.finished.astimezone(datetime.UTC).replace(microsecond=0),
            result.commit,
            result.environment,
            result.suite,
            {name: count for name, count in counts(result.verdicts).items() if count},
        )
        if run not in runs:
            write_whole(path, "".join(f"{_line(item)}\n" for item in [*runs, run][-KEPT:]))


def history(settings: Settings) -> Sequence[Run]:
    """The runs of the past, the oldest first; none where none was kept.

    Raises:
        BadInput: a line cannot be read.
    """
    path = settings.reports / FILE
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return [_run(path, number, line) for number, line in enumerate(lines, 1)]


def _line(run: Run) -> str:
    return json.dumps(
        {
            "finished": run.finished.isoformat(),
            "commit": run.commit,
            "environment": run.environment,
            "suite": run.suite,
            "counts": dict(run.counts),
        },
        ensure_ascii=False,
    )


def _run(path: Path, number: int, line: str) -> Run:
    try:
        data = json.loads(line)
        return Run(
            datetime.datetime.fromisoformat(data["finished"]),
            str(data["commit"]),
            str(data["environment"]),
            str(data["suite"]),
            {str(name): int(count) for name, count in data["counts"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(
            f"{path}:{number}: not a line of the history ({error!r}): delete the line or the file"
        ) from error
