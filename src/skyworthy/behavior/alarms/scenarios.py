"""Incidents and calms, as data (scenarios.toml), and what an alarm makes of them."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from skyworthy.behavior.alarms.alarm import Alarm
from skyworthy.behavior.alarms.capacity import capacity
from skyworthy.behavior.alarms.evaluation import State
from skyworthy.behavior.alarms.series import MINUTE, Minutes, Samples, Segment, cycle, then
from skyworthy.behavior.metrics import Metric, NotPublished, resolve, transformations
from skyworthy.estate import Estate, Resource, Undecidable, show

CALM_MINUTES = 150
"""How long an alarm must stay quiet; the calms repeat within it."""

LEAD_MINUTES = 15
"""How much of the calm a timeline shows before the incident."""

Segments = tuple[Segment, ...]


@dataclass(frozen=True)
class Story:
    """What some metrics of the watched resource show.

    Args:
        namespace: of the metrics; ``*``: any but those in which AWS's services publish.
        names: of the metrics; ``*``: any.
        calm: segments that repeat, as in the file.
        incident: segments of which the last one lasts, as in the file.
    """

    namespace: str
    names: tuple[str, ...]
    calm: tuple[tuple[int, Any], ...]
    incident: tuple[tuple[int, Any], ...]

    def tells(self, metric: Metric) -> bool:
        """Whether it is about a metric."""
        own = isinstance(metric.namespace, str) and metric.namespace.startswith("AWS/")
        named = not own if self.namespace == "*" else self.namespace == metric.namespace
        return named and ("*" in self.names or metric.name in self.names)


@dataclass(frozen=True)
class Scenario:
    """One incident and its calm.

    Args:
        name: ``ecs-cpu``.
        requirement: ``ALM-1``.
        title: what happens, a clause.
        quiet: what the calm is like, in a few words.
        on: the Terraform types that are watched.
        within_minutes: how soon some alarm must be in ALARM.
        stories: per group of metrics.
        falls: whether the metrics fall in the incident instead of rising.
    """

    name: str
    requirement: str
    title: str
    quiet: str
    on: tuple[str, ...]
    within_minutes: int
    stories: tuple[Story, ...]
    falls: bool = False

    def story(self, metric: Metric) -> Story | None:
        """What it tells about a metric."""
        return next((story for story in self.stories if story.tells(metric)), None)


@dataclass(frozen=True)
class Reaction:
    """What an alarm does in a scenario.

    Args:
        fires_after: minutes from the beginning of the incident to ALARM; None: not in time.
        calm: the states that it takes in the calm.
    """

    fires_after: int | None
    calm: frozenset[State]

    @property
    def right(self) -> bool:
        """Whether it fires in the incident and stays quiet in the calm."""
        return self.fires_after is not None and State.ALARM not in self.calm


@dataclass(frozen=True)
class Timeline:
    """What an alarm sees in a scenario.

    Args:
        start: the first minute; 0 is where the incident begins.
        values: the newest data point of the evaluation at each minute; None: nothing was published.
        reaction: what the alarm makes of it.
    """

    start: int
    values: tuple[float | None, ...]
    reaction: Reaction


@cache
def scenarios() -> Mapping[str, Scenario]:
    """The scenarios of the file, by name."""
    text = resources.files("skyworthy.behavior.alarms").joinpath("scenarios.toml").read_text("utf-8")
    return {name: _scenario(name, row) for name, row in tomllib.loads(text).items()}


def _scenario(name: str, row: dict[str, Any]) -> Scenario:
    stories = tuple(
        Story(
            item["namespace"],
            tuple(item["names"]),
            tuple((minutes, samples) for minutes, samples in item["calm"]),
            tuple((minutes, samples) for minutes, samples in item["incident"]),
        )
        for item in row["metrics"]
    )
    on = (row["on"],) if isinstance(row["on"], str) else tuple(row["on"])
    words = (row["requirement"], row["title"], row["quiet"])
    return Scenario(name, *words, on, row["within_minutes"], stories, row.get("falls", False))


def reacts(alarm: Alarm, scenario: Scenario, watched: Resource, estate: Estate) -> Reaction | None:
    """What an alarm does when a scenario happens to a resource.

    Returns:
        None where the alarm does not watch the resource through a metric of the scenario.

    Raises:
        Undecidable: where that cannot be known.
    """
    feeds = _feeds(alarm, scenario, watched, estate)
    return None if feeds is None else _reaction(_bare(alarm), feeds, scenario.within_minutes)


def timeline(alarm: Alarm, scenario: Scenario, watched: Resource, estate: Estate) -> Timeline | None:
    """What an alarm sees while a scenario happens to a resource, minute by minute; None as with :func:`reacts`.

    Raises:
        Undecidable: where that cannot be known.
    """
    feeds = _feeds(alarm, scenario, watched, estate)
    if feeds is None:
        return None
    bare = _bare(alarm)
    incident = {name: then(cycle(before), after) for name, before, after in feeds}
    minutes = range(-LEAD_MINUTES, scenario.within_minutes + 1)
    values = tuple(bare.points(lambda query: incident[query.id], minute)[-1] for minute in minutes)
    return Timeline(-LEAD_MINUTES, values, _reaction(bare, feeds, scenario.within_minutes))


def _bare(alarm: Alarm) -> Alarm:
    """The alarm without its metrics: what decides, once their series are known."""
    return replace(alarm, queries=tuple(replace(query, metric=None) for query in alarm.queries))


def _feeds(
    alarm: Alarm, scenario: Scenario, watched: Resource, estate: Estate
) -> tuple[tuple[str, Segments, Segments], ...] | None:
    """Calm and incident of each of its metrics, by the query's id; None where it does not watch the resource."""
    if not any(scenario.story(metric) and _watches(metric, watched, estate) for metric in alarm.metrics):
        return None
    if alarm.period < MINUTE:
        raise Undecidable(f"what happens within a minute is not known, and its period is {alarm.period} seconds")
    return tuple(
        (query.id, *_feed(query.metric, scenario, watched, estate))
        for query in alarm.queries
        if query.metric is not None
    )


