"""Hosts ``ecs://`` of pytest-testinfra on a launched task, and the look at what a container holds."""

import functools
import json
import os
import signal
import stat
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import testinfra

from skyworthy.errors import BadInput
from skyworthy.observed import Session
from skyworthy.probes import ecs_exec, testinfra_hosts
from skyworthy.probes.acting import ActingSession, NotAllowed
from skyworthy.probes.container_variables import CannotLook, held
from skyworthy.probes.ecs_exec import Address, ExecFailed, execute, host_of, running_tasks
from skyworthy.sandbox.launch.launcher import StandIn, launch
from skyworthy.sandbox.server import Sandbox, running

pytest_plugins = ["pytester"]

CLUSTER = "hosts"
DUMMY = "dummy-not-to-be-shown"
WAIT = StandIn(("{python}", "-c", "import signal; signal.pause()"), Path(__file__).parent)
ENVIRONMENT = {"COLOUR": "deep blue", "PASSWORD": DUMMY, "NOTHING": "", "QUOTED": 'it\'s "$HOME" and `id` 100%'}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running() as started:
        yield started


def make(client: Callable[[str], Any], cluster: str) -> None:
    """A cluster with a service `web` of one container."""
    ecs, ec2 = client("ecs"), client("ec2")
    ecs.create_cluster(clusterName=cluster)
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = client("iam").create_role(RoleName=cluster, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    variables = [{"name": name, "value": value} for name, value in ENVIRONMENT.items()]
    definition = ecs.register_task_definition(
        family=cluster,
        containerDefinitions=[{"name": "web", "image": "web:1", "essential": True, "environment": variables}],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        taskRoleArn=role,
    )["taskDefinition"]["taskDefinitionArn"]
    network = {"subnets": [ec2.describe_subnets()["Subnets"][0]["SubnetId"]], "securityGroups": []}
    ecs.create_service(
        cluster=cluster,
        serviceName="web",
        taskDefinition=definition,
        desiredCount=1,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": network},
        enableExecuteCommand=True,
    )


@pytest.fixture(scope="module")
def session(sandbox: Sandbox) -> ActingSession:
    """What the suites ask with, beside a launched task."""
    return ActingSession(Session(endpoint_url=sandbox.url, target="sandbox", region="us-east-1"), ecs_exec.ALLOWED)


@pytest.fixture(scope="module")
def task(sandbox: Sandbox, session: ActingSession) -> Iterator[str]:
    """Id of the launched task."""
    client = functools.cache(sandbox.client)
    make(client, CLUSTER)
    with launch(client, CLUSTER, {"web": WAIT}, lambda *_: True):
        (found,) = running_tasks(session.client, CLUSTER, "web")
        yield found


@pytest.fixture
def host(sandbox: Sandbox, task: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    testinfra_hosts.register()
    monkeypatch.setenv("AWS_ENDPOINT_URL", sandbox.url)
    return testinfra.get_host(f"ecs://{CLUSTER}/web/web?region=us-east-1&endpoint={sandbox.url}")


def test_modules_of_testinfra_work_inside_a_running_task(host: Any, tmp_path: Path) -> None:
    (tmp_path / "note").write_text("inside")
    assert host.environment()["COLOUR"] == "deep blue"
    assert host.file(str(tmp_path / "note")).content_string == "inside"
    assert not host.file(str(tmp_path / "other")).exists
    assert host.run("exit 3").rc == 3
    assert host.run("echo %s", "it's").stdout == "it's\n"
    own = [item for item in host.process.filter(comm="python") if "signal.pause" in item.args]
    assert len(own) >= 1
    assert host.backend.get_pytest_id() == f"ecs://{CLUSTER}/web/web"


def test_socket_of_a_task(host: Any, sandbox: Sandbox) -> None:
    if not host.exists("ss") and not host.exists("netstat"):
        pytest.skip("neither ss nor netstat is here")
    port = sandbox.url.rpartition(":")[2]
    assert host.socket(f"tcp://127.0.0.1:{port}").is_listening


def test_nothing_that_a_container_says_is_logged(host: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    assert host.environment()["PASSWORD"] == DUMMY
    assert DUMMY not in caplog.text


def test_hosts_option_of_pytest(sandbox: Sandbox, task: str, pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(host):\n    assert host.run('echo $COLOUR').stdout == 'deep blue\\n'\n")
    done = pytester.runpytest_subprocess(
        "-p", "no:cacheprovider", f"--hosts=ecs://{CLUSTER}/web/web?region=us-east-1&endpoint={sandbox.url}", "-v"
    )
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(["*test_it?ecs://hosts/web/web? PASSED*"])


def test_other_hosts_are_read_as_before() -> None:
    testinfra_hosts.register()
    testinfra_hosts.register()
    assert testinfra.get_host("local://").run("echo here").stdout == "here\n"
    from testinfra.backend import parse_hostspec

    assert parse_hostspec("docker://user@name?sudo=true") == ("user@name", {"connection": "docker", "sudo": True})
    assert parse_hostspec("plain") == ("plain", {})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cluster/service", "three names are needed"),
        ("cluster//container", "three names are needed"),
        ("a/b/c/d", "three names are needed"),
        ("a/b/c?regoin=x", "unknown option 'regoin'"),
    ],
)
def test_malformed_addresses_are_told(text: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        Address.of(text)


def test_addresses() -> None:
    assert Address.of("c/s/k?region=eu-west-1&task=abc") == Address(
        "c", "s", "k", {"region": "eu-west-1", "task": "abc"}
    )


def test_refusals_say_where_and_why(session: ActingSession, task: str) -> None:
    with pytest.raises(ExecFailed, match=f"{CLUSTER}/nobody has no running task|ServiceNotFound"):
        running_tasks(session.client, CLUSTER, "nobody")
    with pytest.raises(ExecFailed, match=r"nowhere/web: .*ClusterNotFoundException"):
        running_tasks(session.client, "nowhere", "web")
    with pytest.raises(ExecFailed, match=f"{CLUSTER}/{task}/side: ECS Exec is refused: .*was not found in the task"):
        execute(session.client, CLUSTER, task, "side", "true")


def test_session_does_nothing_off_its_list(session: ActingSession) -> None:
    with pytest.raises(NotAllowed, match="ecs:StopTask is refused: this session does ecs:DescribeTasks, ecs:Exec"):
        session.client("ecs").stop_task(cluster=CLUSTER, task="x")
    with pytest.raises(NotAllowed, match="secretsmanager:GetSecretValue"):
        session.client("secretsmanager").get_secret_value(SecretId="x")


def plugin(directory: Path, body: str) -> None:
    """A session-manager-plugin of the test's own, which is started as AWS's is."""
    file = directory / ecs_exec.PLUGIN
    file.write_text(f"#!{sys.executable}\nimport json, sys\ntold = json.loads(sys.argv[1])\n{body}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)


def test_channels_of_aws_are_opened_by_its_plugin(
    session: ActingSession, task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ecs_exec, "_is_sandbox", lambda _url: False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        ExecFailed, match="needs the session-manager-plugin, which is not on the PATH: see https://docs"
    ):
        execute(session.client, CLUSTER, task, "web", "true")
    plugin(
        tmp_path,
        "assert sys.stdin.isatty() and sys.argv[2:4] == ['us-east-1', 'StartSession']\n"
        f"assert json.loads(sys.argv[5])['Target'].startswith('ecs:{CLUSTER}_{task}_')\n"
        "from skyworthy.sandbox.exec.client import read_session\n"
        "print('\\nStarting session with SessionId:', told['SessionId'])\n"
        "print(read_session(told['StreamUrl'], told['TokenValue']).decode())\n"
        "print('\\nExiting session with sessionId:', told['SessionId'])",
    )
    done = execute(session.client, CLUSTER, task, "web", "echo $COLOUR; echo no >&2; exit 4")
    assert (done.exit_code, done.stdout, done.stderr) == (4, "deep blue\n", "no\n")
    plugin(tmp_path, "sys.exit('Cannot perform start session: EOF')")
    with pytest.raises(ExecFailed, match="exited with 1: Cannot perform start session: EOF"):
        execute(session.client, CLUSTER, task, "web", "true")


def test_variables_are_compared_without_being_seen(
    session: ActingSession, task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = host_of(session.client, CLUSTER, "web", "web", task)
    heard: list[str] = []
    run = host.backend.run

    def listening(command: str, *arguments: str, **more: Any) -> Any:
        done = run(command, *arguments, **more)
        heard.append(command + done.stdout + done.stderr)
        return done

    monkeypatch.setattr(host.backend, "run", listening)
    expected = {
        **ENVIRONMENT,
        "PASSWORD": "another",
        "COLOUR": None,
        "MISSING": "x",
        "NOTHING": "something",
    }
    assert held(host, expected) == {
        "COLOUR": "held",
        "PASSWORD": "differs",
        "NOTHING": "empty",
        "QUOTED": "held",
        "MISSING": "unset",
    }
    assert held(host, {"PASSWORD": DUMMY, "NOTHING": ""}) == {"PASSWORD": "held", "NOTHING": "held"}
    assert DUMMY not in "".join(heard)
    assert len(heard) == 2  # one session, however many variables


def test_container_that_cannot_tell(session: ActingSession, task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    host = host_of(session.client, CLUSTER, "web", "web", task)
    with pytest.raises(CannotLook, match=r"a shell cannot read a variable of the name 'a\.b'"):
        held(host, {"a.b": "x"})
    run = host.backend.run
    monkeypatch.setattr(host.backend, "run", lambda command: run(f"PATH=/nowhere; {command}"))
    with pytest.raises(CannotLook, match="needs sh, sha256sum and cut"):
        held(host, {"COLOUR": "x"})


def test_task_that_ends_is_no_host(sandbox: Sandbox, session: ActingSession) -> None:
    client = functools.cache(sandbox.client)
    make(client, "ending")
    with launch(client, "ending", {"web": WAIT}, lambda *_: True) as launched:
        os.kill(launched.containers[0].pid, signal.SIGKILL)
        give_up = time.monotonic() + 60
        with pytest.raises(ExecFailed, match="ending/web has no running task"):
            while time.monotonic() < give_up:
                running_tasks(session.client, "ending", "web")
