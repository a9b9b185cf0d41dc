"""Results of a suite: what front-ends produce, reports read, and the next run compares with."""

import datetime
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from skyworthy.errors import BadInput
from skyworthy.estate import Location
from skyworthy.verdicts import Outcome, Verdict

SCHEMA = 1
Suite = Literal["static", "live", "smoke", "repository"]


@dataclass(frozen=True)
class SuiteResult:
    """What one suite said of one environment.

    Args:
        suite: static, live, smoke or repository.
        environment: its name; the directory's name where there is no skyworthy.toml.
        verdicts: sorted by key.
        seconds: wall time.
        finished: when, UTC.
        commit: of the repository, empty where there is none.
        calls: API calls by ``service:Operation``; empty for suites that call nothing.
        call_seconds: seconds that the calls of an operation took together, all attempts included.
        retries: attempts after the first, of the operations that needed any.
        target: what was looked at: ``code``, ``sandbox``, ``aws``.
        account: the account's id, where one was looked at.
        region: likewise; several with commas between.
        regions: all regions of the environment where it has several, also those in which it was not looked.
        facts: what reports show of the environment: ``url``, ``cluster``, ``database``, ``images`` and the like.
        notes: what is to be known beside the verdicts, such as what could not be seen; one sentence each, particulars
            in lines of their own below it.
    """

    suite: Suite
    environment: str
    verdicts: tuple[Verdict, ...]
    seconds: float
    finished: datetime.datetime
    commit: str = ""
    calls: Mapping[str, int] = field(default_factory=dict)
    call_seconds: Mapping[str, float] = field(default_factory=dict)
    retries: Mapping[str, int] = field(default_factory=dict)
    target: str = "code"
    account: str = ""
    region: str = ""
    regions: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def of(self, control: str, address: str) -> Verdict | None:
        """The verdict of a control on a resource, if there is one."""
        return self._by_case.get((control, address))

    @property
    def not_looked_in(self) -> tuple[str, ...]:
        """The regions of the environment that are left for other runs."""
        return tuple(name for name in self.regions if name not in self.region.split(", "))

    @property
    def found_nothing(self) -> bool:
        """Whether nothing passed and nothing was waived, which is no pass.

        A smoke suite whose every verdict is *not applicable* is in order: the stack holds no service to be asked.
        """
        outcomes = {verdict.outcome for verdict in self.verdicts}
        nobody_to_ask = self.suite == "smoke" and outcomes == {Outcome.NOT_APPLICABLE}
        return not outcomes & {Outcome.PASS, Outcome.WAIVED} and not nobody_to_ask

    @cached_property
    def _by_case(self) -> dict[tuple[str, str], Verdict]:
        return {(verdict.control, verdict.address): verdict for verdict in self.verdicts}


def settled(results: Mapping[str, SuiteResult]) -> tuple[Verdict, ...]:
    """What the code alone cannot tell and the account does: the same control on the same resource passes in *live*.

    Args:
        results: of one environment, by suite.

    Returns:
        The unknowns of *static* that are decided so.
    """
    static, live = results.get("static"), results.get("live")
    if static is None or live is None:
        return ()
    unknown = (item for item in static.verdicts if item.outcome is Outcome.UNKNOWN)
    return tuple(
        item
        for item in unknown
        if (seen := live.of(item.control, item.address)) is not None and seen.outcome is Outcome.PASS
    )


def encode_verdict(verdict: Verdict) -> dict[str, Any]:
    """A verdict as the JSON of ``--json`` and of results files."""
    data: dict[str, Any] = {
        "control": verdict.control,
        "lens": verdict.lens,
        "root": verdict.root,
        "address": verdict.address,
        "verdict": verdict.outcome.value,
        "message": verdict.message,
        "file": verdict.location.file if verdict.location else None,
        "line": verdict.location.line if verdict.location else None,
        "severity": verdict.severity,
        "title": verdict.title,
        "refs": list(verdict.refs),
    }
    return data | ({"region": verdict.region} if verdict.region else {})


def _decode_verdict(data: Mapping[str, Any]) -> Verdict:
    return Verdict(
        control=data["control"],
        lens=data["lens"],
        root=data["root"],
        address=data["address"],
        outcome=Outcome(data["verdict"]),
        message=data["message"],
        location=Location(data["file"], data["line"]) if data["file"] else None,
        severity=data["severity"],
        title=data["title"],
        refs=tuple(data["refs"]),
        region=data.get("region", ""),
    )


