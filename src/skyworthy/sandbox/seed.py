"""What a root module expects to exist already: certificates, hosted zones and the like, made in the sandbox beforehand.

The data sources are evaluated by tfparse, in a process of its own since a fault in it would end ours.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from skyworthy.sandbox.server import Sandbox

_EVALUATE_SECONDS = 120
_EVALUATE = """
import json, sys, tfparse
folder, *files = sys.argv[1:]
blocks = tfparse.load_from_path(folder, vars_paths=files)
data = [b for found in blocks.values() for b in found if b.get("__tfmeta", {}).get("type") == "data"]
print(json.dumps(data, default=str))
"""


def prerequisites(root: Path, sandbox: Sandbox, var_files: Sequence[Path] = ()) -> list[str]:
    """Create what the data sources of a root module look up.

    Args:
        root: folder of the root module.
        sandbox: where to create it.
        var_files: variable files beside those that Terraform loads by itself.

    Returns:
        One line for each thing that was created, or why nothing could be.
    """
    notes = []
    try:
        blocks = _data_sources(root, var_files)
    except subprocess.CalledProcessError as error:
        return [f"nothing was created for data sources: tfparse ended with exit code {error.returncode}"]
    except subprocess.TimeoutExpired as error:
        return [f"nothing was created for data sources: tfparse took more than {error.timeout:.0f} s"]
    for block in blocks:
        attribute, make = _MAKERS.get(str(block["__tfmeta"].get("label")), ("", None))
        name = block.get(attribute)
        if make is not None and isinstance(name, str) and name and make(sandbox, name):
            notes.append(f"{block['__tfmeta']['path']}: created {name}")
    return notes


def _data_sources(root: Path, var_files: Sequence[Path]) -> list[dict[str, Any]]:
    own = [root / "terraform.tfvars", *sorted(root.glob("*.auto.tfvars"))]
    files = [os.path.relpath(path, root) for path in [*own, *var_files] if path.is_file()]
    result = subprocess.run(
        [sys.executable, "-c", _EVALUATE, str(root), *files],
        capture_output=True,
        text=True,
        timeout=_EVALUATE_SECONDS,
        check=True,
    )
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


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
