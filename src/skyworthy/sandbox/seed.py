"""What a root module expects to exist already, certificates and hosted zones and the like, made beforehand."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from skyworthy import declared
from skyworthy.errors import BadInput
from skyworthy.sandbox.server import Sandbox


def prerequisites(root: Path, sandbox: Sandbox, var_files: Sequence[Path] = ()) -> list[str]:
    """Create what the data sources of a root module look up.

    Args:
        root: folder of the root module.
        sandbox: where to create it.
        var_files: variable files beside those that Terraform loads by itself.

    Returns:
        One line for each thing that was created, or why nothing could be.
    """
    try:
        estate = declared.read(root, var_files=var_files)
    except BadInput as problem:
        # Terraform will say so too, and better; here it only means that nothing is known to be needed.
        return [f"nothing was created for data sources: {problem}"]
    notes = []
    for source in estate:
        attribute, make = _MAKERS.get(source.type, ("", None)) if source.data else ("", None)
        name = source.peek(attribute)
        if make is not None and isinstance(name, str) and name and make(sandbox, name):
            notes.append(f"{source.address}: created {name}")
    return notes


def _certificate(sandbox: Sandbox, domain: str) -> bool:
    acm = sandbox.client("acm")
    listed = acm.get_paginator("list_certificates").paginate()
    if any(each["DomainName"] == domain for page in listed for each in page["CertificateSummaryList"]):
        return False
    acm.request_certificate(DomainName=domain, ValidationMethod="DNS")
    return True


def _zone(sandbox: Sandbox, name: str) -> bool:
    route53 = sandbox.client("route53")
    listed = route53.get_paginator("list_hosted_zones").paginate()
    if any(each["Name"].rstrip(".") == name.rstrip(".") for page in listed for each in page["HostedZones"]):
        return False
    route53.create_hosted_zone(Name=name, CallerReference=f"sandbox-{name}")
    return True


def _oidc_provider(sandbox: Sandbox, url: str) -> bool:
    iam = sandbox.client("iam")
    return _unless_there(iam.create_open_id_connect_provider, Url=url, ClientIDList=["sts.amazonaws.com"])


def _repository(sandbox: Sandbox, name: str) -> bool:
    return _unless_there(sandbox.client("ecr").create_repository, repositoryName=name)


def _secret(sandbox: Sandbox, name: str) -> bool:
    return _unless_there(sandbox.client("secretsmanager").create_secret, Name=name, SecretString="{}")


def _unless_there(create: Callable[..., Any], **arguments: Any) -> bool:
    """Call `create`; whether it created something, rather than find it there."""
    try:
        create(**arguments)
    except ClientError as error:
        if "Exist" not in error.response["Error"]["Code"]:
            raise
        return False
    return True


_MAKERS: dict[str, tuple[str, Callable[[Sandbox, str], bool]]] = {
    "aws_acm_certificate": ("domain", _certificate),
    "aws_route53_zone": ("name", _zone),
    "aws_iam_openid_connect_provider": ("url", _oidc_provider),
    "aws_ecr_repository": ("name", _repository),
    "aws_secretsmanager_secret": ("name", _secret),
}
"""The type of a data source: the attribute that it looks things up by, and how to make one, if it is not there."""
