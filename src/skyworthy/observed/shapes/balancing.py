"""Load balancers, target groups, listeners and their rules.

Source of the attribute names: the schemas of aws_lb, aws_lb_target_group, aws_lb_listener and aws_lb_listener_rule,
https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/lb_listener
"""

from collections.abc import Iterable
from typing import Any

from skyworthy.estate import Value
from skyworthy.observed.shapes.base import Record, nested, setting, shape


@shape
def arn_suffix(record: Record) -> Value:
    """The part of the ARN that CloudWatch uses as dimension: ``app/name/id`` or ``targetgroup/name/id``."""
    resource = str(record.get("LoadBalancerArn") if "LoadBalancerName" in record else record["TargetGroupArn"])
    return resource.partition(":loadbalancer/")[2] or resource.rpartition(":")[2]


def _logs(record: Record, prefix: str) -> list[dict[str, Any]]:
    enabled = setting(record, f"{prefix}.s3.enabled") == "true"
    bucket = setting(record, f"{prefix}.s3.bucket")
    if not enabled and not bucket:
        return []
    return [{"enabled": enabled, "bucket": bucket, "prefix": setting(record, f"{prefix}.s3.prefix") or None}]


@shape
def lb_access_logs(record: Record) -> Value:
    """``access_logs`` of a load balancer."""
    return _logs(record, "access_logs")


@shape
def lb_connection_logs(record: Record) -> Value:
    """``connection_logs`` of a load balancer."""
    return _logs(record, "connection_logs")


@shape
def target_group_health_check(record: Record) -> Value:
    """``health_check`` of a target group."""
    matcher = record.get("Matcher", {})
    return [
        {
            "enabled": record.get("HealthCheckEnabled", True),
            "path": record.get("HealthCheckPath"),
            "port": record.get("HealthCheckPort"),
            "protocol": record.get("HealthCheckProtocol"),
            "matcher": matcher.get("HttpCode") or matcher.get("GrpcCode"),
            "interval": record.get("HealthCheckIntervalSeconds"),
            "timeout": record.get("HealthCheckTimeoutSeconds"),
            "healthy_threshold": record.get("HealthyThresholdCount"),
            "unhealthy_threshold": record.get("UnhealthyThresholdCount"),
        }
    ]


@shape
def tg_stickiness(record: Record) -> Value:
    """``stickiness`` of a target group."""
    kind = setting(record, "stickiness.type")
    if not kind:
        return []
    duration = setting(record, "stickiness.lb_cookie.duration_seconds")
    return [
        {
            "enabled": setting(record, "stickiness.enabled") == "true",
            "type": kind,
            "cookie_duration": int(duration) if duration else None,
            "cookie_name": setting(record, "stickiness.app_cookie.cookie_name") or None,
        }
    ]


_ACTION_BLOCKS = {
    "RedirectConfig": "redirect",
    "FixedResponseConfig": "fixed_response",
    "AuthenticateCognitoConfig": "authenticate_cognito",
    "AuthenticateOidcConfig": "authenticate_oidc",
}


def _forward(action: Record) -> dict[str, Any]:
    """A forward to one group is an argument in Terraform, to several a block."""
    config = action.get("ForwardConfig", {})
    groups = config.get("TargetGroups", [])
    if len(groups) <= 1:
        arn = action.get("TargetGroupArn") or (groups[0]["TargetGroupArn"] if groups else None)
        return {"target_group_arn": arn}
    sticky = config.get("TargetGroupStickinessConfig")
    return {
        "target_group_arn": None,
        "forward": [
            {
                "target_group": [{"arn": item["TargetGroupArn"], "weight": item.get("Weight", 1)} for item in groups],
                "stickiness": [{"enabled": sticky.get("Enabled", False), "duration": sticky.get("DurationSeconds")}]
                if sticky
                else [],
            }
        ],
    }


def _action(action: Record) -> dict[str, Any]:
    made: dict[str, Any] = {"type": action["Type"], "order": action.get("Order")}
    if action["Type"] == "forward":
        return made | _forward(action)
    for api, name in _ACTION_BLOCKS.items():
        if action.get(api):
            made[name] = [nested(action[api])]
    return made


def _actions(actions: Iterable[Record]) -> list[dict[str, Any]]:
    return [_action(item) for item in sorted(actions, key=lambda item: item.get("Order") or 0)]


@shape
def listener_certificate(record: Record) -> Value:
    """What ACM says of the certificate that a listener presents; None where it has none or ACM does not hold it."""
    arn = next((item.get("CertificateArn") for item in record.get("Certificates", ())), None)
    held = next((item for item in record["Known"] or () if arn and item["CertificateArn"] == arn), None)
    if held is None:
        return None
    return {"arn": arn, "status": held.get("Status"), "not_after": held.get("NotAfter"), "domain": held["DomainName"]}


@shape
def listener_default_actions(record: Record) -> Value:
    """``default_action`` blocks of a listener."""
    return _actions(record.get("DefaultActions", ()))


@shape
def rule_actions(record: Record) -> Value:
    """``action`` blocks of a listener rule."""
    return _actions(record.get("Actions", ()))


_CONDITIONS = {
    "host-header": ("host_header", "HostHeaderConfig"),
    "path-pattern": ("path_pattern", "PathPatternConfig"),
    "http-request-method": ("http_request_method", "HttpRequestMethodConfig"),
    "source-ip": ("source_ip", "SourceIpConfig"),
}


def _condition(condition: Record) -> dict[str, Any]:
    field = condition.get("Field", "")
    if field in _CONDITIONS:
        name, api = _CONDITIONS[field]
        return {name: [{"values": sorted(condition.get(api, {}).get("Values") or condition.get("Values", []))}]}
    if field == "http-header":
        header = condition["HttpHeaderConfig"]
        return {"http_header": [{"http_header_name": header["HttpHeaderName"], "values": sorted(header["Values"])}]}
    strings = condition.get("QueryStringConfig", {}).get("Values", [])
    return {"query_string": [{"key": item.get("Key"), "value": item["Value"]} for item in strings]}


@shape
def rule_conditions(record: Record) -> Value:
    """``condition`` blocks of a listener rule."""
    return [_condition(item) for item in record.get("Conditions", ())]
