"""Security Hub: its configuration and the standards that are enabled."""

from typing import Any

from skyworthy.sandbox.account.calls import AwsError, Call
from skyworthy.sandbox.gaps import Clients, answers, follows, note, store

_FSBP = "standards/aws-foundational-security-best-practices/v/1.0.0"
_CIS = "ruleset/cis-aws-foundations-benchmark/v/1.2.0"
STANDARDS = (
    ("AWS Foundational Security Best Practices v1.0.0", _FSBP),
    ("CIS AWS Foundations Benchmark v1.2.0", _CIS),
    ("CIS AWS Foundations Benchmark v1.4.0", "standards/cis-aws-foundations-benchmark/v/1.4.0"),
    ("CIS AWS Foundations Benchmark v3.0.0", "standards/cis-aws-foundations-benchmark/v/3.0.0"),
    ("NIST Special Publication 800-53 Revision 5", "standards/nist-800-53/v/5.0.0"),
    ("PCI DSS v3.2.1", "standards/pci-dss/v/3.2.1"),
    ("AWS Resource Tagging Standard v1.0.0", "standards/aws-resource-tagging-standard/v/1.0.0"),
)
"""Source: https://docs.aws.amazon.com/securityhub/latest/userguide/standards-reference.html"""
_BY_DEFAULT = (_FSBP, _CIS)


def _configuration(call: Call) -> dict[str, Any]:
    configuration: dict[str, Any] = note(store(call, "securityhub"), "sky_configuration", dict)
    return configuration


def _subscriptions(call: Call) -> dict[str, dict[str, Any]]:
    subscriptions: dict[str, dict[str, Any]] = note(store(call, "securityhub"), "sky_subscriptions", dict)
    return subscriptions


def _subscribe(call: Call, standard: str) -> dict[str, Any]:
    arn = f"arn:aws:securityhub:{call.region}:{call.account}:subscription/{standard.partition('/')[2]}"
    _subscriptions(call)[arn] = {
        "StandardsSubscriptionArn": arn,
        "StandardsArn": _arn(call, standard),
        "StandardsInput": {},
        "StandardsStatus": "READY",
        "StandardsControlsUpdatable": "READY_FOR_UPDATES",
    }
    return _subscriptions(call)[arn]


def _arn(call: Call, standard: str) -> str:
    return f"arn:aws:securityhub:::{standard}" if standard == _CIS else f"arn:aws:securityhub:{call.region}::{standard}"


def _subscribes_to_nothing(clients: Clients) -> bool:
    hub = clients("securityhub")
    hub.enable_security_hub()
    return not hasattr(hub, "get_enabled_standards") or _unanswered(hub)


def _unanswered(hub: Any) -> bool:
    try:
        return not hub.get_enabled_standards()["StandardsSubscriptions"]
    except (NotImplementedError, hub.exceptions.ClientError):
        return True


def _forgets_configuration(clients: Clients) -> bool:
    hub = clients("securityhub")
    hub.enable_security_hub(EnableDefaultStandards=False)
    try:
        hub.update_security_hub_configuration(AutoEnableControls=False)
    except (NotImplementedError, hub.exceptions.ClientError):
        return True
    return bool(hub.describe_hub()["AutoEnableControls"])


@follows("securityhub", "EnableSecurityHub", lacking=_subscribes_to_nothing)
def enable_hub(call: Call) -> None:
    """See https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_EnableSecurityHub.html."""
    _configuration(call).clear()
    if "ControlFindingGenerator" in call.params:
        _configuration(call)["ControlFindingGenerator"] = call.params["ControlFindingGenerator"]
    if call.params.get("EnableDefaultStandards", True):
        for standard in _BY_DEFAULT:
            _subscribe(call, standard)


@follows("securityhub", "DisableSecurityHub", lacking=_subscribes_to_nothing)
def disable_hub(call: Call) -> None:
    """See https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_DisableSecurityHub.html."""
    _subscriptions(call).clear()
    _configuration(call).clear()


@answers("securityhub", "UpdateSecurityHubConfiguration")
def update_configuration(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_UpdateSecurityHubConfiguration.html."""
    store(call, "securityhub").describe_hub()  # refused where the hub is not enabled
    _configuration(call).update(call.params)
    return {}


@follows("securityhub", "DescribeHub", lacking=_forgets_configuration)
def describe_hub(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_DescribeHub.html."""
    described: dict[str, Any] = store(call, "securityhub").describe_hub()
    return {**described, **_configuration(call)}


@answers("securityhub", "DescribeStandards")
def describe_standards(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_DescribeStandards.html."""
    return {
        "Standards": [
            {
                "StandardsArn": _arn(call, standard),
                "Name": name,
                "Description": name,
                "EnabledByDefault": standard in _BY_DEFAULT,
                "StandardsManagedBy": {"Company": "AWS", "Product": "Security Hub"},
            }
            for name, standard in STANDARDS
        ]
    }


@answers("securityhub", "BatchEnableStandards")
def enable_standards(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchEnableStandards.html."""
    store(call, "securityhub").describe_hub()
    known = {_arn(call, standard): standard for _, standard in STANDARDS}
    made = []
    for request in call.params["StandardsSubscriptionRequests"]:
        if request["StandardsArn"] not in known:
            raise AwsError("InvalidInputException", f"Invalid parameter: {request['StandardsArn']} is no standard")
        made.append(_subscribe(call, known[request["StandardsArn"]]))
    return {"StandardsSubscriptions": made}


@answers("securityhub", "GetEnabledStandards")
def enabled_standards(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_GetEnabledStandards.html."""
    wanted = call.params.get("StandardsSubscriptionArns")
    found = _subscriptions(call).values()
    return {
        "StandardsSubscriptions": [each for each in found if not wanted or each["StandardsSubscriptionArn"] in wanted]
    }


@answers("securityhub", "BatchDisableStandards")
def disable_standards(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchDisableStandards.html."""
    gone = []
    for arn in call.params["StandardsSubscriptionArns"]:
        subscription = _subscriptions(call).pop(arn, None)
        if subscription is not None:
            gone.append({**subscription, "StandardsStatus": "DELETING"})
    return {"StandardsSubscriptions": gone}
