"""CodeBuild: projects whose source or artifacts have no location of their own."""

from typing import Any

from botocore.exceptions import ClientError

from skyworthy.sandbox.account.calls import AwsError, Call
from skyworthy.sandbox.gaps import Clients, answers, precedes, store

_PLACELESS = ("CODEPIPELINE", "NO_SOURCE", "NO_ARTIFACTS")
_WANTED = {
    "name": "probe",
    "serviceRole": "arn:aws:iam::123456789012:role/probe",
    "environment": {"type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_SMALL", "image": "probe"},
}


def _demands_locations(clients: Clients) -> bool:
    pipeline = {"source": {"type": "CODEPIPELINE"}, "artifacts": {"type": "CODEPIPELINE"}}
    try:
        clients("codebuild").create_project(**_WANTED, **pipeline)
    except ClientError:
        return True
    return False


def _projects(call: Call) -> dict[str, Any]:
    projects: dict[str, Any] = store(call, "codebuild").codebuild_projects
    return projects


@precedes("codebuild", "CreateProject", lacking=_demands_locations)
def create_project(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/codebuild/latest/APIReference/API_CreateProject.html.

    A source or artifacts of a pipeline have no location; builds take 60 minutes at most, and wait 480, by default.
    """
    params = call.params
    name = params["name"]
    if name in _projects(call):
        arn = f"arn:aws:codebuild:{call.region}:{call.account}:project/{name}"
        raise AwsError("ResourceAlreadyExistsException", f"Project already exists: {arn}")
    for part in ("source", "artifacts"):
        if params[part]["type"] not in _PLACELESS and not params[part].get("location"):
            raise AwsError("InvalidInputException", f"Project {part} location is required")
    backend = store(call, "codebuild")
    backend.create_project(
        project_name=name,
        description=params.get("description"),
        project_source=params["source"],
        artifacts=params["artifacts"],
        environment=params["environment"],
        service_role=params["serviceRole"],
        tags=params.get("tags", []),
        cache=params.get("cache"),
        timeout=params.get("timeoutInMinutes", 60),
        queued_timeout=params.get("queuedTimeoutInMinutes", 480),
        source_version=params.get("sourceVersion"),
        logs_config=params.get("logsConfig"),
        vpc_config=params.get("vpcConfig"),
    )
    _complete(_projects(call)[name].project_metadata, params)
    return {"project": _projects(call)[name].project_metadata}


@answers("codebuild", "UpdateProject")
def update_project(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/codebuild/latest/APIReference/API_UpdateProject.html."""
    name = call.params["name"]
    if name not in _projects(call):
        raise AwsError("ResourceNotFoundException", f"Project cannot be found: {name}")
    metadata: dict[str, Any] = _projects(call)[name].project_metadata
    metadata.update(call.params)
    return {"project": metadata}


def _complete(metadata: dict[str, Any], params: dict[str, Any]) -> None:
    """What moto drops of a request."""
    for name, value in params.items():
        metadata.setdefault(name, value)
    if params.get("badgeEnabled"):
        metadata["badge"] = {"badgeEnabled": True, "badgeRequestUrl": "https://codebuild.amazonaws.com/badges"}
    metadata.pop("badgeEnabled", None)