def encode_result(result: SuiteResult) -> dict[str, Any]:
    """A suite's result as JSON data."""
    return {
        "schema": SCHEMA,
        "suite": result.suite,
        "environment": result.environment,
        "commit": result.commit,
        "seconds": round(result.seconds, 3),
        "finished": result.finished.isoformat(timespec="seconds"),
        "target": result.target,
        "account": result.account,
        "region": result.region,
        "calls": {"total": sum(result.calls.values()), **dict(sorted(result.calls.items()))},
        "call_seconds": {name: round(seconds, 3) for name, seconds in sorted(result.call_seconds.items())},
        "retries": dict(sorted(result.retries.items())),
        **({"regions": list(result.regions)} if result.regions else {}),
        "facts": dict(sorted(result.facts.items())),
        "notes": list(result.notes),
        "verdicts": [encode_verdict(verdict) for verdict in result.verdicts],
    }


def combined(results: Sequence[SuiteResult]) -> dict[str, Any]:
    """Several results as one object: the JSON that ``--json`` writes."""
    calls = Counter[str]()
    for result in results:
        calls.update(result.calls)
    return {
        "schema": SCHEMA,
        "environment": ", ".join(dict.fromkeys(result.environment for result in results)),
        "commit": results[0].commit if results else "",
        "seconds": round(sum(result.seconds for result in results), 3),
        "calls": {"total": calls.total(), **dict(sorted(calls.items()))},
        "notes": [note for result in results for note in result.notes],
        "verdicts": [encode_verdict(verdict) for result in results for verdict in result.verdicts],
    }


def merged(results: Iterable[SuiteResult]) -> list[SuiteResult]:
    """Results of shards as one for each suite and environment, sorted; of a verdict that several hold, the worst.

    Raises:
        BadInput: two results of a suite and environment are of different commits or accounts: they are no shards; or
            one of its regions is missing.
    """
    groups: dict[tuple[str, str], list[SuiteResult]] = {}
    for result in results:
        groups.setdefault((result.environment, result.suite), []).append(result)
    return [_joined(group) for _, group in sorted(groups.items())]


def _joined(shards: list[SuiteResult]) -> SuiteResult:
    first = shards[0]
    what = f"{first.suite} of {first.environment}"
    for name in ("commit", "target", "account", "regions" if first.regions else "region"):
        values = sorted({str(getattr(shard, name)) for shard in shards})
        if len(values) > 1:
            raise BadInput(f"{what}: results of different {name} cannot be merged: {', '.join(values)}")
    missing = set(first.regions).intersection(*(shard.not_looked_in for shard in shards))
    if missing:
        names = ", ".join(sorted(missing))
        raise BadInput(f"{what}: no result of {names}: skyworthy {first.suite} --env {first.environment} --region ...")
    verdicts: dict[tuple[str, str, str, str], Verdict] = {}
    calls, retries = Counter[str](), Counter[str]()
    call_seconds = defaultdict[str, float](float)
    order = list(Outcome)
    for shard in shards:
        calls.update(shard.calls)
        retries.update(shard.retries)
        for name, seconds in shard.call_seconds.items():
            call_seconds[name] += seconds
        for verdict in shard.verdicts:
            held = verdicts.get(verdict.key)
            if held is None or order.index(verdict.outcome) < order.index(held.outcome):
                verdicts[verdict.key] = verdict
    return replace(
        first,
        verdicts=tuple(verdicts[key] for key in sorted(verdicts)),
        region=", ".join(first.regions) or first.region,
        seconds=max(shard.seconds for shard in shards),
        finished=min(shard.finished for shard in shards),
        calls=dict(calls),
        call_seconds=dict(call_seconds),
        retries=dict(retries),
        facts={key: value for shard in shards for key, value in shard.facts.items()},
        notes=tuple(dict.fromkeys(note for shard in shards for note in shard.notes)),
    )


def read_result(path: Path) -> SuiteResult:
    """The result that was written to a file.

    Raises:
        BadInput: where it cannot be read as one.
    """
    try:
        data = json.loads(path.read_text("utf-8"))
        if data["schema"] != SCHEMA:
            raise BadInput(
                f"{path}: results of schema {data['schema']}; this skyworthy reads {SCHEMA}: run the suite anew"
            )
        return SuiteResult(
            suite=data["suite"],
            environment=data["environment"],
            verdicts=tuple(_decode_verdict(item) for item in data["verdicts"]),
            seconds=data["seconds"],
            finished=datetime.datetime.fromisoformat(data["finished"]),
            commit=data["commit"],
            calls={name: count for name, count in data["calls"].items() if name != "total"},
            call_seconds=data.get("call_seconds", {}),
            retries=data.get("retries", {}),
            target=data["target"],
            account=data["account"],
            region=data["region"],
            regions=tuple(data.get("regions", ())),
            facts=data["facts"],
            notes=tuple(data["notes"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{path}: not a results file ({error!r}): delete it and run the suite anew") from error
