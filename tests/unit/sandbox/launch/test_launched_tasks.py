"""What the account tells of launched tasks, and what becomes of them: on a real sandbox, with real processes."""

import functools
import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

from skyworthy.sandbox.launch.agent import Task
from skyworthy.sandbox.launch.injection import ExecutionRole
from skyworthy.sandbox.launch.launched import Launched
from skyworthy.sandbox.launch.launcher import StandIn, launch
from skyworthy.sandbox.launch.running import TaskRun
from skyworthy.sandbox.server import Sandbox, running

# Serves 200 until the file in FAIL exists, then 503.
SERVE = """
import os, http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503 if os.path.exists(os.environ.get("FAIL", "/")  + "/fail") else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *arguments): pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
# Says what it was asked: its process, the path, the headers and the size of the body; /404 is not found.
SPEAK = """
import json, os, http.server
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        size = len(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        told = {"pid": os.getpid(), "path": self.path, "headers": dict(self.headers), "size": size}
        body = json.dumps(told).encode()
        self.send_response(404 if self.path == "/404" else 200)
        if self.path == "/stream":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for part in (b"one\\n", b"two\\n", b""):
                self.wfile.write(b"%x\\r\\n%s\\r\\n" % (len(part), part))
            return
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD": self.wfile.write(body)
    do_POST = do_HEAD = do_GET
    def log_message(self, *arguments): pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
# Writes down its start, and its stop by SIGTERM.
NOTE = """
import os, signal, sys, time
name, journal = os.environ["NAME"], os.environ["JOURNAL"]
def write(what):
    with open(journal, "a") as file: file.write(f"{what} {name}\\n")
def stop(*_):
    write("stop"); sys.exit(0)
signal.signal(signal.SIGTERM, stop)
write("start")
open(os.environ["JOURNAL"] + "." + name, "w").close()
while True: signal.pause()
"""
STUBBORN = """
import os, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open(os.environ["READY"], "w").close()
while True: signal.pause()
"""


def python(code: str) -> StandIn:
    """A stand-in that runs a program text."""
    return StandIn(("{python}", "-c", code), Path.cwd())


@dataclass
class Cluster:
    """A cluster of the test's own, and what is needed to launch it."""

    client: Callable[[str], Any]
    name: str
    stand_ins: dict[str, StandIn] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.client("ecs").create_cluster(clusterName=self.name)

    def service(self, *containers: dict[str, Any], desired: int = 1, group: str = "", **more: Any) -> None:
        """The service `web` of those containers; the first one is load-balanced where a target group is given."""
        ecs, ec2 = self.client("ecs"), self.client("ec2")
        task = {key: more.pop(key) for key in ("taskRoleArn", "executionRoleArn") if key in more}
        definition = ecs.register_task_definition(
            family=f"{self.name}-web",
            containerDefinitions=[{"image": "web:1", "essential": True, **each} for each in containers],
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            **task,
        )["taskDefinition"]["taskDefinitionArn"]
        network = {
            "subnets": [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"][:2]],
            "securityGroups": [ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]],
        }
        balancer = {"targetGroupArn": group, "containerName": containers[0]["name"], "containerPort": 8000}
        ecs.create_service(
            cluster=self.name,
            serviceName="web",
            taskDefinition=definition,
            desiredCount=desired,
            launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": network},
            loadBalancers=[balancer] if group else [],
            **more,
        )

    def target_group(self) -> str:
        """A target group with a load balancer in front; its ARN."""
        elb, ec2 = self.client("elbv2"), self.client("ec2")
        subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"][:2]]
        group: str = elb.create_target_group(
            Name=self.name,
            Protocol="HTTP",
            Port=8000,
            VpcId=ec2.describe_vpcs()["Vpcs"][0]["VpcId"],
            TargetType="ip",
            HealthyThresholdCount=2,
            UnhealthyThresholdCount=2,
            HealthCheckTimeoutSeconds=2,
        )["TargetGroups"][0]["TargetGroupArn"]
        balancer = elb.create_load_balancer(Name=self.name, Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
        action = {"Type": "forward", "TargetGroupArn": group}
        elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=[action])
        return group

    def launch(self, deadline: float = 30.0) -> Launched:
        """Its services, started."""
        return launch(self.client, self.name, self.stand_ins, lambda *_: True, deadline=deadline)

    @property
    def tasks(self) -> list[dict[str, Any]]:
        """All tasks as DescribeTasks tells them, running or stopped."""
        ecs = self.client("ecs")
        listed = [
            arn
            for status in ("RUNNING", "STOPPED")
            for arn in ecs.list_tasks(cluster=self.name, desiredStatus=status)["taskArns"]
        ]
        listed = list(dict.fromkeys(listed))  # one that stops between the two calls is in both lists
        return sorted(ecs.describe_tasks(cluster=self.name, tasks=listed)["tasks"], key=lambda each: each["taskArn"])

    @property
    def task(self) -> dict[str, Any]:
        """The only task."""
        (found,) = self.tasks
        return found

    @property
    def container(self) -> dict[str, Any]:
        """The only container of the only task."""
        (found,) = self.task["containers"]
        return dict(found)

    @property
    def description(self) -> dict[str, Any]:
        """The service as DescribeServices tells it."""
        (found,) = self.client("ecs").describe_services(cluster=self.name, services=["web"])["services"]
        return dict(found)

    def targets(self, group: str) -> list[dict[str, str]]:
        """The health of each target."""
        told = self.client("elbv2").describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        return [each["TargetHealth"] for each in told]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running() as started:
        yield started


@pytest.fixture(scope="module")
def client(sandbox: Sandbox) -> Callable[[str], Any]:
    return functools.cache(sandbox.client)


@pytest.fixture
def cluster(client: Callable[[str], Any], request: pytest.FixtureRequest) -> Cluster:
    return Cluster(client, f"c{abs(hash(request.node.name)) % 10**8}", {"web": python(SERVE)})


def until(condition: Callable[[], Any], seconds: float = 60.0) -> None:
    """Wait for an event in another process.

    Raises:
        AssertionError: it does not come.
    """
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, "it did not come"
        time.sleep(0.05)


def web(**more: Any) -> dict[str, Any]:
    """A container that the serving stand-in runs."""
    return {"name": "web", "portMappings": [{"containerPort": 8000}], **more}


def variables(**values: object) -> list[dict[str, str]]:
    """Variables as ECS writes them."""
    return [{"name": name, "value": str(value)} for name, value in values.items()]


def statuses(described: dict[str, Any]) -> tuple[str, ...]:
    """What DescribeTasks says of a task and of its containers."""
    return described["lastStatus"], *(each["lastStatus"] for each in described["containers"])


def test_killed_process_stops_its_task_and_the_service_shows_it(cluster: Cluster) -> None:
    group = cluster.target_group()
    cluster.service(web(), group=group)
    with cluster.launch() as launched:
        assert launched.problems == ()
        assert statuses(cluster.task) == ("RUNNING", "RUNNING")
        assert cluster.targets(group) == [{"State": "healthy"}]
        before = cluster.description
        assert (before["runningCount"], before["deployments"][0]["rolloutState"]) == (1, "COMPLETED")
        assert before["events"][0]["message"] == "(service web) has reached a steady state."
        os.kill(launched.containers[0].pid, signal.SIGKILL)
        until(lambda: cluster.task["lastStatus"] == "STOPPED")
        task = cluster.task
        assert (task["desiredStatus"], task["stopCode"]) == ("STOPPED", "EssentialContainerExited")
        assert task["stoppedReason"] == "Essential container in task exited"
        assert task["startedAt"] < task["stoppingAt"] <= task["stoppedAt"]
        assert (cluster.container["lastStatus"], cluster.container["exitCode"]) == ("STOPPED", 137)
        assert cluster.client("ecs").list_tasks(cluster=cluster.name)["taskArns"] == []
        after = cluster.description
        assert (after["desiredCount"], after["runningCount"]) == (1, 0)
        task_id = launched.services[0].tasks[0].id
        assert f"(service web) has stopped 1 running tasks: (task {task_id})." in [
            each["message"] for each in after["events"]
        ]
        assert [each["State"] for each in cluster.targets(group)] == ["draining"]
    assert statuses(cluster.task) == ("RUNNING", "RUNNING"), "the account is as before again"
    assert "exitCode" not in cluster.container


def test_whoever_sees_that_a_task_has_stopped_sees_its_event_too(client: Callable[[str], Any]) -> None:
    told: list[str] = []
    role = ExecutionRole("", "1", client, lambda *_: True)
    run = TaskRun(Task({}, {}, "1", role, {}), [], lambda stopped: told.append(stopped.status))
    before = run.times
    run.stop("UserInitiated", "enough")
    until(lambda: run.status == "STOPPED")
    assert told == ["STOPPING"]
    assert (before, sorted(run.times)) == ({}, ["stoppedAt", "stoppingAt"])


def test_target_follows_what_its_process_answers(cluster: Cluster, tmp_path: Path) -> None:
    group = cluster.target_group()
    cluster.service(web(environment=variables(FAIL=tmp_path)), group=group)
    with cluster.launch():
        assert cluster.targets(group) == [{"State": "healthy"}]
        (tmp_path / "fail").touch()
        until(lambda: cluster.targets(group)[0]["State"] == "unhealthy")
        assert cluster.targets(group) == [
            {
                "State": "unhealthy",
                "Reason": "Target.ResponseCodeMismatch",
                "Description": "Health checks failed with these codes: [503]",
            }
        ]
        assert cluster.task["lastStatus"] == "RUNNING"
        (tmp_path / "fail").unlink()
        until(lambda: cluster.targets(group)[0]["State"] == "healthy")


def test_every_desired_task_has_a_process_and_a_target(cluster: Cluster) -> None:
    group = cluster.target_group()
    cluster.service(web(), group=group, desired=2)
    with cluster.launch() as launched:
        one, two = launched.services[0].tasks
        assert {one.id, two.id} == {each["taskArn"].rpartition("/")[2] for each in cluster.tasks}
        assert (one.cpu, one.memory) == (256, 512)
        assert one.containers[0].ports != two.containers[0].ports
        assert one.containers[0].pid != two.containers[0].pid
        assert cluster.targets(group) == [{"State": "healthy"}] * 2
        assert cluster.description["runningCount"] == 2
        os.kill(one.containers[0].pid, signal.SIGTERM)
        until(lambda: cluster.description["runningCount"] == 1)
        until(lambda: sorted(each["State"] for each in cluster.targets(group)) == ["draining", "healthy"])


CONNECT = "import urllib.request; urllib.request.urlopen('http://{host}:8000/')"


@pytest.mark.parametrize(
    "command",
    [
        ["CMD", "python", "-c", CONNECT.format(host="localhost")],
        ["CMD-SHELL", f'python -c "{CONNECT.format(host="127.0.0.1")}" || exit 1'],
        ["CMD-SHELL", 'test "$COLOUR" = blue'],
    ],
)
def test_health_command_runs_in_the_container(cluster: Cluster, command: list[str]) -> None:
    cluster.service(web(environment=variables(COLOUR="blue"), healthCheck={"command": command}))
    with cluster.launch() as launched:
        assert launched.problems == ()
        assert launched.containers[0].check.status == "HEALTHY"
        assert (cluster.task["healthStatus"], cluster.container["healthStatus"]) == ("HEALTHY", "HEALTHY")


def test_failing_health_command_makes_the_container_unhealthy(cluster: Cluster) -> None:
    check = {"command": ["CMD-SHELL", "echo broken; exit 1"], "interval": 1, "retries": 2, "startPeriod": 0}
    cluster.service(web(healthCheck=check))
    with cluster.launch() as launched:
        assert launched.problems == ("web/web: its health check exited with 1: broken",)
        assert (cluster.task["healthStatus"], cluster.container["healthStatus"]) == ("UNHEALTHY", "UNHEALTHY")
        assert statuses(cluster.task) == ("RUNNING", "RUNNING")
        assert cluster.description["deployments"][0]["rolloutState"] == "IN_PROGRESS"


def test_health_command_that_hangs_is_ended(cluster: Cluster, tmp_path: Path) -> None:
    script = f"echo $$ >> {tmp_path}/pids; exec tail -f /dev/null"
    check = {"command": ["CMD-SHELL", script], "interval": 1, "timeout": 1, "retries": 1, "startPeriod": 0}
    cluster.service(web(healthCheck=check))
    with cluster.launch() as launched:
        assert launched.problems == ("web/web: its health check took longer than 1 s",)
        pids = [int(line) for line in (tmp_path / "pids").read_text().split()]
    assert [pid for pid in pids if alive(pid)] == []


def test_health_command_whose_program_is_missing_here_tells_nothing(cluster: Cluster) -> None:
    cluster.service(web(healthCheck={"command": ["CMD-SHELL", "no-such-program || exit 1"]}))
    with cluster.launch() as launched:
        assert launched.problems == ()
        check = launched.containers[0].check
        assert (check.status, check.reason) == (
            "UNKNOWN",
            "its health check cannot be run here: no-such-program is not on this machine",
        )
        assert cluster.task["healthStatus"] == "UNKNOWN"


def journal(cluster: Cluster, tmp_path: Path, **containers: dict[str, Any]) -> Path:
    """A service of containers that write down their starts and stops; where they do."""
    path = tmp_path / "journal"
    cluster.stand_ins = dict.fromkeys(containers, python(NOTE)) | cluster.stand_ins
    cluster.service(
        *(
            {"name": name, **more, "environment": variables(NAME=name, JOURNAL=path)}
            for name, more in containers.items()
        )
    )
    return path


def test_containers_stop_in_the_reversed_order_of_their_start(cluster: Cluster, tmp_path: Path) -> None:
    """Each waits for the health of the one below, which is told by a file that it writes."""

    def after(name: str) -> dict[str, Any]:
        return {"dependsOn": [{"containerName": name, "condition": "HEALTHY"}]}

    def check(name: str) -> dict[str, Any]:
        return {"healthCheck": {"command": ["CMD-SHELL", f"test -e {tmp_path}/journal.{name}"], "startPeriod": 60}}

    path = journal(
        cluster,
        tmp_path,
        top=after("middle") | check("top"),
        base=check("base"),
        middle=after("base") | check("middle"),
    )
    with cluster.launch() as launched:
        assert launched.problems == ()
    assert path.read_text().split("\n")[:-1] == [
        *("start base", "start middle", "start top"),
        *("stop top", "stop middle", "stop base"),
    ]


@pytest.mark.parametrize(("code", "condition"), [(0, "SUCCESS"), (0, "COMPLETE"), (3, "COMPLETE")])
def test_container_waits_for_the_end_of_another(cluster: Cluster, code: int, condition: str) -> None:
    cluster.stand_ins["first"] = python(f"raise SystemExit({code})")
    first = {"name": "first", "essential": False}
    cluster.service(web(dependsOn=[{"containerName": "first", "condition": condition}]), first)
    with cluster.launch() as launched:
        assert launched.problems == ()
        told = {each["name"]: (each["lastStatus"], each.get("exitCode")) for each in cluster.task["containers"]}
        assert told == {"web": ("RUNNING", None), "first": ("STOPPED", code)}
        assert cluster.task["lastStatus"] == "RUNNING"


@pytest.mark.parametrize(
    ("program", "condition", "timeout", "reason"),
    [
        ("raise SystemExit(3)", "SUCCESS", 20, "its dependency first exited with code 3"),
        ("import signal; signal.pause()", "COMPLETE", 1, "its dependency first did not reach COMPLETE in 1 s"),
        ("raise SystemExit(0)", "HEALTHY", 20, "its dependency first exited before it was HEALTHY"),
    ],
)
def test_dependency_that_is_not_met_keeps_the_task_from_starting(
    cluster: Cluster, program: str, condition: str, timeout: int, reason: str
) -> None:
    cluster.stand_ins["first"] = python(program)
    check = {"healthCheck": {"command": ["CMD-SHELL", "exit 1"], "startPeriod": 300}} if condition == "HEALTHY" else {}
    first = {"name": "first", "essential": False, "startTimeout": timeout, **check}
    cluster.service(web(dependsOn=[{"containerName": "first", "condition": condition}]), first)
    with cluster.launch() as launched:
        until(lambda: cluster.task["lastStatus"] == "STOPPED")
        assert (cluster.task["stopCode"], cluster.task["stoppedReason"]) == (
            "TaskFailedToStart",
            f"Task failed to start: web: {reason}",
        )
        assert launched.problems[0] == f"web/web: {reason}"  # what it waited for may still have run then
        assert cluster.description["runningCount"] == 0
        assert cluster.description["deployments"][0]["failedTasks"] == 1


def test_container_that_heeds_no_signal_is_killed_after_its_stop_timeout(cluster: Cluster, tmp_path: Path) -> None:
    cluster.stand_ins["web"] = python(STUBBORN)
    cluster.service(web(stopTimeout=2, environment=variables(READY=tmp_path / "ready")))
    with cluster.launch() as launched:
        until((tmp_path / "ready").exists)
        arn = cluster.task["taskArn"]
        cluster.client("ecs").stop_task(cluster=cluster.name, task=arn, reason="enough")
        until(lambda: cluster.task["lastStatus"] == "STOPPED")
        task = cluster.task
        assert (task["stopCode"], task["stoppedReason"]) == ("UserInitiated", "enough")
        assert cluster.container["exitCode"] == 137
        assert (task["stoppedAt"] - task["stoppingAt"]).total_seconds() >= 2
        assert not alive(launched.containers[0].pid)


def test_container_that_heeds_the_signal_tells_its_own_code(cluster: Cluster, tmp_path: Path) -> None:
    journal(cluster, tmp_path, note={})
    with cluster.launch():
        until((tmp_path / "journal.note").exists)
        cluster.client("ecs").stop_task(cluster=cluster.name, task=cluster.task["taskArn"])
        until(lambda: cluster.task["lastStatus"] == "STOPPED")
        assert cluster.container["exitCode"] == 0


def test_end_of_an_essential_container_ends_the_others(cluster: Cluster, tmp_path: Path) -> None:
    path = journal(cluster, tmp_path, note={"essential": False}, web={})
    cluster.stand_ins["web"] = python(
        "import os, time\nwhile not os.path.exists(os.environ['JOURNAL'] + '.note'): time.sleep(0.01)\nexit(5)"
    )
    with cluster.launch():
        until(lambda: cluster.task["lastStatus"] == "STOPPED")
        assert {each["name"]: each["exitCode"] for each in cluster.task["containers"]} == {"note": 0, "web": 5}
    assert path.read_text() == "start note\nstop note\n"


def test_end_of_another_container_does_not(cluster: Cluster) -> None:
    cluster.stand_ins["side"] = python("exit(7)")
    cluster.service(web(), {"name": "side", "essential": False})
    with cluster.launch() as launched:
        until(lambda: cluster.task["containers"][1]["lastStatus"] == "STOPPED")
        assert cluster.task["containers"][1]["exitCode"] == 7
        assert (cluster.task["lastStatus"], launched.problems) == ("RUNNING", ())


def test_tasks_that_are_not_there_are_told(cluster: Cluster) -> None:
    cluster.service(web())
    ecs = cluster.client("ecs")
    missing = ecs.describe_tasks(cluster=cluster.name, tasks=["0" * 32])
    assert missing["tasks"] == []
    prefix = f"arn:aws:ecs:us-east-1:123456789012:task/{cluster.name}"
    assert missing["failures"] == [{"arn": f"{prefix}/{'0' * 32}", "reason": "MISSING"}]
    with pytest.raises(ecs.exceptions.InvalidParameterException, match="Tasks cannot be empty"):
        ecs.describe_tasks(cluster=cluster.name, tasks=[])


def points(cluster: Cluster, namespace: str, metric: str, statistic: str = "Maximum", **dimensions: str) -> list[float]:
    """The values of a metric's data points in the last 15 minutes."""
    now = time.time()
    named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    query = {
        "Id": "q",
        "MetricStat": {
            "Metric": {"Namespace": namespace, "MetricName": metric, "Dimensions": named},
            "Period": 60,
            "Stat": statistic,
        },
    }
    cloudwatch = cluster.client("cloudwatch")
    answer = cloudwatch.get_metric_data(MetricDataQueries=[query], StartTime=now - 900, EndTime=now + 60)
    found: list[float] = answer["MetricDataResults"][0]["Values"]
    return found


def test_metrics_of_tasks_and_targets_flow(cluster: Cluster) -> None:
    group = cluster.target_group()
    cluster.service(web(), group=group)
    with cluster.launch() as launched:
        service = {"ClusterName": cluster.name, "ServiceName": "web"}
        (memory, *_) = points(cluster, "AWS/ECS", "MemoryUtilization", **service)
        assert 0.5 < memory < 50  # a Python process in 512 MiB
        (cpu, *_) = points(cluster, "AWS/ECS", "CPUUtilization", **service)
        assert cpu >= 0
        elb = cluster.client("elbv2")
        balancer = elb.describe_target_groups(TargetGroupArns=[group])["TargetGroups"][0]["LoadBalancerArns"][0]
        behind = {
            "TargetGroup": group.rpartition(":")[2],
            "LoadBalancer": balancer.partition("loadbalancer/")[2],
        }
        assert max(points(cluster, "AWS/ApplicationELB", "HealthyHostCount", **behind)) == 1
        assert max(points(cluster, "AWS/ApplicationELB", "UnHealthyHostCount", **behind)) == 0
        assert points(cluster, "ECS/ContainerInsights", "RunningTaskCount", **service) == []
        launched.flush()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_twenty_launches_leave_nothing(
    cluster: Cluster, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    cluster.service(web())
    files = len(list(Path("/dev/fd").iterdir()))
    pids = []
    for _ in range(20):
        with cluster.launch() as launched:
            assert launched.problems == ()
            pids.append(launched.containers[0].pid)
    assert [pid for pid in pids if alive(pid)] == []
    assert list(tmp_path.iterdir()) == []
    assert len(list(Path("/dev/fd").iterdir())) <= files + 2
    assert sandbox.control("GET", "launches") == []


def test_launcher_that_is_gone_is_forgotten(cluster: Cluster, sandbox: Sandbox) -> None:
    cluster.service(web())
    sandbox.control("POST", "launches", {"url": "http://127.0.0.1:9", "token": "of-nobody"})
    assert statuses(cluster.task) == ("RUNNING", "RUNNING")
    assert sandbox.control("GET", "launches") == []


def test_launcher_that_does_not_answer_is_an_error(cluster: Cluster, sandbox: Sandbox) -> None:
    """Nothing is known of its tasks then, so nothing is told of them."""
    cluster.service(web())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        sandbox.control("POST", "launches", {"url": url, "token": "of-nobody"})
        with pytest.raises(cluster.client("ecs").exceptions.ServerException, match="does not answer"):
            cluster.client("ecs").list_tasks(cluster=cluster.name)
        with pytest.raises(ClientError, match="does not answer"):
            cluster.client("rds").describe_db_instances()
    sandbox.control("DELETE", "launches", {"url": url})
    assert statuses(cluster.task) == ("RUNNING", "RUNNING")


def test_state_is_json(cluster: Cluster) -> None:
    cluster.service(web(healthCheck={"command": ["CMD-SHELL", "exit 0"]}))
    with cluster.launch() as launched:
        assert Launched.from_json(json.loads(json.dumps(launched.to_json()))) == launched


def test_requests_go_to_healthy_tasks_in_turn_and_are_counted(cluster: Cluster) -> None:
    group = cluster.target_group()
    cluster.stand_ins["web"] = python(SPEAK)
    cluster.service(web(), group=group, desired=2)
    with cluster.launch() as launched:
        url = launched.url_of("web")
        assert url == launched.services[0].url
        with requests.Session() as session:
            session.trust_env = False
            first = [session.get(f"{url}/hello?a=b", headers={"Host": "api.example.com"}).json() for _ in range(4)]
            assert {told["path"] for told in first} == {"/hello?a=b"}
            assert {told["headers"]["Host"] for told in first} == {"api.example.com"}
            assert {told["headers"]["X-Forwarded-For"] for told in first} == {"127.0.0.1"}
            assert {told["pid"] for told in first} == {item.pid for item in launched.containers}
            posted = session.post(f"{url}/404", data=b"x" * 100_000, headers={"X-Forwarded-For": "10.0.0.1"})
            assert (posted.status_code, posted.json()["size"]) == (404, 100_000)
            assert posted.json()["headers"]["X-Forwarded-For"] == "10.0.0.1, 127.0.0.1"
            assert session.get(f"{url}/stream").text == "one\ntwo\n"
            assert session.head(f"{url}/hello").headers["Server"] != ""
            os.kill(launched.containers[0].pid, signal.SIGKILL)
            until(lambda: cluster.description["runningCount"] == 1)
            left = {session.get(url).json()["pid"] for _ in range(3)}
            assert left == {launched.containers[1].pid}
            os.kill(launched.containers[1].pid, signal.SIGKILL)
            until(lambda: cluster.description["runningCount"] == 0)
            assert session.get(url).status_code == 503
        launched.flush()
        balancer = cluster.client("elbv2").describe_target_groups(TargetGroupArns=[group])["TargetGroups"][0]
        whole = {"LoadBalancer": balancer["LoadBalancerArns"][0].partition("loadbalancer/")[2]}
        part = {"TargetGroup": group.rpartition(":")[2], **whole}
        for named in (whole, part):
            assert sum(points(cluster, "AWS/ApplicationELB", "RequestCount", "Sum", **named)) == 10
            assert sum(points(cluster, "AWS/ApplicationELB", "HTTPCode_Target_4XX_Count", "Sum", **named)) == 1
            assert 0 < max(points(cluster, "AWS/ApplicationELB", "TargetResponseTime", **named)) < 60
        assert sum(points(cluster, "AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "Sum", **whole)) == 1


def test_target_that_does_not_answer_is_a_bad_gateway(cluster: Cluster) -> None:
    group = cluster.target_group()
    cluster.stand_ins["web"] = python("import signal; signal.pause()")
    cluster.service(web(), group=group)
    with cluster.launch(deadline=0.5) as launched, requests.Session() as session:
        session.trust_env = False
        assert launched.problems == ("web/web: Connection refused or closed",)
        assert session.get(launched.services[0].url).status_code == 502
