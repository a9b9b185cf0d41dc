"""Alarms judged by what they do: in the incidents that somebody must hear of, and in the calm."""

from collections.abc import Iterator
from dataclasses import dataclass

from skyworthy.behavior.alarms import (
    METRIC_ALARM,
    Alarm,
    Reaction,
    Scenario,
    State,
    Watcher,
    actions_of,
    alarm_of,
    metrics_of,
    reacts,
    scenarios,
    watchers_of,
)
from skyworthy.behavior.log_groups import holds_another_log
from skyworthy.behavior.metrics import LOG_METRIC_FILTER, Metric, publishers
from skyworthy.behavior.network import balancers_of
from skyworthy.behavior.references import absent, named, naming, task_definition_of
from skyworthy.behavior.secrets import containers
from skyworthy.behavior.task_roles import log_options
from skyworthy.config import Policy
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import STACK, control, not_applicable
from skyworthy.estate import Estate, Resource, Undecidable, show

_LOG_GROUP = "aws_cloudwatch_log_group"


@dataclass(frozen=True)
class _Watch:
    """An alarm that watches a resource, and what it does."""

    alarm: Resource
    scenario: Scenario
    reaction: Reaction

    def __str__(self) -> str:
        if State.ALARM in self.reaction.calm:
            return f"{self.alarm.address} fires in the calm ({self.scenario.quiet})"
        return f"{self.alarm.address} stays quiet"


def _watches(scenario: Scenario, watched: Resource, estate: Estate) -> Iterator[_Watch]:
    """The alarms that watch a resource through a metric of a scenario; those that only drive autoscaling are not meant.

    Raises:
        Undecidable: after the known ones, where another one may.
    """
    undecided: Undecidable | None = None
    for watcher in watchers_of(estate).of(watched):
        try:
            if not _may_tell(watcher, scenario) or actions_of(watcher.alarm, estate).only_scales:
                continue
            reaction = reacts(alarm_of(watcher.alarm), scenario, watched, estate)
        except Undecidable as undecidable:
            undecided = undecided or undecidable
            continue
        if reaction is not None:
            yield _Watch(watcher.alarm, scenario, reaction)
    if undecided is not None:
        raise undecided


def _may_tell(watcher: Watcher, scenario: Scenario) -> bool:
    """Whether an alarm reads a metric of a scenario, or may."""
    if not watcher.metrics and watcher.open is not None:
        raise watcher.open
    return any(scenario.story(metric) for metric in watcher.metrics)


def _assert_watched(name: str, watched: Resource, estate: Estate) -> None:
    """Assert that some alarm fires in the incident of a scenario and stays quiet in its calm."""
    scenario = scenarios()[name]
    seen: list[_Watch] = []
    for watch in _watches(scenario, watched, estate):
        if watch.reaction.right:
            return
        seen.append(watch)
    happens = f"when {scenario.title}"
    if not seen:
        raise absent(estate, f"no alarm watches it: nobody is told {happens}", METRIC_ALARM)
    raise AssertionError(
        f"no alarm tells within {scenario.within_minutes} minutes {happens}: {'; '.join(map(str, seen))}"
    )


def _assert_database_watched(name: str, database: Resource, estate: Estate) -> None:
    """The same for a database; of a cluster, each instance may be watched instead."""
    cluster = Findings()
    with cluster.question():
        _assert_watched(name, database, estate)
        return
    members: tuple[Resource, ...] = ()
    if database.type == "aws_rds_cluster":
        members = naming(estate, database, "cluster_identifier", "aws_rds_cluster_instance")
    if not members:
        cluster.conclude()
    for member in members:
        _assert_watched(name, member, estate)


def _not_for_replicas(database: Resource) -> None:
    if database.attributes.get("replicate_source_db"):
        not_applicable("it is a read replica")


