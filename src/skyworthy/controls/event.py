"""Rules of EventBridge."""

import difflib
from collections.abc import Collection, Iterator, Mapping

from skyworthy.behavior.references import absent, naming
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Reference, Resource, Undecidable, Unknown, Value, is_known, show

_EVERYWHERE = ("AWS API Call via CloudTrail", "AWS Service Event via CloudTrail", "AWS Console Action via CloudTrail")
DETAIL_TYPES: Mapping[str, tuple[str, ...]] = {
    "aws.autoscaling": (
        "EC2 Instance-launch Lifecycle Action",
        "EC2 Instance Launch Successful",
        "EC2 Instance Launch Unsuccessful",
        "EC2 Instance-terminate Lifecycle Action",
        "EC2 Instance Terminate Successful",
        "EC2 Instance Terminate Unsuccessful",
    ),
    "aws.backup": (
        "Backup Job State Change",
        "Backup Plan State Change",
        "Backup Vault State Change",
        "Copy Job State Change",
        "Recovery Point State Change",
        "Region Setting State Change",
        "Report Job State Change",
        "Restore Job State Change",
    ),
    "aws.ecr": (
        "ECR Image Action",
        "ECR Image Scan",
        "ECR Pull Through Cache Action",
        "ECR Replication Action",
        "ECR Scan Resource Change",
    ),
    "aws.ecs": (
        "ECS Container Instance State Change",
        "ECS Deployment State Change",
        "ECS Service Action",
        "ECS Task State Change",
    ),
    "aws.guardduty": (
        "GuardDuty Finding",
        "GuardDuty Runtime Protection Healthy",
        "GuardDuty Runtime Protection Unhealthy",
    ),
    "aws.health": ("AWS Health Abuse Event", "AWS Health Event"),
    "aws.rds": (
        "RDS Blue Green Deployment Event",
        "RDS Custom Version Event",
        "RDS DB Cluster Event",
        "RDS DB Cluster Snapshot Event",
        "RDS DB Instance Event",
        "RDS DB Parameter Group Event",
        "RDS DB Proxy Event",
        "RDS DB Security Group Event",
        "RDS DB Snapshot Event",
    ),
    "aws.secretsmanager": (),
    "aws.securityhub": (
        "Security Hub Findings - Custom Action",
        "Security Hub Findings - Imported",
        "Security Hub Insight Results",
    ),
}
"""What services call their events. Source: https://docs.aws.amazon.com/eventbridge/latest/ref/welcome.html"""


_WITH_NAMES = {"ECS Deployment State Change", "ECS Service Action"}
"""Events of ECS that bear a name of their own."""
_ECS_EVENTS = (
    *("SERVICE_DEPLOYMENT_IN_PROGRESS", "SERVICE_DEPLOYMENT_COMPLETED", "SERVICE_DEPLOYMENT_FAILED"),
    *("SERVICE_STEADY_STATE", "TASKSET_STEADY_STATE", "CAPACITY_PROVIDER_STEADY_STATE"),
    *("SERVICE_DESIRED_COUNT_UPDATED", "SERVICE_TASK_START_IMPAIRED", "SERVICE_DISCOVERY_INSTANCE_UNHEALTHY"),
    *("SERVICE_DAEMON_PLACEMENT_CONSTRAINT_VIOLATED", "SERVICE_TASK_PLACEMENT_FAILURE"),
    *("SERVICE_TASK_CONFIGURATION_FAILURE", "SERVICE_HEALTH_UNKNOWN"),
    *("ECS_OPERATION_THROTTLED", "SERVICE_DISCOVERY_OPERATION_THROTTLED"),
)
"""What ECS calls its events in ``detail.eventName``.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_events.html
"""


@control(
    "event.pattern-known", on="aws_cloudwatch_event_rule", severity="high", refs=["REQ REF-9"], lenses=("declared",)
)
def pattern_names_events_that_exist(rule: Resource) -> None:
    """A rule waits for events that AWS sends.

    Why: EventBridge accepts every pattern; with a word misspelled the rule never matches, and nobody is told.
    Fix: write `detail-type`, and `detail.eventName` of ECS, as the service's page in the EventBridge reference has it.
    """
    pattern = rule.peek("event_pattern")
    if not pattern:
        not_applicable("it runs by a schedule")
    if isinstance(pattern, Unknown):
        raise pattern.undecidable()
    if not isinstance(pattern, Mapping):
        raise Undecidable("its pattern is not read")
    names = set(_EVERYWHERE)
    sources = list(_texts(pattern.get("source")))
    if not sources or not DETAIL_TYPES.keys() >= set(sources):
        not_applicable("what its source sends is not written down here")
    for source in sources:
        names.update(DETAIL_TYPES[source])
    _assert_sent(sources[0], pattern.get("detail-type"), names)
    detail = pattern.get("detail")
    if (
        sources == ["aws.ecs"]
        and isinstance(detail, Mapping)
        and set(_texts(pattern.get("detail-type"))) <= _WITH_NAMES
    ):
        _assert_sent(sources[0], detail.get("eventName"), _ECS_EVENTS)


