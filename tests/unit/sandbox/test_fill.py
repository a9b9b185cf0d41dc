"""A large estate put into an account, and taken out again."""

from typing import Any

import pytest

from skyworthy.errors import BadInput
from skyworthy.sandbox import faults, fill
from skyworthy.sandbox.server import Sandbox


def _names(sandbox: Sandbox) -> list[str]:
    services: list[str] = sandbox.client("ecs").list_services(cluster="estate", maxResults=100)["serviceArns"]
    return [arn.rpartition("/")[2] for arn in services]


def _topics(sandbox: Sandbox) -> list[str]:
    return [topic["TopicArn"].rpartition(":")[2] for topic in sandbox.client("sns").list_topics()["Topics"]]


def test_estate_is_there_beside_what_was_and_its_services_run(sandbox: Sandbox) -> None:
    sandbox.client("sns").create_topic(Name="mine")
    told: list[tuple[int, int]] = []

    made = fill.fill(sandbox, 1_100, lambda done, wanted: told.append((done, wanted)))

    assert made == 1_105  # 16 shared, 2 groups of three resources, 57 services of nineteen
    assert told == [(497, 1_105), (972, 1_105), (1_105, 1_105)]
    assert sorted(_names(sandbox)) == [f"svc{number:04}" for number in range(57)]
    assert sorted(_topics(sandbox)) == sorted(["mine", *(f"estate-svc{number:04}" for number in range(57))])
    found = sandbox.client("ecs").describe_services(cluster="estate", services=["svc0056"])["services"][0]
    assert (found["runningCount"], found["desiredCount"]) == (2, 2)


def test_undo_and_heal_put_the_account_back(sandbox: Sandbox) -> None:
    sandbox.client("sns").create_topic(Name="mine")
    for restore in (fill.undo, faults.heal):
        fill.fill(sandbox, 37)
        assert sorted(_topics(sandbox)) == ["estate-svc0000", "mine"]
        restore(sandbox)
        assert _topics(sandbox) == ["mine"]
    with pytest.raises(BadInput, match="the sandbox is not filled"):
        fill.undo(sandbox)


def test_filled_twice_is_refused_and_changes_nothing(sandbox: Sandbox) -> None:
    fill.fill(sandbox, 37)

    with pytest.raises(BadInput, match="filled already"):
        fill.fill(sandbox, 37)
    assert _names(sandbox) == ["svc0000"]


def test_what_cannot_be_made_leaves_the_account_as_it_was(sandbox: Sandbox) -> None:
    other: Any = sandbox.client("iam")
    other.create_role(RoleName="estate-svc0001-task", AssumeRolePolicyDocument='{"Version": "2012-10-17"}')

    with pytest.raises(BadInput, match=r"iam:CreateRole: 409 .*estate-svc0001-task"):
        fill.fill(sandbox, 57)
    assert sandbox.client("ecs").list_clusters()["clusterArns"] == []
    assert [role["RoleName"] for role in other.list_roles()["Roles"]] == ["estate-svc0001-task"]
