"""The type table: the provider's schema, harvested defaults and what is written by hand, together."""

import pytest

from skyworthy.estate import Unknown, Value, known_types, type_of

DEFAULTS: list[tuple[str, str, Value]] = [
    ("aws_vpc", "enable_dns_support", True),
    ("aws_lb", "drop_invalid_header_fields", False),
    ("aws_lb", "idle_timeout", 60),
    ("aws_lb", "internal", False),
    ("aws_lb_target_group", "deregistration_delay", 300),
    ("aws_db_instance", "storage_encrypted", False),
    ("aws_db_instance", "backup_retention_period", 0),
    ("aws_db_instance", "auto_minor_version_upgrade", True),
    ("aws_db_instance", "monitoring_role_arn", None),
    ("aws_cloudwatch_metric_alarm", "actions_enabled", True),
    ("aws_cloudwatch_metric_alarm", "treat_missing_data", "missing"),
    ("aws_cloudwatch_metric_alarm", "datapoints_to_alarm", None),
    ("aws_cloudwatch_log_group", "retention_in_days", 0),
    ("aws_elasticache_replication_group", "transit_encryption_enabled", False),
    ("aws_elasticache_replication_group", "auto_minor_version_upgrade", True),
    ("aws_ecs_service", "enable_execute_command", False),
    ("aws_ecs_service", "load_balancer", []),
    ("aws_ecs_task_definition", "execution_role_arn", None),
    ("aws_kms_key", "enable_key_rotation", False),
    ("aws_s3_bucket_public_access_block", "block_public_acls", False),
    ("aws_secretsmanager_secret", "recovery_window_in_days", 30),
    ("aws_secretsmanager_secret", "policy", None),
    ("aws_security_group", "ingress", []),
    ("aws_iam_role", "permissions_boundary", None),
    ("aws_subnet", "map_public_ip_on_launch", False),
]


@pytest.mark.parametrize(("name", "attribute", "expected"), DEFAULTS)
def test_what_is_left_out_has_the_providers_default(name: str, attribute: str, expected: Value) -> None:
    value = type_of(name).default(attribute)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(("name", "attribute"), [("aws_lb", "arn_suffix"), ("aws_db_instance", "availability_zone")])
def test_what_only_the_provider_knows_is_unknown(name: str, attribute: str) -> None:
    value = type_of(name).default(attribute)
    assert isinstance(value, Unknown)
    assert value.reason == "known after apply"


def test_an_attribute_that_a_type_does_not_have_is_unknown() -> None:
    value = type_of("aws_lb").default("no_such_attribute")
    assert isinstance(value, Unknown)
    assert value.reason == "not set, and its default is not known"


def test_nested_blocks_have_defaults_of_their_own() -> None:
    assert type_of("aws_ecs_service").nested("network_configuration").defaults == {"assign_public_ip": False}
    assert type_of("aws_lb_listener").nested("default_action.redirect").defaults["protocol"] == "#{protocol}"
    assert type_of("aws_lb_listener").nested("default_action").computed == {"order"}
    assert type_of("aws_vpc").nested("nothing").defaults == {}


def test_the_older_names_of_load_balancers_have_the_same_defaults() -> None:
    for part in ("", "_listener", "_target_group"):
        older, newer = type_of(f"aws_alb{part}"), type_of(f"aws_lb{part}")
        assert (older.defaults, older.identity, older.inner) == (newer.defaults, newer.identity, newer.inner)
    assert type_of("aws_alb_target_group").default("target_type") == "instance"


def test_a_type_of_another_provider_has_common_identities() -> None:
    other = type_of("random_password")
    assert (other.identity, other.json, other.unset) == (("id", "arn", "name"), (), frozenset())


@pytest.mark.parametrize("name", known_types())
def test_every_row_names_attributes_that_the_type_has(name: str) -> None:
    row = type_of(name)
    if name == "aws_iam_policy_document":  # a data source, of which the schema of resources does not speak
        return
    attributes = row.unset | row.computed | row.blocks | row.required
    assert set(row.identity) <= attributes
    assert {path.partition(".")[0] for path in row.json} <= attributes
    assert set(row.defaults) <= attributes