@control("alarm.fires-in-incident", on=METRIC_ALARM, severity="medium", refs=["REQ ALM-10"])
def alarm_fires_when_it_must(alarm: Resource, estate: Estate) -> None:
    """The alarm fires in the incident that its metric tells of, in time, and stays quiet in the calm.

    Why: a threshold in the wrong unit, a swapped comparison or a wrong statistic is noticed in the first incident only.
    Fix: compare threshold, statistic, period and missing-data treatment with the metric's unit and reporting.
    """
    metrics = metrics_of(alarm)
    if actions_of(alarm, estate).only_scales:
        not_applicable("it drives autoscaling")
    if alarm["threshold_metric_id"]:
        not_applicable("what it compares with is learnt by CloudWatch")
    judged = False
    for scenario in scenarios().values():
        if not any(scenario.story(metric) for metric in metrics):
            continue
        for watched in _watched(metrics, scenario, estate):
            reaction = reacts(alarm_of(alarm), scenario, watched, estate)
            if reaction is None or _is_about_the_opposite(alarm_of(alarm), scenario, reaction):
                continue
            judged = True
            happens = f"{scenario.title} ({watched.address})"
            assert State.ALARM not in reaction.calm, f"it fires in the calm ({scenario.quiet}), not only when {happens}"
            within = scenario.within_minutes
            assert reaction.fires_after is not None, f"it does not fire within {within} minutes when {happens}"
    if not judged:
        not_applicable("no incident is known for its metric")


@control("alarm.silence-and-recovery-told", on=METRIC_ALARM, severity="low", refs=["REQ ALM-10", "REQ ALM-11"])
def silence_and_recovery_are_told(alarm: Resource, estate: Estate) -> None:
    """What an alarm tells beside ALARM, that data is missing or all is well, it tells when that is so.

    Why: an alarm that leaves OK whenever its metric is silent never tells that an incident is over, or tells it all
    day long; one that ignores missing data never tells that its metric stopped.
    Fix: `treat_missing_data = "notBreaching"` for a metric that is silent in the calm, such as a count of errors;
    `missing` where `insufficient_data_actions` are to run.
    """
    told = [name for name in ("ok_actions", "insufficient_data_actions") if alarm[name]]
    if not told:
        not_applicable("it tells of ALARM only")
    if actions_of(alarm, estate).only_scales:
        not_applicable("it drives autoscaling")
    if alarm["threshold_metric_id"]:
        not_applicable("what it compares with is learnt by CloudWatch")
    never = "insufficient_data_actions" in told and alarm["treat_missing_data"] == "ignore"
    assert not never, "its insufficient_data_actions never run: it ignores missing data"
    metrics = metrics_of(alarm)
    for scenario in scenarios().values():
        if any(scenario.story(metric) for metric in metrics):
            for watched in _watched(metrics, scenario, estate):
                reaction = reacts(alarm_of(alarm), scenario, watched, estate)
                silent = reaction is not None and State.INSUFFICIENT_DATA in reaction.calm
                assert not silent, f"it goes to INSUFFICIENT_DATA in the calm, and has {' and '.join(told)}"


def _watched(metrics: tuple[Metric, ...], scenario: Scenario, estate: Estate) -> list[Resource]:
    """The resources of a scenario's type that publish some of the metrics."""
    found = {item.address: item for metric in metrics for item in publishers(metric, estate)}
    return [item for item in found.values() if item.type in scenario.on and not _reads_another_log(item, estate)]


def _reads_another_log(source: Resource, estate: Estate) -> bool:
    """Whether a log metric filter counts something else than what the application says, such as sign-ins as root."""
    return source.type == LOG_METRIC_FILTER and holds_another_log(source.peek("log_group_name"), estate)


def _is_about_the_opposite(alarm: Alarm, scenario: Scenario, reaction: Reaction) -> bool:
    """Whether an alarm that never fires here waits for the metric to go the other way, such as for an idle service."""
    if reaction.fires_after is not None or State.ALARM in reaction.calm:
        return False
    return alarm.comparison.startswith("Less") != scenario.falls


@control("alarm.ecs-cpu", on="aws_ecs_service", severity="medium", refs=["REQ ALM-1", "REQ ALM-10"])
def ecs_cpu_is_watched(service: Resource, estate: Estate) -> None:
    """An alarm fires when the service's tasks run out of CPU, and not for one busy minute.

    Why: tasks at their limit answer slowly, then fail their health checks.
    Fix: `AWS/ECS` `CPUUtilization` by ClusterName and ServiceName, Average over 80 for 5 minutes.
    """
    _assert_watched("ecs-cpu", service, estate)


