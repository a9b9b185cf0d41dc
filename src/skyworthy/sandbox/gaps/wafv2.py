"""AWS WAF: the resources of a web ACL, and web ACLs in use."""

from typing import Any

from skyworthy.sandbox.account.calls import AwsError, Call
from skyworthy.sandbox.gaps import Clients, answers, precedes, store

_KINDS = {"APPLICATION_LOAD_BALANCER": ":loadbalancer/app/", "API_GATEWAY": ":/restapis/", "APPSYNC": ":apis/"}


def _acls(call: Call) -> dict[str, Any]:
    acls: dict[str, Any] = store(call, "wafv2").wacls
    return acls


@answers("wafv2", "ListResourcesForWebACL")
def list_resources(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/waf/latest/APIReference/API_ListResourcesForWebACL.html."""
    acl = _acls(call).get(call.params["WebACLArn"])
    if acl is None:
        raise AwsError("WAFNonexistentItemException", "AWS WAF couldn't perform the operation: no such resource.")
    part = _KINDS.get(call.params.get("ResourceType", "APPLICATION_LOAD_BALANCER"), "")
    return {"ResourceArns": sorted(arn for arn in acl.associated_resources if part and part in arn)}


def _deletes_what_is_in_use(clients: Clients) -> bool:
    subnets = [each["SubnetId"] for each in clients("ec2").describe_subnets()["Subnets"][:2]]
    balancer = clients("elbv2").create_load_balancer(Name="probe", Subnets=subnets)["LoadBalancers"][0]
    waf = clients("wafv2")
    visibility = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "probe"}
    made = waf.create_web_acl(Name="probe", Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=visibility)[
        "Summary"
    ]
    waf.associate_web_acl(WebACLArn=made["ARN"], ResourceArn=balancer["LoadBalancerArn"])
    waf.delete_web_acl(Name="probe", Scope="REGIONAL", Id=made["Id"], LockToken=made["LockToken"])
    return not waf.list_web_acls(Scope="REGIONAL")["WebACLs"]


@precedes("wafv2", "DeleteWebACL", lacking=_deletes_what_is_in_use)
def keep_what_is_in_use(call: Call) -> None:
    """See https://docs.aws.amazon.com/waf/latest/APIReference/API_DeleteWebACL.html.

    A web ACL goes only when no resource is associated with it any longer.
    """
    for acl in _acls(call).values():
        if acl.id == call.params["Id"] and acl.associated_resources:
            message = "AWS WAF couldn't perform the operation because your resource is being used by another resource."
            raise AwsError("WAFAssociatedItemException", message)