@lru_cache(maxsize=4096)
def _reaction(alarm: Alarm, feeds: tuple[tuple[str, Segments, Segments], ...], within_minutes: int) -> Reaction:
    """What an alarm does, given the calm and incident of each of its metrics by the query's id."""
    calm = {name: cycle(before) for name, before, _ in feeds}
    incident = {name: then(calm[name], after) for name, _, after in feeds}
    quiet = alarm.evaluate(lambda query: calm[query.id], range(CALM_MINUTES))
    crisis = alarm.evaluate(lambda query: incident[query.id], range(within_minutes + 1))
    fires = next((minute for minute, state in enumerate(crisis) if minute and state is State.ALARM), None)
    return Reaction(fires, frozenset(quiet))


def _watches(metric: Metric, watched: Resource, estate: Estate) -> bool:
    publisher = resolve(metric, estate)
    return not isinstance(publisher, NotPublished) and any(item is watched for item in publisher)


def _feed(metric: Metric, scenario: Scenario, watched: Resource, estate: Estate) -> tuple[Segments, Segments]:
    """A metric's calm and incident: another resource's metric stays calm, and one that nobody publishes is empty."""
    silence = (Segment(1, ()),)
    if isinstance(resolve(metric, estate), NotPublished):
        return silence, silence
    story = scenario.story(metric)
    if story is None:
        raise Undecidable(f"what {metric} shows when {scenario.title} is not known")
    calm = _segments(story.calm, metric, watched, estate)
    if not _watches(metric, watched, estate):
        return calm, calm
    return calm, _segments(story.incident, metric, watched, estate)


def calm_of(metric: Metric, estate: Estate) -> Minutes | None:
    """What a metric shows in an ordinary minute of a calm day; None where no scenario tells of it.

    Raises:
        Undecidable: where it cannot be known who publishes it, or how much that is.
    """
    publisher = resolve(metric, estate)
    for scenario in scenarios().values():
        story = scenario.story(metric)
        for watched in () if isinstance(publisher, NotPublished) else publisher:
            if story is not None and watched.type in scenario.on:
                return cycle(_segments(story.calm[:1], metric, watched, estate))
    return None


def _segments(rows: Sequence[tuple[int, Any]], metric: Metric, watched: Resource, estate: Estate) -> Segments:
    return tuple(Segment(minutes, _samples(samples, metric, watched, estate)) for minutes, samples in rows)


def _samples(written: Any, metric: Metric, watched: Resource, estate: Estate) -> Samples:
    """The samples of a minute as the file writes them: a list of values, or ``100 of 1``, or ``40 of match``."""
    if isinstance(written, str):
        count, _, value = written.partition(" of ")
        return _matches(int(count), metric, watched) if value == "match" else (float(value),) * int(count)
    return tuple(value for item in written for value in _values(item, watched, estate))


def _values(written: Any, watched: Resource, estate: Estate) -> Samples:
    """An item of such a list: a value, or several that are alike, ``9 of 0.98 connections``."""
    count, repeated, value = str(written).partition(" of ")
    if repeated:
        return (_value(value, watched, estate),) * int(count)
    return (_value(written, watched, estate),)


def _value(written: Any, watched: Resource, estate: Estate) -> float:
    number, _, name = str(written).partition(" ")
    return float(number) * (capacity(name, watched, estate) if name else 1)


def _matches(events: int, metric: Metric, source: Resource) -> Samples:
    """What a log metric filter publishes in a minute: a value per matching event, else its default if it has one."""
    made = next(item for item in transformations(source) if item.get("name") == metric.name)
    if events:
        return (_of_transformation(made.get("value"), source),) * events
    default = made.get("default_value")
    return () if default is None or default == "" else (_of_transformation(default, source),)


def _of_transformation(value: Any, source: Resource) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise Undecidable(f"the value that {source.address} publishes is {show(value)}") from error
