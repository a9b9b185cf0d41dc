"""Which alarm watches which resource, made once of an estate."""

from dataclasses import dataclass

from skyworthy.behavior.alarms.alarm import METRIC_ALARM, metrics_of
from skyworthy.behavior.memory import once_per_estate
from skyworthy.behavior.metrics import Metric, NotPublished, resolve_all
from skyworthy.estate import Estate, Resource, Undecidable


@dataclass(frozen=True)
class Watcher:
    """An alarm and what it watches.

    Args:
        alarm: the ``aws_cloudwatch_metric_alarm``.
        metrics: what it reads, as far as it is known.
        watched: the addresses of the resources that publish them.
        open: why it may watch more.
    """

    alarm: Resource
    metrics: tuple[Metric, ...]
    watched: frozenset[str]
    open: Undecidable | None = None


@dataclass(frozen=True)
class Watchers:
    """The alarms of an estate.

    Args:
        by_address: address of a resource -> the alarms that are known to watch it.
        open: the alarms of which it is not known whom they watch.
    """

    by_address: dict[str, tuple[Watcher, ...]]
    open: tuple[Watcher, ...]

    def of(self, resource: Resource) -> tuple[Watcher, ...]:
        """The alarms that watch a resource, then those that may."""
        known = self.by_address.get(resource.address, ())
        return (*known, *(item for item in self.open if all(item is not other for other in known)))


@once_per_estate
def watchers_of(estate: Estate) -> Watchers:
    """Which alarm watches which resource.

    Raises:
        Undecidable: where the alarms could not be listed.
    """
    made = [_watcher(alarm, estate) for alarm in estate.of(METRIC_ALARM)]
    by_address: dict[str, list[Watcher]] = {}
    for watcher in made:
        for address in watcher.watched:
            by_address.setdefault(address, []).append(watcher)
    found = {address: tuple(items) for address, items in by_address.items()}
    return Watchers(found, tuple(watcher for watcher in made if watcher.open is not None))


def _outlined(alarm: Resource) -> tuple[Metric, ...]:
    """The metrics that an alarm would read, if there is one; none where that is not known either."""
    try:
        return metrics_of(alarm.outlined)
    except Undecidable:
        return ()


def _watcher(alarm: Resource, estate: Estate) -> Watcher:
    try:
        metrics = metrics_of(alarm)
    except Undecidable as undecidable:
        return Watcher(alarm, _outlined(alarm), frozenset(), undecidable)
    found, open_ = resolve_all(metrics, estate)
    known = (publisher for publisher in found if not isinstance(publisher, NotPublished))
    return Watcher(alarm, metrics, frozenset(resource.address for each in known for resource in each), open_)
