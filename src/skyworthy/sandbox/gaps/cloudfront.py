"""CloudFront: origin access identities, and what a distribution says of its S3 origins and certificate."""

from typing import Any

from moto.moto_api._internal import mock_random

from skyworthy.sandbox.account.calls import AwsError, Call
from skyworthy.sandbox.gaps import Clients, answers, follows, note, store


def _identities(call: Call) -> dict[str, dict[str, Any]]:
    identities: dict[str, dict[str, Any]] = note(store(call, "cloudfront", "aws"), "sky_access_identities", dict)
    return identities


def _identity(call: Call) -> dict[str, Any]:
    id = call.params["Id"]
    if id not in _identities(call):
        raise AwsError("NoSuchCloudFrontOriginAccessIdentity", "The specified origin access identity does not exist.")
    return _identities(call)[id]


def _answer(identity: dict[str, Any]) -> dict[str, Any]:
    place = f"https://cloudfront.amazonaws.com/2020-05-31/origin-access-identity/cloudfront/{identity['Id']}"
    described = {name: value for name, value in identity.items() if name != "ETag"}
    return {"CloudFrontOriginAccessIdentity": described, "ETag": identity["ETag"], "Location": place}


@answers("cloudfront", "CreateCloudFrontOriginAccessIdentity")
def create_identity(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateCloudFrontOriginAccessIdentity.html."""
    id = f"E{mock_random.get_random_hex(13).upper()}"
    _identities(call)[id] = {
        "Id": id,
        "S3CanonicalUserId": mock_random.get_random_hex(96),
        "CloudFrontOriginAccessIdentityConfig": call.params["CloudFrontOriginAccessIdentityConfig"],
        "ETag": f"E{mock_random.get_random_hex(13).upper()}",
    }
    return _answer(_identities(call)[id])


@answers("cloudfront", "GetCloudFrontOriginAccessIdentity")
def get_identity(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_GetCloudFrontOriginAccessIdentity.html."""
    return _answer(_identity(call))


@answers("cloudfront", "UpdateCloudFrontOriginAccessIdentity")
def update_identity(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_UpdateCloudFrontOriginAccessIdentity.html."""
    identity = _identity(call)
    identity["CloudFrontOriginAccessIdentityConfig"] = call.params["CloudFrontOriginAccessIdentityConfig"]
    identity["ETag"] = f"E{mock_random.get_random_hex(13).upper()}"
    return _answer(identity)


@answers("cloudfront", "ListCloudFrontOriginAccessIdentities")
def list_identities(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_ListCloudFrontOriginAccessIdentities.html."""
    items = [
        {
            "Id": each["Id"],
            "S3CanonicalUserId": each["S3CanonicalUserId"],
            "Comment": each["CloudFrontOriginAccessIdentityConfig"].get("Comment", ""),
        }
        for each in _identities(call).values()
    ]
    listed = {"Marker": "", "MaxItems": 100, "IsTruncated": False, "Quantity": len(items), "Items": items}
    return {"CloudFrontOriginAccessIdentityList": listed}


@answers("cloudfront", "DeleteCloudFrontOriginAccessIdentity")
def delete_identity(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_DeleteCloudFrontOriginAccessIdentity.html."""
    del _identities(call)[_identity(call)["Id"]]
    return {}


def _loses_identity_of_origin(clients: Clients) -> bool:
    origin = {
        "Id": "probe",
        "DomainName": "probe.s3.amazonaws.com",
        "S3OriginConfig": {"OriginAccessIdentity": "origin-access-identity/cloudfront/EPROBE"},
    }
    config = {
        "CallerReference": "probe",
        "Comment": "",
        "Enabled": True,
        "Origins": {"Quantity": 1, "Items": [origin]},
        "DefaultCacheBehavior": {"TargetOriginId": "probe", "ViewerProtocolPolicy": "allow-all"},
    }
    made = clients("cloudfront").create_distribution(DistributionConfig=config)["Distribution"]
    return "S3OriginConfig" not in made["DistributionConfig"]["Origins"]["Items"][0]


@follows(
    "cloudfront",
    "CreateDistribution",
    "CreateDistributionWithTags",
    "UpdateDistribution",
    lacking=_loses_identity_of_origin,
)
def complete_distribution(call: Call) -> None:
    """See https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_DistributionConfig.html.

    CloudFront's own certificate has no method of serving it.
    """
    distributions = store(call, "cloudfront", "aws").distributions
    config = distributions[call.params.get("Id") or list(distributions)[-1]].distribution_config
    for origin in config.Origins["Items"]:
        if not hasattr(origin, "custom_origin_config"):
            origin.s3_origin_config = {"OriginAccessIdentity": origin.s3_access_identity}
    certificate = vars(config).get("ViewerCertificate")
    if certificate is not None and certificate.cloud_front_default_certificate:
        certificate.ssl_support_method = None
