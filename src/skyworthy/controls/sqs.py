"""Queues."""

import re
from collections.abc import Mapping

from skyworthy.behavior.permissions import PolicyDocument, document
from skyworthy.behavior.references import absent, left_out, named, naming, undecided
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control, not_applicable
from skyworthy.controls.sns import TOPIC, assert_key_usable, assert_may, sender_of
from skyworthy.estate import Estate, Resource, Value, is_known, show

QUEUE = "aws_sqs_queue"
_EVENTS, _SNS = "events.amazonaws.com", "sns.amazonaws.com"


@control("sqs.encrypted-at-rest", on=QUEUE, severity="medium", refs=["REQ DAT-1", "FSBP SQS.1", "CKV_AWS_27"])
def queue_is_encrypted(queue: Resource) -> None:
    """Messages are encrypted at rest.

    Why: a job holds what its user sent: names, addresses, links that log in.
    Fix: leave `sqs_managed_sse_enabled` out, which SQS then turns on, or name a key by `kms_master_key_id`.
    """
    if queue["kms_master_key_id"]:
        return
    assert queue.attributes.get("sqs_managed_sse_enabled") is None or queue["sqs_managed_sse_enabled"], (
        "sqs_managed_sse_enabled is false, and it names no key"
    )


@control(
    "sqs.services-can-send",
    on=("aws_cloudwatch_event_target", "aws_sns_topic_subscription"),
    severity="high",
    refs=["REQ IAM-1", "REQ REF-5"],
    lenses=("declared",),
)
def services_can_send(sender: Resource, estate: Estate) -> None:
    """A rule or topic that is to fill a queue may send to it, and use the queue's key.

    Why: a queue lets in only whom its policy names; what EventBridge and SNS cannot deliver is lost without a word.
    Fix: allow the service `sqs:SendMessage` in an `aws_sqs_queue_policy`, and `kms:Decrypt` and `kms:GenerateDataKey`
    in the policy of a key of your own.
    """
    subscribes = sender.type == "aws_sns_topic_subscription"
    queues = named(estate, sender["endpoint" if subscribes else "arn"], QUEUE)
    if not queues or queues[0].data:
        not_applicable("it sends to no queue of this stack")
    (queue, service) = queues[0], _SNS if subscribes else _EVENTS
    origin = sender_of(sender, estate)
    if subscribes:
        origin = next(iter(named(estate, sender["topic_arn"], TOPIC)), sender)
    findings = Findings()
    with findings.question():
        policy = _policy_of(queue, estate)
        if policy is None:
            raise absent(estate, f"{queue.address} has no policy, and {service} may send where one says so only")
        assert_may(policy, ("sqs:SendMessage",), queue, origin, estate, service)
    with findings.question():
        if key := queue["kms_master_key_id"]:
            assert_key_usable(key, origin, estate, service)
    findings.conclude()


def _policy_of(queue: Resource, estate: Estate) -> PolicyDocument | None:
    label = f"the policy of {queue.address}"
    for item in naming(estate, queue, "queue_url", "aws_sqs_queue_policy"):
        return document(item.peek("policy"), estate, label)
    own = queue.attributes.get("policy")
    return document(own, estate, label) if own else None


@control("sqs.dead-letters-kept", on=QUEUE, severity="high", refs=["REQ REF-5"], lenses=("declared",))
def dead_letters_are_kept(queue: Resource, estate: Estate) -> None:
    """What a queue gives up goes to a queue that takes it, and keeps it for as long.

    Why: a dead-letter queue that does not admit its source, or is of the other kind, gets nothing; one that keeps
    messages for less time drops what it gets, since their age goes on.
    Fix: list the source in `redrive_allow_policy`, a FIFO queue for a FIFO queue, `message_retention_seconds` above
    the source's.
    """
    redrive = _redrive(queue, estate)
    target = redrive.get("deadLetterTargetArn") if isinstance(redrive, Mapping) else None
    dead = named(estate, target, QUEUE) if target else ()
    if not dead or dead[0].data:
        not_applicable("it gives nothing up to a queue of this stack")
    findings = Findings()
    with findings.question():
        kinds = [bool(item["fifo_queue"]) for item in (queue, dead[0])]
        assert kinds[0] == kinds[1], (
            f"{dead[0].address} is {'' if kinds[1] else 'not '}a FIFO queue, and it is the other kind"
        )
    with findings.question():
        _assert_admitted(queue, dead[0], estate)
    with findings.question():
        kept, there = (item["message_retention_seconds"] for item in (queue, dead[0]))
        if not is_known(kept) or not is_known(there):
            raise undecided(kept if not is_known(kept) else there, "message_retention_seconds")
        assert int(there) >= int(kept), (
            f"it keeps messages {kept} s, {dead[0].address} {there} s from when they were sent"
        )
    findings.conclude()


@control("sqs.dead-letters-caught", on=QUEUE, severity="low", refs=["REQ REF-5"], lenses=("declared",))
def dead_letters_are_caught(queue: Resource, estate: Estate) -> None:
    """A queue that is worked off gives up what nobody can work off to another queue.

    Why: a message that breaks its worker comes again until it expires: workers do nothing else, and then it is lost.
    Fix: `redrive_policy` with a `deadLetterTargetArn` and `maxReceiveCount`.
    """
    if not left_out(queue, "redrive_policy") or naming(estate, queue, "queue_url", "aws_sqs_queue_redrive_policy"):
        return
    for other in estate.of(QUEUE):
        redrive = _redrive(other, estate)
        target = redrive.get("deadLetterTargetArn") if isinstance(redrive, Mapping) else None
        if target and queue in named(estate, target, QUEUE):
            not_applicable("it is where dead letters go")
    text = show(queue.peek("name")) + queue.address
    if re.search(r"(?i)dead|dlq|dlx|failed|undeliverable|poison", text):
        not_applicable("its name says that dead letters go there")
    raise absent(estate, "nothing catches what its workers cannot work off: it has no redrive_policy")


def _redrive(queue: Resource, estate: Estate) -> Value:
    for item in naming(estate, queue, "queue_url", "aws_sqs_queue_redrive_policy"):
        return item["redrive_policy"]
    return None if left_out(queue, "redrive_policy") else queue["redrive_policy"]


def _assert_admitted(queue: Resource, dead: Resource, estate: Estate) -> None:
    """Assert that a dead-letter queue admits a source, where it says whom it admits."""
    said = [
        item["redrive_allow_policy"] for item in naming(estate, dead, "queue_url", "aws_sqs_queue_redrive_allow_policy")
    ]
    own = None if left_out(dead, "redrive_allow_policy") else dead["redrive_allow_policy"]
    for allowed in said or [own]:
        if not isinstance(allowed, Mapping):
            continue
        permission = allowed.get("redrivePermission", "allowAll")
        assert permission != "denyAll", f"{dead.address} admits no source: redrivePermission is denyAll"
        if permission != "byQueue":
            continue
        sources = named(estate, allowed.get("sourceQueueArns") or (), QUEUE)
        listed = ", ".join(item.address for item in sources) or show(allowed.get("sourceQueueArns"))
        assert queue in sources, f"{dead.address} admits {listed} only"
