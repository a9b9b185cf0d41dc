"""Queues and where their dead letters go."""

from collections.abc import Iterator

from skyworthy.estate import Estate, Resource, references

QUEUE = "aws_sqs_queue"


def dead_letters_of(queue: Resource, estate: Estate) -> tuple[Resource, ...]:
    """The queues whose messages come to a queue after too many attempts, as far as that is known."""
    return tuple(
        source for source, policy in _redrives(estate) if _names(policy, queue, estate) and source is not queue
    )


def _redrives(estate: Estate) -> Iterator[tuple[Resource, Resource]]:
    """Every queue with the resource in which its redrive policy stands: itself, or one of its own."""
    for queue in estate.of(QUEUE):
        yield queue, queue
    for policy in estate.of("aws_sqs_queue_redrive_policy"):
        source = next((estate.get(item.address) for item in references(policy.peek("queue_url"))), None)
        if source is not None and source.type == QUEUE:
            yield source, policy


def _names(policy: Resource, queue: Resource, estate: Estate) -> bool:
    return any(estate.get(item.address) is queue for item in references(policy.peek("redrive_policy")))