@control("alarm.ecs-memory", on="aws_ecs_service", severity="medium", refs=["REQ ALM-2", "REQ ALM-10"])
def ecs_memory_is_watched(service: Resource, estate: Estate) -> None:
    """An alarm fires when the service's tasks run out of memory, and not for one busy minute.

    Why: a task over its memory is killed in the middle of its requests.
    Fix: `AWS/ECS` `MemoryUtilization` by ClusterName and ServiceName, Average over 80 for 5 minutes.
    """
    _assert_watched("ecs-memory", service, estate)


@control("alarm.alb-5xx", on=("aws_lb", "aws_alb"), severity="medium", refs=["REQ ALM-3", "REQ ALM-10"])
def server_errors_are_watched(balancer: Resource, estate: Estate) -> None:
    """An alarm fires when requests fail with 5xx, and not for a single one.

    Why: it is the first that users notice.
    Fix: `HTTPCode_Target_5XX_Count` by LoadBalancer (`arn_suffix`), Sum over 10 in 5 minutes, missing: notBreaching.
    """
    if balancer["load_balancer_type"] not in (None, "application"):
        not_applicable(f"it is a {balancer['load_balancer_type']} load balancer")
    _assert_watched("alb-5xx", balancer, estate)


@control(
    "alarm.alb-unhealthy-targets",
    on=("aws_lb_target_group", "aws_alb_target_group"),
    severity="medium",
    refs=["REQ ALM-4", "REQ ALM-10"],
)
def unhealthy_targets_are_watched(group: Resource, estate: Estate) -> None:
    """An alarm fires when a target is unhealthy.

    Why: with a target less the others carry its load, until none is left.
    Fix: `UnHealthyHostCount` by LoadBalancer and TargetGroup (`arn_suffix`), Maximum over 0 for 3 minutes.
    """
    if not balancers_of(group, estate):
        not_applicable("no listener forwards to it")
    _assert_watched("alb-unhealthy-targets", group, estate)
    _assert_watched("alb-unhealthy-zone", group, estate)


@control(
    "alarm.rds-cpu", on=("aws_db_instance", "aws_rds_cluster"), severity="medium", refs=["REQ ALM-5", "REQ ALM-10"]
)
def database_cpu_is_watched(database: Resource, estate: Estate) -> None:
    """An alarm fires when the database runs out of CPU, and not for one busy minute.

    Why: every request waits for a database at its limit.
    Fix: `AWS/RDS` `CPUUtilization` by DBInstanceIdentifier (`identifier`, not `id`), Average over 80 for 10 minutes; of
    an Aurora cluster by DBClusterIdentifier.
    """
    _not_for_replicas(database)
    _assert_database_watched("rds-cpu", database, estate)


@control("alarm.rds-storage", on="aws_db_instance", severity="medium", refs=["REQ ALM-6", "REQ ALM-10"])
def database_storage_is_watched(database: Resource, estate: Estate) -> None:
    """An alarm fires before the database's storage is full.

    Why: a database without storage stops.
    Fix: `AWS/RDS` `FreeStorageSpace`, Minimum under 10 GiB, which is 10737418240: the metric is in bytes.
    """
    _not_for_replicas(database)
    _assert_watched("rds-storage", database, estate)


@control(
    "alarm.rds-connections", on=("aws_db_instance", "aws_rds_cluster"), severity="low", refs=["REQ ALM-9", "REQ ALM-10"]
)
def database_connections_are_watched(database: Resource, estate: Estate) -> None:
    """An alarm fires before the database refuses connections.

    Why: past the limit new tasks cannot start and requests fail.
    Fix: `AWS/RDS` `DatabaseConnections`, Average over 80 % of what the instance class allows.
    """
    _not_for_replicas(database)
    _assert_database_watched("rds-connections", database, estate)


