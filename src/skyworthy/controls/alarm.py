"""Alarms: that CloudWatch takes them, what they watch, whom they tell."""

import difflib

from skyworthy.behavior.alarms import (
    COMPOSITE_ALARM,
    METRIC_ALARM,
    MalformedRule,
    State,
    actions_of,
    children_of,
    listeners_of,
    metrics_of,
    speakers_of,
)
from skyworthy.behavior.metrics import unpublished
from skyworthy.behavior.references import absent
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource, Undecidable, Value, show


@control(
    "alarm.dimensions-resolve",
    on=METRIC_ALARM,
    severity="high",
    refs=["REQ ALM-11"],
)
def dimensions_name_a_publisher(alarm: Resource, estate: Estate) -> None:
    """The alarm's metric is one that a resource of the stack publishes.

    Why: CloudWatch accepts any name and dimension; an alarm on a metric that nobody publishes never fires.
    Fix: take dimensions from the resource, in the form that CloudWatch publishes: `arn_suffix`, `identifier`, `name`.
    """
    reasons = unpublished(metrics_of(alarm), estate)
    assert not reasons, "; ".join(reasons)


@control(
    "alarm.notifies",
    on=(METRIC_ALARM, COMPOSITE_ALARM),
    severity="high",
    refs=["REQ ALM-12", "CKV_AWS_319", "FSBP CloudWatch.15", "FSBP CloudWatch.17"],
    aliases=("alarm.actions-enabled", "alarm.has-alarm-action"),
)
def alarm_tells_somebody(alarm: Resource, estate: Estate) -> None:
    """The alarm tells somebody: actions enabled, a topic, a subscription.

    Why: an alarm that nobody hears is as good as none.
    Fix: `alarm_actions` with a topic of the stack, and an `aws_sns_topic_subscription` for it.
    """
    if actions_of(alarm, estate).only_scales:
        not_applicable("it drives autoscaling")
    findings: list[str] = []
    undecided: Undecidable | None = None
    for speaker in speakers_of(alarm, estate):
        try:
            finding = _silence(speaker, estate)
        except Undecidable as undecidable:
            undecided = undecided or undecidable
            continue
        if not finding:
            return
        findings.append(finding if speaker is alarm else f"{speaker.address}: {finding}")
    if undecided is not None:
        raise undecided
    raise absent(estate, "; ".join(findings))


def _silence(alarm: Resource, estate: Estate) -> str:
    """Why nobody hears of an alarm by its own actions; empty where somebody does."""
    actions = actions_of(alarm, estate)
    if alarm["actions_enabled"] is False:
        return "its actions are switched off"
    if actions.elsewhere or actions.other:
        return ""
    if not actions.topics:
        return "it has no action for the ALARM state"
    silent = [topic for topic in actions.topics if not listeners_of(topic, estate)]
    if len(silent) < len(actions.topics):
        return ""
    names = ", ".join(topic.address for topic in silent)
    if any(topic.data for topic in silent):
        raise Undecidable(f"the subscriptions of {names} are not part of this stack")
    return f"topic {names} has no subscription"


@control("alarm.composite-rule", on=COMPOSITE_ALARM, severity="high", refs=["REQ ALM-12"])
def composite_names_alarms(composite: Resource, estate: Estate) -> None:
    """The rule of a composite alarm can be read, and names alarms that exist.

    Why: CloudWatch refuses it otherwise, and never evaluates one that names itself.
    Fix: `alarm_rule` of `ALARM(...)`, `OK(...)`, `AND`, `OR`, `NOT`, with the names of declared alarms.
    """
    try:
        children = children_of(composite, estate)
    except MalformedRule as refused:
        raise AssertionError(f"its rule is malformed: {refused}") from refused
    findings = Findings()
    for child, alarm in children.items():
        with findings.question():
            if alarm is None:
                _assert_no_slip(child, estate)
    with findings.question():
        assert not any(item is composite for item in _below(composite, estate)), "it stands in its own rule"
    findings.conclude()


def _assert_no_slip(child: Value, estate: Estate) -> None:
    names = [alarm.peek("alarm_name") for alarm in estate.of(METRIC_ALARM, COMPOSITE_ALARM)]
    known = {name.lower(): name for name in names if isinstance(name, str)}
    near = difflib.get_close_matches(show(child).lower(), known, n=1, cutoff=0.8)
    assert not near, f"there is no alarm {show(child)}, but {known[near[0]]}"
    raise Undecidable(f"alarm {show(child)} is not part of this stack")


def _below(composite: Resource, estate: Estate) -> list[Resource]:
    """The alarms that a composite depends on, at any depth."""
    found: list[Resource] = []
    pending = [composite]
    while pending:
        member = pending.pop()
        for child in children_of(member, estate).values() if member.type == COMPOSITE_ALARM else ():
            if child is not None and all(child is not item for item in found):
                found.append(child)
                pending.append(child)
    return found


@control(
    "alarm.has-data",
    on=METRIC_ALARM,
    severity="medium",
    refs=["REQ ALM-12", "REQ LIV-4"],
    lenses=("observed",),
)
def alarm_has_data(alarm: Resource) -> None:
    """The alarm has data to judge by.

    Why: in INSUFFICIENT_DATA it sees nothing of what it watches.
    Fix: compare namespace, metric and dimensions with what CloudWatch lists, and see whether the resource runs.
    """
    assert alarm["state_value"] != State.INSUFFICIENT_DATA, "its state is INSUFFICIENT_DATA"
