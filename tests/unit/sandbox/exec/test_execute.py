"""ECS Exec on launched processes, by the protocol that AWS's own client speaks."""

import functools
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from skyworthy.estate import Unknown
from skyworthy.sandbox.exec import execute
from skyworthy.sandbox.exec.client import SessionError, read_session
from skyworthy.sandbox.exec.messages import Message, MessageError, Payload, acknowledgement, closed, decode, stream
from skyworthy.sandbox.launch.launcher import StandIn, launch
from skyworthy.sandbox.server import Sandbox, running

CLUSTER = "exec"
WAIT = StandIn(("{python}", "-c", "import signal; signal.pause()"), Path(__file__).parent)
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
ENVIRONMENT = [{"name": "COLOUR", "value": "deep blue"}]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running() as started:
        yield started


@pytest.fixture(scope="module")
def client(sandbox: Sandbox) -> Callable[[str], Any]:
    return functools.cache(sandbox.client)


def make(client: Callable[[str], Any], cluster: str, *, role: bool = True, **service: Any) -> None:
    """A cluster with a service `web` of the containers `web` and `side`."""
    ecs, ec2 = client("ecs"), client("ec2")
    ecs.create_cluster(clusterName=cluster)
    created = client("iam").create_role(RoleName=cluster, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    containers = [
        {"name": "web", "image": "web:1", "essential": True, "environment": ENVIRONMENT},
        {"name": "side", "image": "side:1", "essential": False},
    ]
    definition = ecs.register_task_definition(
        family=cluster,
        containerDefinitions=containers,
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        **({"taskRoleArn": created} if role else {}),
    )["taskDefinition"]["taskDefinitionArn"]
    network = {"subnets": [ec2.describe_subnets()["Subnets"][0]["SubnetId"]], "securityGroups": []}
    ecs.create_service(
        cluster=cluster,
        serviceName="web",
        taskDefinition=definition,
        desiredCount=1,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": network},
        **{"enableExecuteCommand": True, **service},
    )


def task_of(client: Callable[[str], Any], cluster: str) -> str:
    (arn,) = client("ecs").list_tasks(cluster=cluster, serviceName="web")["taskArns"]
    return str(arn)


@pytest.fixture(scope="module")
def task(client: Callable[[str], Any]) -> Iterator[str]:
    """ARN of a launched task."""
    make(client, CLUSTER)
    with launch(client, CLUSTER, {"web": WAIT, "side": WAIT}, lambda *_: True):
        yield task_of(client, CLUSTER)


@pytest.mark.parametrize(
    ("command", "result"),
    [
        ("echo out; echo err >&2; exit 3", execute.Result(3, "out\n", "err\n")),
        ("printf 'no end'", execute.Result(0, "no end", "")),
        ("true", execute.Result(0, "", "")),
        ("no-such-program-at-all", None),
        ('echo "$COLOUR"; pwd', execute.Result(0, f"deep blue\n{Path(__file__).parent}\n", "")),
        ("printf 'tab\\tünïcode'; exit 137", execute.Result(137, "tab\tünïcode", "")),
        ("seq 1 20000", execute.Result(0, "".join(f"{n}\n" for n in range(1, 20001)), "")),
        ("echo \"it's 'quoted' \\$HOME\"", execute.Result(0, "it's 'quoted' $HOME\n", "")),
    ],
)
def test_command_runs_in_the_container(
    sandbox: Sandbox, task: str, command: str, result: execute.Result | None
) -> None:
    found = execute.run(sandbox, CLUSTER, task, "web", command)
    if result is None:
        assert (found.exit_code, found.stdout) == (127, "")
        assert "not found" in found.stderr
    else:
        assert found == result


def test_environment_is_that_of_the_process(sandbox: Sandbox, client: Callable[[str], Any], task: str) -> None:
    told = execute.run(sandbox, CLUSTER, task.rpartition("/")[2], "web", "env").stdout.splitlines()
    names = {line.partition("=")[0] for line in told}
    assert "COLOUR=deep blue" in told
    shell = {"PWD", "OLDPWD", "SHLVL", "_", "TERM"}
    assert names - shell == {
        *("COLOUR", "PATH", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "AWS_ENDPOINT_URL"),
        *("AWS_EC2_METADATA_DISABLED", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    }
    assert "COLOUR" not in execute.run(sandbox, CLUSTER, task, "side", "env").stdout


def test_answer_has_the_shape_of_awss(client: Callable[[str], Any], task: str) -> None:
    ecs = client("ecs")
    answer = ecs.execute_command(cluster=CLUSTER, task=task, container="web", command="echo hi", interactive=True)
    described = ecs.describe_tasks(cluster=CLUSTER, tasks=[task])["tasks"][0]
    assert (answer["taskArn"], answer["containerName"], answer["interactive"]) == (task, "web", True)
    assert answer["containerArn"] == described["containers"][0]["containerArn"]
    assert described["containers"][0]["managedAgents"] == [{"name": "ExecuteCommandAgent", "lastStatus": "RUNNING"}]
    session = answer["session"]
    assert session["sessionId"].startswith("ecs-execute-command-")
    assert session["streamUrl"].startswith("ws://127.0.0.1:")
    assert read_session(session["streamUrl"], session["tokenValue"]) == b"hi\r\n"
    with pytest.raises(SessionError, match=r"does not open: HTTP/1\.1 404"):
        read_session(session["streamUrl"], session["tokenValue"])


def test_words_reach_the_program_without_a_shell(client: Callable[[str], Any], task: str) -> None:
    answer = client("ecs").execute_command(
        cluster=CLUSTER, task=task, container="web", command="printf '<%s>' 'a b' $COLOUR", interactive=True
    )
    session = answer["session"]
    assert read_session(session["streamUrl"], session["tokenValue"]) == b"<a b><$COLOUR>"


def test_program_that_is_not_there_is_told(client: Callable[[str], Any], task: str) -> None:
    answer = client("ecs").execute_command(
        cluster=CLUSTER, task=task, container="web", command="no-such-program", interactive=True
    )
    session = answer["session"]
    written = read_session(session["streamUrl"], session["tokenValue"])
    assert written == b"Unable to start command: no-such-program: No such file or directory\r\n"


def test_wrong_token_opens_nothing(client: Callable[[str], Any], task: str, tmp_path: Path) -> None:
    answer = client("ecs").execute_command(
        cluster=CLUSTER, task=task, container="web", command=f"touch {tmp_path}/done", interactive=True
    )
    with pytest.raises(SessionError, match="broke off before the command was over"):
        read_session(answer["session"]["streamUrl"], "not-the-one")
    assert list(tmp_path.iterdir()) == []


def test_client_that_goes_takes_its_command_along(
    sandbox: Sandbox, client: Callable[[str], Any], task: str, tmp_path: Path
) -> None:
    command = f"sh -c 'echo $$ > {tmp_path}/pid; exec tail -f /dev/null'"
    answer = client("ecs").execute_command(
        cluster=CLUSTER, task=task, container="web", command=command, interactive=True
    )
    with pytest.raises(SessionError):
        read_session(answer["session"]["streamUrl"], answer["session"]["tokenValue"], timeout=1.0)
    pid = int((tmp_path / "pid").read_text())
    give_up = time.monotonic() + 60
    while _alive(pid):
        assert time.monotonic() < give_up
        time.sleep(0.05)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def refusal(sandbox: Sandbox, cluster: str, task: str, container: str = "web") -> tuple[str, str]:
    """Code and message with which a command is refused."""
    with pytest.raises(ClientError) as refused:
        execute.run(sandbox, cluster, task, container, "true")
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def test_refusals(sandbox: Sandbox, client: Callable[[str], Any], task: str) -> None:
    assert refusal(sandbox, "nowhere", task)[0] == "ClusterNotFoundException"
    assert refusal(sandbox, CLUSTER, "0" * 32) == ("InvalidParameterException", "The task provided was not found.")
    assert refusal(sandbox, CLUSTER, task, "other") == (
        "InvalidParameterException",
        "The container other was not found in the task.",
    )
    with pytest.raises(ClientError, match="A container name is required"):
        client("ecs").execute_command(cluster=CLUSTER, task=task, command="true", interactive=True)
    with pytest.raises(ClientError, match="Interactive is the only mode"):
        client("ecs").execute_command(cluster=CLUSTER, task=task, container="web", command="true", interactive=False)


def test_service_that_does_not_enable_it_refuses(sandbox: Sandbox, client: Callable[[str], Any]) -> None:
    make(client, "disabled", enableExecuteCommand=False)
    with launch(client, "disabled", {"web": WAIT, "side": WAIT}, lambda *_: True):
        code, message = refusal(sandbox, "disabled", task_of(client, "disabled"))
    assert code == "InvalidParameterException"
    assert message.startswith(
        "The execute command failed because execute command was not enabled when the task was run"
    )


def test_task_without_process_refuses(sandbox: Sandbox, client: Callable[[str], Any]) -> None:
    make(client, "nothing")
    code, message = refusal(sandbox, "nothing", task_of(client, "nothing"))
    assert code == "TargetNotConnectedException"
    assert "start it with `skyworthy sandbox launch`" in message


def test_task_that_has_stopped_refuses(sandbox: Sandbox, client: Callable[[str], Any]) -> None:
    make(client, "stopped")
    with launch(client, "stopped", {"web": WAIT, "side": WAIT}, lambda *_: True) as launched:
        arn = task_of(client, "stopped")
        os.kill(launched.containers[0].pid, signal.SIGKILL)
        give_up = time.monotonic() + 60
        while client("ecs").describe_tasks(cluster="stopped", tasks=[arn])["tasks"][0]["lastStatus"] == "RUNNING":
            assert time.monotonic() < give_up
        assert refusal(sandbox, "stopped", arn) == ("InvalidParameterException", "The specified task is not running.")


def test_role_that_may_not_open_channels_keeps_the_agent_from_connecting(
    sandbox: Sandbox, client: Callable[[str], Any]
) -> None:
    make(client, "denied")

    def may_read(role: str, action: str, resource: str) -> bool | Unknown:
        return Unknown("a condition") if action == "ssmmessages:OpenDataChannel" else False

    with launch(client, "denied", {"web": WAIT, "side": WAIT}, may_read):
        arn = task_of(client, "denied")
        code, message = refusal(sandbox, "denied", arn)
        told = client("ecs").describe_tasks(cluster="denied", tasks=[arn])["tasks"][0]["containers"][0]
    assert code == "TargetNotConnectedException"
    assert "undecided whether arn:aws:iam::123456789012:role/denied may ssmmessages:OpenDataChannel" in message
    assert told["managedAgents"][0]["lastStatus"] == "STOPPED"


@pytest.mark.parametrize(("role", "words"), [(True, "may not ssmmessages:"), (False, "has no task role")])
def test_agent_needs_a_task_role_with_its_permissions(
    sandbox: Sandbox, client: Callable[[str], Any], role: bool, words: str
) -> None:
    cluster = f"role-{role}"
    make(client, cluster, role=role)
    with launch(client, cluster, {"web": WAIT, "side": WAIT}, lambda *_: False):
        code, message = refusal(sandbox, cluster, task_of(client, cluster))
    assert (code, words in message) == ("TargetNotConnectedException", True)


def target_of(client: Callable[[str], Any], cluster: str) -> str:
    """The first container of the task as Session Manager names it."""
    arn = task_of(client, cluster)
    container = client("ecs").describe_tasks(cluster=cluster, tasks=[arn])["tasks"][0]["containers"][0]
    return f"ecs:{cluster}_{arn.rpartition('/')[2]}_{container['runtimeId']}"


def test_session_manager_opens_the_same_sessions(client: Callable[[str], Any], task: str) -> None:
    session = client("ssm").start_session(
        Target=target_of(client, CLUSTER),
        DocumentName="AWS-StartInteractiveCommand",
        Parameters={"command": ["printenv COLOUR"]},
    )
    assert read_session(session["StreamUrl"], session["TokenValue"]) == b"deep blue\r\n"
    assert client("ssm").terminate_session(SessionId=session["SessionId"])["SessionId"] == session["SessionId"]


@pytest.mark.parametrize("target", ["i-0123456789abcdef0", f"ecs:{CLUSTER}_0_0-0", "ecs:nowhere_0_0-0"])
def test_session_manager_refuses_what_is_not_there(client: Callable[[str], Any], task: str, target: str) -> None:
    with pytest.raises(ClientError, match="TargetNotConnected"):
        client("ssm").start_session(Target=target)


def test_session_manager_refuses_where_exec_may_not(client: Callable[[str], Any]) -> None:
    make(client, "closed", enableExecuteCommand=False)
    with (
        launch(client, "closed", {"web": WAIT, "side": WAIT}, lambda *_: True),
        pytest.raises(ClientError, match="ECS Exec is not enabled"),
    ):
        client("ssm").start_session(Target=target_of(client, "closed"))
    with pytest.raises(ClientError, match="nothing was launched for it"):
        client("ssm").start_session(Target=target_of(client, "closed"))


def test_messages_survive_the_wire() -> None:
    for message in (
        stream("output_stream_data", Payload.OUTPUT, b"\x00bytes", 7),
        stream("input_stream_data", Payload.HANDSHAKE_RESPONSE, {"Errors": []}, 0),
        closed("session", "over"),
        acknowledgement(Message("output_stream_data", b"x", sequence=3)),
    ):
        assert decode(message.encode()) == message
    assert (
        acknowledgement(Message("output_stream_data", b"x", sequence=3)).data["AcknowledgedMessageSequenceNumber"] == 3
    )


def test_layout_of_a_message() -> None:
    """Offsets and order of the halves of the id, as in AWS's own client."""
    message = stream("output_stream_data", Payload.OUTPUT, b"hello", 5)
    data = message.encode()
    assert data[:4] == (116).to_bytes(4, "big")
    assert data[4:36] == b"output_stream_data" + b" " * 14
    assert data[48:56] == (5).to_bytes(8, "big")
    assert data[64:80] == message.id.bytes[8:] + message.id.bytes[:8]
    assert data[112:] == (1).to_bytes(4, "big") + (5).to_bytes(4, "big") + b"hello"


@pytest.mark.parametrize(
    "broken", [b"", b"short", stream("output_stream_data", Payload.OUTPUT, b"abc", 0).encode()[:-1]]
)
def test_bytes_that_are_no_message(broken: bytes) -> None:
    with pytest.raises(MessageError):
        decode(broken)


def test_changed_payload_is_noticed() -> None:
    data = stream("output_stream_data", Payload.OUTPUT, b"abc", 0).encode()
    with pytest.raises(MessageError, match="not whole"):
        decode(data[:-1] + b"x")


@pytest.mark.parametrize("written", [b"", b"sh: not found\r\n", b"exit 0\r\nout ***\r\n"])
def test_container_without_the_tools_is_told(written: bytes) -> None:
    with pytest.raises(SessionError, match=r"could not be run|cannot be read"):
        execute.parsed(written)
