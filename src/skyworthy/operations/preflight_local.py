"""Checks before a deployment that need no account: tools, Terraform, variables."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence

from skyworthy.config import Environment, Settings
from skyworthy.controls.registry import find_control
from skyworthy.declared.sources import Loader, root_source
from skyworthy.declared.variables import assigned, inputs_of
from skyworthy.estate import Estate
from skyworthy.estate.configuration import Configuration
from skyworthy.operations.checks import Check, failed, passed, unknown
from skyworthy.verdicts import Outcome, judge

_SECONDS = 20
_REQUIRED_VARIABLES = "ecs.required-variables-given"
_LEAST = re.compile(r">=\s*(\d+(?:\.\d+)*)")


def tools(settings: Settings, configuration: Configuration) -> Iterator[Check]:
    """git, Terraform in the version that is demanded, and docker with an engine where images are built."""
    yield _tool("git", ["git", "--version"], "install git")
    terraform = _tool(
        "terraform", ["terraform", "version"], "install Terraform: https://developer.hashicorp.com/terraform"
    )
    least = _LEAST.search(configuration.required_version or "")
    found = re.search(r"v(\d+(?:\.\d+)*)", terraform.detail)
    if least and found and _numbers(found[1]) < _numbers(least[1]):
        detail = f"{terraform.detail}, but {configuration.required_version} is demanded"
        terraform = failed("local tools", "terraform", detail, f"install Terraform {least[1]} or later")
    yield terraform
    if settings.deploy.images:
        instead = "install docker and start its engine, or deploy with --no-build --tag TAG what is in ECR"
        yield _tool("docker", ["docker", "version", "--format", "{{.Server.Version}}"], instead)


def _tool(name: str, command: Sequence[str], next_step: str) -> Check:
    found = shutil.which(command[0])
    if found is None:
        return failed("local tools", name, "is not on the PATH", next_step)
    try:
        done = subprocess.run(
            [found, *command[1:]],
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return unknown("local tools", name, f"does not answer: {error}", next_step)
    said = (done.stdout.strip() or done.stderr.strip()).splitlines()
    if done.returncode:
        return failed("local tools", name, f"exit code {done.returncode}: {said[-1] if said else ''}", next_step)
    return passed("local tools", name, said[0] if said else "answers")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def configuration(environment: Environment, found: Configuration, read: Callable[[], Estate]) -> Iterator[Check]:
    """The root can be read, and every variable without a default has a value."""
    estate = read()
    count = sum(not item.data for item in estate)
    if count:
        yield passed("Terraform configuration", "root", f"{environment.root}: {count} resources")
    else:
        yield failed("Terraform configuration", "root", f"{environment.root} declares nothing", "name the right root")
    loader = Loader()
    given = assigned(loader, root_source(loader, environment.root), inputs_of(environment))
    missing = [item for item in found.variables if item.required and item.name not in given]
    for item in missing:
        yield failed(
            "Terraform configuration",
            f"variable {item.name}",
            f"{item.location}: has neither a default nor a value",
            f"set it in terraform.tfvars, or TF_VAR_{item.name}",
        )
    if not missing:
        required = sum(item.required for item in found.variables)
        yield passed("Terraform configuration", "variables", f"{required} without a default have values")


def variables(environment: Environment, estate: Estate) -> Iterator[Check]:
    """Each container is given what the application's template demands of it."""
    template = environment.env_template
    if template is None:
        step = "name the application's template: [application] env_template in skyworthy.toml"
        yield unknown("environment variables", "template", "it is not known what the application needs", step)
        return
    rule = find_control(_REQUIRED_VARIABLES)
    assert rule is not None
    seen = False
    for task in estate.of("aws_ecs_task_definition"):
        verdict = judge(rule, task, estate, environment.policy, root=environment.name, env_template=template)
        if verdict.outcome is Outcome.NOT_APPLICABLE:
            continue
        seen = True
        if verdict.outcome is Outcome.PASS:
            yield passed("environment variables", task.address, f"is given all that {template.path.name} demands")
        else:
            make = failed if verdict.outcome is Outcome.FAIL else unknown
            step = f"skyworthy explain {rule.id}"
            yield make("environment variables", task.address, verdict.message, step)
    if not seen:
        step = "name the containers in the template as in the task definitions"
        yield unknown(
            "environment variables", "containers", f"{template.path.name} names no container of the stack", step
        )
