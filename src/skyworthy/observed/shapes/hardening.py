"""Trails, configuration recorders, web ACLs, and roles that AWS services make for themselves.

Source of the attribute names: the schemas of aws_cloudtrail, aws_config_configuration_recorder, aws_wafv2_web_acl and
aws_wafv2_web_acl_logging_configuration, https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs
"""

from collections.abc import Mapping
from typing import Any

from botocore import xform_name

from skyworthy.estate import Value
from skyworthy.observed.shapes.base import Record, shape

_EVERY_EVENT = {"ReadWriteType": "All", "IncludeManagementEvents": True}
"""What a trail has of which the code says nothing: every management event and no others."""


@shape
def trail_event_selectors(record: Record) -> Value:
    """``event_selector`` blocks of a trail, none where it has the one that AWS gives it."""
    found = [
        {name: value for name, value in item.items() if value} for item in _selectors(record, "EventSelectors")
    ]  # fmt: skip
    if found == [_EVERY_EVENT]:
        return []
    return [
        {
            "read_write_type": item.get("ReadWriteType", "All"),
            "include_management_events": item.get("IncludeManagementEvents", False),
            "exclude_management_event_sources": sorted(item.get("ExcludeManagementEventSources", ())),
            "data_resource": [
                {"type": each["Type"], "values": each["Values"]} for each in item.get("DataResources", ())
            ],
        }
        for item in found
    ]


@shape
def trail_advanced_event_selectors(record: Record) -> Value:
    """``advanced_event_selector`` blocks of a trail."""
    return [
        {"name": item.get("Name"), "field_selector": [_plain(each) for each in item["FieldSelectors"]]}
        for item in _selectors(record, "AdvancedEventSelectors")
    ]


def _selectors(record: Record, name: str) -> list[Mapping[str, Any]]:
    return list((record["Selectors"] or {}).get(name) or ())


def _plain(structure: Mapping[str, Any]) -> dict[str, Any]:
    return {xform_name(name): value for name, value in structure.items()}


@shape
def config_recording_group(record: Record) -> Value:
    """``recording_group`` of a recorder."""
    given = record.get("recordingGroup")
    if given is None:
        return []
    excluded = given.get("exclusionByResourceTypes", {}).get("resourceTypes", [])
    strategy = given.get("recordingStrategy", {}).get("useOnly")
    return [
        {
            "all_supported": given.get("allSupported", False),
            "include_global_resource_types": given.get("includeGlobalResourceTypes", False),
            "resource_types": sorted(given.get("resourceTypes", ())),
            "exclusion_by_resource_types": [{"resource_types": sorted(excluded)}] if excluded else [],
            "recording_strategy": [{"use_only": strategy}] if strategy else [],
        }
    ]


@shape
def config_recording_mode(record: Record) -> Value:
    """``recording_mode`` of a recorder."""
    given = record.get("recordingMode")
    return [{"recording_frequency": given["recordingFrequency"]}] if given else []


@shape
def role_service(record: Record) -> Value:
    """``aws_service_name`` of a role that a service made for itself: the second part of its path."""
    return str(record["Path"]).strip("/").partition("/")[2]


_RENAMED = {
    "CloudWatchMetricsEnabled": "cloudwatch_metrics_enabled",
    "Conditions": "condition",
    "CustomKeys": "custom_key",
    "ExcludedRules": "excluded_rule",
    "Filters": "filter",
    "RuleActionOverrides": "rule_action_override",
    "RuleLabels": "rule_label",
    "Statements": "statement",
    "TextTransformations": "text_transformation",
}
"""Members that Terraform calls otherwise than snake_case: blocks that repeat are singular there."""


def _blocks(value: Any) -> Any:
    """An API structure as nested blocks; a switch such as ``Block: {}`` is a block without content."""
    if isinstance(value, Mapping):
        return {_RENAMED.get(name) or xform_name(name): _listed(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_blocks(item) for item in value]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _listed(value: Any) -> Any:
    return [_blocks(value)] if isinstance(value, Mapping) else _blocks(value)


@shape
def web_acl_scope(record: Record) -> Value:
    """``scope`` of a web ACL, by its ARN."""
    return "CLOUDFRONT" if ":global/" in str(record["ARN"]) else "REGIONAL"


@shape
def web_acl_default_action(record: Record) -> Value:
    """``default_action`` of a web ACL."""
    return [{"allow": [], "block": []} | _blocks(record["DefaultAction"])]


@shape
def web_acl_rules(record: Record) -> Value:
    """``rule`` blocks of a web ACL in the order in which they are asked."""
    given = sorted(record.get("Rules", ()), key=lambda rule: int(rule["Priority"]))
    return [_blocks({name: value for name, value in rule.items() if value != {}}) for rule in given]


@shape
def web_acl_visibility(record: Record) -> Value:
    """``visibility_config`` of a web ACL."""
    return [_blocks(record["VisibilityConfig"])]


@shape
def web_acl_redacted_fields(record: Record) -> Value:
    """``redacted_fields`` blocks of a web ACL's logging."""
    return _blocks(record.get("RedactedFields", []))


@shape
def web_acl_logging_filter(record: Record) -> Value:
    """``logging_filter`` of a web ACL's logging."""
    given = record.get("LoggingFilter")
    return [_blocks(given)] if given else []
