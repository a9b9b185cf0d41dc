"""Logs and metrics of a launch: what its processes write and use flows into the account, as the agents' word would.

Everything is measured: of tasks and servers what their processes use and answer, of targets what their health checks
say. What would have to be made up is not published. Names and dimensions are those of AWS:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html,
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html,
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html and
https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/CacheMetrics.Redis.html
"""

import logging
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from botocore.exceptions import BotoCoreError, ClientError

from skyworthy.sandbox.launch.balancer import Balancer
from skyworthy.sandbox.launch.container_run import RUNNING
from skyworthy.sandbox.launch.endpoints import Replacement
from skyworthy.sandbox.launch.injection import ClientFactory
from skyworthy.sandbox.launch.measures import Table, Usage, process_table, usage
from skyworthy.sandbox.launch.running import TaskRun
from skyworthy.sandbox.launch.servers import Server

LOG_INTERVAL = 2.0
"""Seconds between two looks for new log lines."""
METRIC_INTERVAL = 60.0
"""Seconds between two data points."""
_BATCH = 500
_VALUES = 150
"""Values that a data point may hold."""
_GIB = 2**30

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Point:
    """A data point: namespace, metric, dimensions, value and unit as CloudWatch names them."""

    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    value: float | Sequence[float]
    unit: str

    def datum(self, now: datetime) -> dict[str, Any]:
        """As PutMetricData takes it."""
        named = [{"Name": name, "Value": value} for name, value in self.dimensions.items()]
        value = {"Value": self.value} if isinstance(self.value, int | float) else {"Values": list(self.value)}
        return {"MetricName": self.metric, "Dimensions": named, "Timestamp": now, "Unit": self.unit, **value}


