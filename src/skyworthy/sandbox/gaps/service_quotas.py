"""Service Quotas: those of other services than VPC, with AWS's defaults."""

from typing import Any

from botocore.exceptions import ClientError
from moto.servicequotas.resources.default_quotas.vpc import VPC_DEFAULT_QUOTAS

from skyworthy.sandbox.account.calls import AwsError, Call
from skyworthy.sandbox.gaps import Clients, answers

_QUOTAS: dict[tuple[str, str], tuple[str, float]] = {
    ("ec2", "L-0263D0A3"): ("EC2-VPC Elastic IPs", 5),
    ("elasticache", "L-DFE45DF3"): ("Nodes per Region", 300),
    ("elasticloadbalancing", "L-53DA6B97"): ("Application Load Balancers per Region", 50),
    ("elasticloadbalancing", "L-A0D0B863"): ("Targets per Target Group per Region", 1000),
    ("fargate", "L-3032A538"): ("Fargate On-Demand vCPU resource count", 100),
    ("rds", "L-7B6409FD"): ("DB instances", 40),
}
"""Service and code -> name and value. Of Fargate a new account has 6, which AWS raises by itself as they are used."""


def _knows_vpc_only(clients: Clients) -> bool:
    try:
        clients("service-quotas").get_service_quota(ServiceCode="rds", QuotaCode="L-7B6409FD")
    except ClientError:
        return True
    return False


@answers("service-quotas", "GetServiceQuota", lacking=_knows_vpc_only)
def get_service_quota(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html."""
    service, code = call.params["ServiceCode"], call.params["QuotaCode"]
    of_vpc = {item["QuotaCode"]: (item["QuotaName"], item["Value"]) for item in VPC_DEFAULT_QUOTAS}
    found = of_vpc.get(code) if service == "vpc" else _QUOTAS.get((service, code))
    if found is None:
        raise AwsError("NoSuchResourceException", f"There is no quota {code} of {service}.")
    name, value = found
    arn = f"arn:aws:servicequotas:{call.region}:{call.account}:{service}/{code}"
    known = {"ServiceCode": service, "QuotaCode": code, "QuotaArn": arn, "QuotaName": name, "Value": value}
    return {"Quota": {**known, "Unit": "None", "Adjustable": True, "GlobalQuota": False}}