@control(
    "alarm.redis-hit-rate",
    on="aws_elasticache_replication_group",
    severity="low",
    refs=["REQ ALM-7", "REQ ALM-10"],
)
def hit_rate_is_watched(cache: Resource, estate: Estate, policy: Policy) -> None:
    """An alarm fires when the cache answers few look-ups, where one is there or demanded; what evicts nothing is none.

    Why: what the cache does not answer the database must. An alarm that stays quiet then is worse than none.
    Fix: `AWS/ElastiCache` `CacheHitRate` by CacheClusterId (`<group>-001`), Average under 70, or metric math.
    """
    for group in named(estate, cache.attributes.get("parameter_group_name"), "aws_elasticache_parameter_group"):
        set_to = {show(item.get("name")): show(item.get("value")) for item in group["parameter"] or ()}
        if set_to.get("maxmemory-policy") == "noeviction":
            not_applicable("it evicts nothing, so that it is no cache")
    if not policy.hit_rate and next(_watches(scenarios()["redis-hit-rate"], cache, estate), None) is None:
        not_applicable("no alarm watches its hit rate, and none is demanded")
    _assert_watched("redis-hit-rate", cache, estate)


@control(
    "alarm.redis-engine-cpu",
    on="aws_elasticache_replication_group",
    severity="medium",
    refs=["REQ ALM-8", "REQ ALM-10"],
)
def engine_cpu_is_watched(cache: Resource, estate: Estate) -> None:
    """An alarm fires when the cache's engine thread is at its limit, and not for one busy minute.

    Why: Redis works on one core: all clients wait for it.
    Fix: `AWS/ElastiCache` `EngineCPUUtilization` by CacheClusterId (`<group>-001`), Average over 70 for 5 minutes.
    """
    _assert_watched("redis-engine-cpu", cache, estate)


@control("alarm.alb-response-time", on=("aws_lb", "aws_alb"), severity="low", refs=["REQ ALM-9", "REQ ALM-10"])
def response_time_is_watched(balancer: Resource, estate: Estate) -> None:
    """An alarm fires when answers take seconds.

    Why: users leave long before anything fails.
    Fix: `TargetResponseTime` by LoadBalancer (`arn_suffix`), p95 over 2 seconds for 5 minutes.
    """
    if balancer["load_balancer_type"] not in (None, "application"):
        not_applicable(f"it is a {balancer['load_balancer_type']} load balancer")
    _assert_watched("alb-response-time", balancer, estate)


@control("alarm.app-errors", on=STACK, severity="low", refs=["REQ ALM-9", "REQ ALM-10"])
def application_errors_are_watched(estate: Estate) -> None:
    """An alarm fires when the application logs errors.

    Why: errors that are caught never show in the load balancer's counts.
    Fix: an `aws_cloudwatch_log_metric_filter` on the application's log group, and an alarm on its metric's Sum.
    """
    if not estate.of("aws_ecs_service"):
        not_applicable("this stack has no ECS service")
    filters = estate.of(LOG_METRIC_FILTER)
    if not filters:
        raise absent(estate, "no log metric filter counts the application's errors", LOG_METRIC_FILTER)
    findings = Findings()
    for source in filters:
        watched = Findings()
        with watched.question():
            _assert_reads_application(source, estate)
            _assert_watched("app-errors", source, estate)
            return
        with findings.question():
            _told_of(source, watched)
    findings.conclude()


def _told_of(source: Resource, findings: Findings) -> None:
    """Conclude what was found of a filter, under its address."""
    try:
        findings.conclude()
    except AssertionError as finding:
        raise AssertionError(f"{source.address}: {finding}") from finding


def _assert_reads_application(source: Resource, estate: Estate) -> None:
    """Assert that a log metric filter reads a log that containers of a service write, as far as any says where."""
    group = source["log_group_name"]
    found = estate.find(group, _LOG_GROUP)
    written = list(_log_groups(estate))
    own = [item for item in written if item is found or (isinstance(item, str) and item == group)]
    read = own or not (written or _reads_another_log(source, estate))
    assert read, f"it reads {show(found or group)}, in which no service's container logs"


def _log_groups(estate: Estate) -> Iterator[Resource | str]:
    """The log groups that containers of services write to; by name where they are not of this estate.

    Raises:
        Undecidable: where one is unknown.
    """
    for service in estate.of("aws_ecs_service"):
        task = task_definition_of(service, estate)
        for definition in containers(task) if task is not None else ():
            group = (log_options(definition) or {}).get("awslogs-group")
            if group is not None:
                found = estate.find(group, _LOG_GROUP)
                yield found if found is not None else str(group)
