"""RDS Proxy."""

from skyworthy.behavior.secrets import ValueFrom, needs
from skyworthy.controls.findings import Findings
from skyworthy.controls.iam import check_needs, handed_role
from skyworthy.controls.registry import control
from skyworthy.estate import Estate, Resource


@control("rds.proxy-encrypts", on="aws_db_proxy", severity="high", refs=["REQ DAT-1"])
def proxy_forces_tls(proxy: Resource) -> None:
    """A proxy refuses connections without TLS.

    Why: what the database demands the proxy need not: between tasks and proxy passwords and rows are in clear text.
    Fix: `require_tls = true`.
    """
    assert proxy["require_tls"], "it accepts connections without TLS"


@control("rds.proxy-signs-in", on="aws_db_proxy", severity="high", refs=["REQ DAT-1"], lenses=("declared",))
def proxy_reads_its_secrets(proxy: Resource, estate: Estate) -> None:
    """A proxy may read the secrets with which it signs in to its database.

    Why: a proxy that cannot read them answers every connection with an error of authentication.
    Fix: allow its role `secretsmanager:GetSecretValue` on each secret, and `kms:Decrypt` with its key.
    """
    role = handed_role(proxy, estate)
    findings = Findings()
    for block in proxy["auth"] or ():
        if not block.get("secret_arn"):
            continue
        check_needs(role, needs(ValueFrom("secretsmanager", block["secret_arn"]), estate), estate, findings)
    findings.conclude()
