"""Systems Manager: sessions in the containers of launched tasks, which are what ECS Exec opens."""

import re
from typing import Any

from skyworthy.sandbox.account import launches
from skyworthy.sandbox.account.calls import AwsError, Call
from skyworthy.sandbox.gaps import answers, store

_SHELL = "sh"
_TARGET = re.compile(r"ecs:(?P<cluster>[\w-]+)_(?P<task>[0-9a-f-]+)_(?P<runtime>[0-9a-f]+-\d+)")


@answers("ssm", "StartSession")
def start_session(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_StartSession.html.

    A target is written `ecs:<cluster>_<task id>_<runtime id of the container>`. Without a document it is a shell.
    """
    target = call.params["Target"]
    named = _TARGET.fullmatch(target)
    tasks = store(call, "ecs").tasks.get(named["cluster"], {}).values() if named else ()
    for task in tasks:
        for container in task.containers:
            if named and task.id == named["task"] and container["runtimeId"] == named["runtime"]:
                return _opened(call, task, container)
    raise AwsError("TargetNotConnected", f"{target} is not connected.")


@answers("ssm", "TerminateSession")
def terminate_session(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_TerminateSession.html.

    A session is over when its channel is closed.
    """
    return {"SessionId": call.params["SessionId"]}


def _opened(call: Call, task: Any, container: Any) -> dict[str, Any]:
    told = launches.tasks().get(task.task_arn, {"execute": "nothing was launched for it"})
    if told["execute"] != "":
        reason = told["execute"] or "ECS Exec is not enabled"
        raise AwsError("TargetNotConnected", f"{call.params['Target']} is not connected. ({reason})")
    words = call.params.get("Parameters", {}).get("command", [_SHELL])
    try:
        session = launches.open_session(task.task_arn, container["name"], " ".join(words))
    except launches.NoLauncherError as error:
        raise AwsError("TargetNotConnected", f"{call.params['Target']} is not connected. ({error})") from error
    return {"SessionId": session["sessionId"], "StreamUrl": session["streamUrl"], "TokenValue": session["tokenValue"]}
