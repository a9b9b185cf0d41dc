"""Environment policies: what differs between staging and production, as data."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Policy:
    """What is demanded of an environment; controls ask these instead of its name.

    Args:
        multi_az: database and cache stand in several availability zones.
        nat_per_zone: each zone has a NAT gateway of its own.
        min_zones: zones over which subnets must spread.
        deletion_protection: load balancer and database refuse to be deleted.
        final_snapshot: a deleted database leaves a snapshot.
        backup_retention_days: automated backups are kept at least this long, in days.
        https_required: no listener serves the application over plain HTTP.
        min_tasks: tasks that a service runs at least.
        max_tasks: tasks that a service may be scaled to; 0 does not say.
        scaling_metrics: what every service must be scaled on: ``cpu``, ``memory``, ``requests``.
        full_dashboard: a dashboard shows also what one looks at before an incident: tasks wanted and running, every
            percentile and class of answers, hits and connections of the cache.
        hit_rate: an alarm tells of a cache that answers few look-ups; sessions and queues in Redis have no such rate.
        log_retention_days: log groups keep events at least this long, in days; never expiring is a finding too.
        enhanced_monitoring: the database publishes operating-system metrics.
        remote_state: the state is kept in a backend that people share.
        errors_per_hour: errors that an application may log in an hour, as its metric filter counts them.
        secrets_set_outside: values of secrets are set by people and rotated; Terraform gives them once at most.
        secret_recovery_days: a deleted secret can be restored for at least this long, in days; 0 does not demand it.
    """

    multi_az: bool = False
    nat_per_zone: bool = False
    min_zones: int = 2
    deletion_protection: bool = False
    final_snapshot: bool = False
    backup_retention_days: int = 1
    https_required: bool = False
    min_tasks: int = 1
    max_tasks: int = 0
    scaling_metrics: tuple[str, ...] = ()
    full_dashboard: bool = False
    hit_rate: bool = False
    log_retention_days: int = 1
    enhanced_monitoring: bool = False
    remote_state: bool = False
    errors_per_hour: int = 10
    secrets_set_outside: bool = False
    secret_recovery_days: int = 0


BUILT_IN_POLICIES = {
    "baseline": Policy(),
    "staging": Policy(backup_retention_days=3, log_retention_days=7, remote_state=True),
    "production": Policy(
        multi_az=True,
        nat_per_zone=True,
        deletion_protection=True,
        final_snapshot=True,
        backup_retention_days=7,
        https_required=True,
        min_tasks=2,
        log_retention_days=30,
        enhanced_monitoring=True,
        remote_state=True,
        secret_recovery_days=7,
    ),
}

_NAMES = {
    "production": re.compile(r"(^|[^a-z])(prod|production|prd|live)([^a-z]|$)"),
    "staging": re.compile(r"(^|[^a-z])(staging|stage|stg|preprod|uat)([^a-z]|$)"),
}


def policy_for(name: str) -> str:
    """The built-in policy that an environment's name calls for: production, staging, else baseline."""
    return next((policy for policy, pattern in _NAMES.items() if pattern.search(name.lower())), "baseline")
