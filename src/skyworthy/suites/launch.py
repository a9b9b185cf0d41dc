"""The declared services, running on this machine, for the sandbox."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from skyworthy.behavior.permissions import may_read
from skyworthy.config import Settings
from skyworthy.errors import BadInput
from skyworthy.estate import Estate, Undecidable, Unknown
from skyworthy.sandbox.launch.launched import Launched
from skyworthy.sandbox.launch.launcher import StandIn, launch_stack
from skyworthy.suites.stage import Stage


@contextmanager
def launched(stage: Stage) -> Iterator[Launched]:
    """Start the services of the sandbox's cluster as the ECS agent would, for the duration of the block.

    Raises:
        BadInput: the account is no sandbox, holds no cluster or several, or a server cannot be started.
    """
    sandbox = stage.account.sandbox
    if sandbox is None:
        raise BadInput("services are launched in a sandbox only, not in an AWS account")
    estate = stage.observe().estate  # the stage's own observation is of what runs
    regions = stage.regions
    clusters = [item["name"] for item in estate.of("aws_ecs_cluster") if regions.of(item) == regions.home]
    if len(clusters) != 1:
        raise BadInput(f"launching needs one ECS cluster in {estate.name}, found {len(clusters)}")
    stage.options.progress("launching services, PostgreSQL and Redis")
    with launch_stack(sandbox.client, clusters[0], stand_ins(stage.settings), permitted(estate)) as services:
        services.flush()
        yield services


def stand_ins(settings: Settings) -> dict[str, StandIn]:
    """The stand-ins of ``[launch]``, with their directories made absolute."""
    return {
        name: StandIn(
            item.command, (settings.directory / item.directory).resolve(), item.environment, item.port_variable
        )
        for name, item in settings.launch.stand_ins.items()
    }


def permitted(estate: Estate) -> Callable[[str, str, str], bool | Unknown]:
    """May a role do an action on a resource: yes, no, or why that cannot be told."""
    allowed = may_read(estate)

    def ask(role: str, action: str, resource: str) -> bool | Unknown:
        try:
            return allowed(role, action, resource)
        except Undecidable as undecidable:
            return Unknown(undecidable.reason, denied=undecidable.denied)

    return ask