class Telemetry:
    """Sends log lines and data points of a launch in a thread of its own, until it is closed.

    Args:
        client: makes clients of the account.
        cluster: name of the cluster.
        runs: its tasks, service by service.
        servers: local servers and what each replaces.
        balancers: in the place of the load balancers, one a target group.
    """

    def __init__(
        self,
        client: ClientFactory,
        cluster: str,
        runs: Sequence[TaskRun],
        servers: Sequence[tuple[Replacement, Server]],
        balancers: Sequence[Balancer],
    ) -> None:
        self._cloudwatch = client("cloudwatch")
        self._cluster, self._runs, self._servers = cluster, runs, servers
        self._counters = balancers
        self._balancers = _balancers(client, runs)
        self._insights = _insights(client, cluster)
        self._sending = threading.Lock()
        self._stopped = threading.Event()
        self._seen: dict[int, Usage] = {}
        self._counted: dict[str, Mapping[str, float]] = {}
        self._time = time.monotonic()
        self.flush()
        self._thread = threading.Thread(target=self._repeat, name="telemetry", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Send no more."""
        self._stopped.set()
        self._thread.join()

    def flush(self) -> None:
        """Send log lines and data points now."""
        self._ship()
        self._publish()

    def _repeat(self) -> None:
        last = time.monotonic()
        while not self._stopped.wait(LOG_INTERVAL):
            self._ship()
            if time.monotonic() - last >= METRIC_INTERVAL:
                last = time.monotonic()
                self._publish()

    def _ship(self) -> None:
        for run in self._runs:
            for item in run.containers.values():
                item.ship()

    def _publish(self) -> None:
        with self._sending:
            points = list(self._points())
        now = datetime.now(UTC)
        try:
            for namespace in sorted({point.namespace for point in points}):
                data = [point.datum(now) for point in points if point.namespace == namespace]
                for start in range(0, len(data), _BATCH):
                    self._cloudwatch.put_metric_data(Namespace=namespace, MetricData=data[start : start + _BATCH])
        except (BotoCoreError, ClientError) as error:
            _log.warning("cannot put metrics: %s", error)  # the account may be gone before its tasks

    def _points(self) -> Iterator[Point]:
        table, now = process_table(), time.monotonic()
        seconds, self._time = max(now - self._time, 1e-3), now
        before, self._seen = self._seen, {}
        services: dict[str, list[TaskRun]] = {}
        for run in self._runs:
            services.setdefault(run.task.service["serviceName"], []).append(run)
        for name, runs in services.items():
            yield from self._of_service(name, runs, table, before, seconds)
        yield from self._of_targets()
        yield from self._of_requests()
        for replacement, server in self._servers:
            share = self._share(server.pid, table, before, seconds)
            of = _of_database if replacement.endpoint.engine == "postgres" else _of_cache
            counted = server.measure()
            earlier = self._counted.get(replacement.endpoint.identifier, counted)
            self._counted[replacement.endpoint.identifier] = counted
            yield from of(replacement, share * 100, counted, earlier)

    def _of_service(
        self, name: str, runs: Sequence[TaskRun], table: Table, before: Mapping[int, Usage], seconds: float
    ) -> Iterator[Point]:
        """The service's tasks together, against what their task definition reserves."""
        running = [run for run in runs if run.status == RUNNING]
        pids = [item.process.pid for run in running for item in run.containers.values() if item.process]
        cores = sum(self._share(pid, table, before, seconds) for pid in pids)
        memory = sum(usage(pid, table).memory for pid in pids)
        named = {"ClusterName": self._cluster, "ServiceName": name}
        definition = runs[0].task.definition
        cpu_reserved = float(definition.get("cpu") or 0) * len(running)
        memory_reserved = float(definition.get("memory") or 0) * len(running)
        if cpu_reserved and memory_reserved:
            used = memory / 2**20
            yield Point("AWS/ECS", "CPUUtilization", named, cores * 1024 / cpu_reserved * 100, "Percent")
            yield Point("AWS/ECS", "MemoryUtilization", named, used / memory_reserved * 100, "Percent")
        if not self._insights:
            return
        pending = sum(run.status == "PENDING" for run in runs)
        for metric, value, unit in (
            ("RunningTaskCount", len(running), "Count"),
            ("PendingTaskCount", pending, "Count"),
            ("DesiredTaskCount", runs[0].task.service["desiredCount"], "Count"),
            ("CpuUtilized", cores * 1024, "None"),
            ("CpuReserved", cpu_reserved, "None"),
            ("MemoryUtilized", memory / 2**20, "Megabytes"),
            ("MemoryReserved", memory_reserved, "Megabytes"),
        ):
            yield Point("ECS/ContainerInsights", metric, named, value, unit)

    def _of_targets(self) -> Iterator[Point]:
        """Healthy and unhealthy targets of each target group of a load balancer; a stopped task is none."""
        found: dict[str, list[bool]] = {}
        for run in self._runs:
            for group in {group.arn for group in run.task.checks.values()}:
                found.setdefault(group, [])
            if run.status == RUNNING:
                for item in run.containers.values():
                    for group, _, watch in item.watches:
                        found[group].append(watch.health.status == "healthy")
        for group, healths in found.items():
            for balancer in self._balancers.get(group, ()):
                named = {
                    "TargetGroup": group.rpartition(":")[2],
                    "LoadBalancer": balancer.partition("loadbalancer/")[2],
                }
                for metric, value in (("HealthyHostCount", sum(healths)), ("UnHealthyHostCount", healths.count(False))):
                    yield Point("AWS/ApplicationELB", metric, named, value, "Count")

    def _of_requests(self) -> Iterator[Point]:
        """What went through each target group, and through its load balancer as a whole."""
        for counter in self._counters:
            counts = counter.take_counts()
            for balancer in self._balancers.get(counter.group, ()):
                whole = {"LoadBalancer": balancer.partition("loadbalancer/")[2]}
                part = {"TargetGroup": counter.group.rpartition(":")[2], **whole}
                for named in (whole, part):
                    yield Point("AWS/ApplicationELB", "RequestCount", named, counts.requests, "Count")
                    for start in range(0, len(counts.seconds), _VALUES):
                        some = counts.seconds[start : start + _VALUES]
                        yield Point("AWS/ApplicationELB", "TargetResponseTime", named, some, "Seconds")
                    for digit, count in counts.codes.items():
                        yield Point("AWS/ApplicationELB", f"HTTPCode_Target_{digit}XX_Count", named, count, "Count")
                for status, count in counts.refused.items():
                    for metric in (f"HTTPCode_ELB_{status // 100}XX_Count", f"HTTPCode_ELB_{status}_Count"):
                        yield Point("AWS/ApplicationELB", metric, whole, count, "Count")

    def _share(self, pid: int, table: Table, before: Mapping[int, Usage], seconds: float) -> float:
        """How many processors a process and its descendants used since the last time; at first, since their start."""
        used = usage(pid, table)
        self._seen[pid] = used
        return max(0.0, used.cpu_seconds - before.get(pid, Usage()).cpu_seconds) / seconds


def _of_database(
    replacement: Replacement, cpu: float, counted: Mapping[str, float], _: Mapping[str, float]
) -> Iterator[Point]:
    named = {"DBInstanceIdentifier": replacement.endpoint.identifier}
    yield Point("AWS/RDS", "CPUUtilization", named, cpu, "Percent")
    if counted:
        free = replacement.endpoint.storage * _GIB - counted["bytes"]
        yield Point("AWS/RDS", "DatabaseConnections", named, counted["connections"], "Count")
        yield Point("AWS/RDS", "FreeStorageSpace", named, free, "Bytes")


def _of_cache(
    replacement: Replacement, cpu: float, counted: Mapping[str, float], earlier: Mapping[str, float]
) -> Iterator[Point]:
    """One server stands for all nodes of a replication group, so each of them shows what it does."""
    for member in replacement.endpoint.members:
        for named in ({"CacheClusterId": member}, {"CacheClusterId": member, "CacheNodeId": "0001"}):
            yield Point("AWS/ElastiCache", "CPUUtilization", named, cpu, "Percent")
            yield Point("AWS/ElastiCache", "EngineCPUUtilization", named, cpu, "Percent")
            if counted:
                for metric, key in (("CacheHits", "hits"), ("CacheMisses", "misses")):
                    yield Point("AWS/ElastiCache", metric, named, counted[key] - earlier.get(key, 0.0), "Count")
                yield Point("AWS/ElastiCache", "CurrConnections", named, counted["connections"], "Count")
                yield Point("AWS/ElastiCache", "BytesUsedForCache", named, counted["bytes"], "Bytes")


def _balancers(client: ClientFactory, runs: Sequence[TaskRun]) -> dict[str, list[str]]:
    """ARNs of the load balancers that each target group belongs to."""
    groups = sorted({group.arn for run in runs for group in run.task.checks.values()})
    if not groups:
        return {}
    described = client("elbv2").describe_target_groups(TargetGroupArns=groups)["TargetGroups"]
    return {group["TargetGroupArn"]: list(group.get("LoadBalancerArns", ())) for group in described}


def _insights(client: ClientFactory, cluster: str) -> bool:
    """Whether Container Insights is switched on."""
    described = client("ecs").describe_clusters(clusters=[cluster], include=["SETTINGS"])["clusters"]
    settings = {item["name"]: item["value"] for found in described for item in found.get("settings", ())}
    return bool(settings.get("containerInsights", "disabled") != "disabled")
