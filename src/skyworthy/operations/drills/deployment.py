"""The deployment drill: every service is deployed anew as it is, and must settle.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html (forceNewDeployment)
"""

from collections.abc import Sequence

from skyworthy.operations.cluster import Service, declared_services, read_services, told
from skyworthy.operations.drills.drill import Finding, Setting
from skyworthy.operations.rollout import Rollout, Watch, begun
from skyworthy.probes.acting import ActingSession


class DeploymentDrill:
    """See the module."""

    allowed = frozenset({"ecs:UpdateService"})

    def plan(self, setting: Setting) -> Sequence[str]:
        """See :class:`Drill`."""
        return [
            f"{told(service)}: all its tasks are replaced by new ones of the same revision"
            for service in _services(setting)
        ]

    def run(self, setting: Setting) -> list[Finding]:
        """See :class:`Drill`."""
        services = _services(setting)
        ecs = ActingSession(setting.session, self.allowed).client("ecs")
        rollouts = [Rollout(item.name, item.cluster, before=item.revision, after=item.revision) for item in services]
        watch = Watch(setting.session, rollouts, setting.progress)
        for rollout in rollouts:
            answer = ecs.update_service(cluster=rollout.cluster, service=rollout.service, forceNewDeployment=True)
            watch.put(begun(rollout, answer["service"]))
        watch.wait(setting.timeout, setting.interval)
        return [_judged(rollout, setting.timeout) for rollout in watch.rollouts]


def _services(setting: Setting) -> list[Service]:
    """The services that want tasks.

    Raises:
        BadInput: there are none.
    """
    return read_services(setting.session, declared_services(setting.estate))


def _judged(rollout: Rollout, timeout: float) -> Finding:
    if rollout.state == "stable":
        return Finding(rollout.service, "pass", f"it settled: {rollout.detail}")
    if rollout.state == "failed":
        return Finding(rollout.service, "fail", rollout.detail)
    return Finding(rollout.service, "fail", f"it has not settled in {timeout:g} s: {rollout.detail}")