def _assert_sent(source: str, asked: Value, names: Collection[str]) -> None:
    """Assert that a source sends what a pattern asks for.

    Raises:
        Undecidable: where what is asked for is like nothing that it is known to send.
    """
    strange = [item for item in _texts(asked) if item not in names]
    for item in strange:
        near = difflib.get_close_matches(item, sorted(names), n=1, cutoff=0.8)
        assert not near, f"{source} sends no {item!r}; it sends {near[0]!r}"
    if strange:
        raise Undecidable(f"whether {source} sends {strange[0]!r} is not known")


@control(
    "event.rule-heard", on="aws_cloudwatch_event_rule", severity="medium", refs=["REQ REF-9"], lenses=("declared",)
)
def somebody_hears_of_the_events(rule: Resource, estate: Estate) -> None:
    """A rule hands its events to something.

    Why: a rule without a target matches and does nothing; the failed deployment that it waits for is told to nobody.
    Fix: an `aws_cloudwatch_event_target` with the rule's name.
    """
    if rule.peek("state") == "DISABLED" or rule.peek("is_enabled") is False:
        not_applicable("it is switched off")
    if not naming(estate, rule, "rule", "aws_cloudwatch_event_target"):
        raise absent(estate, "it has no target")


_SUBSCRIPTION = "aws_db_event_subscription"
_SOURCES = {"db-instance": "aws_db_instance", "db-cluster": "aws_rds_cluster"}
_CATEGORIES = (
    "availability",
    "backtrack",
    "backup",
    "configuration change",
    "creation",
    "deletion",
    "failover",
    "failure",
    "global-failover",
    "low storage",
    "maintenance",
    "migration",
    "notification",
    "read replica",
    "recovery",
    "restoration",
    "security",
    "security patching",
)
"""Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Events.Messages.html"""


@control("event.subscription-valid", on=_SUBSCRIPTION, severity="medium", refs=["REQ REF-9"], lenses=("declared",))
def subscription_names_what_rds_sends(subscription: Resource, estate: Estate) -> None:
    """A subscription to events of RDS names databases by their identifiers, and categories that there are.

    Why: RDS refuses any other source or category in the middle of an apply, and nobody is told of a failover.
    Fix: `identifier` of the instance or `cluster_identifier` of the cluster in `source_ids`.
    """
    findings = Findings()
    kind = _SOURCES.get(show(subscription.attributes.get("source_type")), "")
    with findings.question():
        for value in subscription.attributes.get("source_ids") or () if kind else ():
            found = estate.find(value, kind)
            by_other = isinstance(value, Reference) and value.attribute in ("arn", "id", "resource_id")
            of_cluster = isinstance(value, Reference) and value.attribute == "id" and kind == "aws_rds_cluster"
            wrong = found is not None and by_other and not of_cluster
            assert not wrong, f"source_ids has {show(value)}: RDS takes the identifier"
    with findings.question():
        for category in _texts(subscription.attributes.get("event_categories")):
            near = difflib.get_close_matches(category, _CATEGORIES, n=1, cutoff=0.8)
            assert category in _CATEGORIES or not near, f"RDS has no events of {category!r}; it has {near[0]!r}"
            if category not in _CATEGORIES:
                raise Undecidable(f"whether RDS has events of {category!r} is not known")
    findings.conclude()


def _texts(values: Value) -> Iterator[str]:
    """The values that a pattern matches exactly.

    Raises:
        Undecidable: where one is not known.
    """
    if isinstance(values, Unknown):
        raise values.undecidable()
    for value in values or ():
        if isinstance(value, Unknown) or (isinstance(value, str) and not is_known(value)):
            raise Undecidable("a value of its pattern is not known")
        if isinstance(value, str):
            yield value
