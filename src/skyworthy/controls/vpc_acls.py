"""Network ACLs: the second fence around subnets, where a stack draws one."""

from skyworthy.behavior.network import EVERYWHERE, AclEntry, acl_entries
from skyworthy.behavior.network.rules import contains
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource

_ADMIN = {22: "SSH", 3389: "RDP"}
_ANSWERS = (1024, 60999)
"""A range that begins no lower and ends no earlier is for the answers to what went out; it takes RDP's port in.

Source: https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html#nacl-ephemeral-ports
"""


@control(
    "vpc.nacl-no-admin-ports-from-internet",
    on="aws_network_acl",
    severity="medium",
    refs=["REQ NET-1", "FSBP EC2.21", "CIS 5.1", "CKV_AWS_231", "CKV_AWS_232"],
)
def admin_ports_are_fenced_off(acl: Resource, estate: Estate) -> None:
    """A network ACL that says what may come in does not let the internet come to SSH or remote desktops.

    Why: the fence is there for the day on which a security group is opened by mistake, and these ports are tried first.
    Fix: remove the rule, or name the addresses that may; ports 1024-65535 may stay open for answers.
    """
    entries = [item for item in acl_entries(acl, estate) if not item.egress]
    if all(item.protocol == "-1" for item in entries if item.allows):
        not_applicable("it lists nothing that may come in: security groups decide")
    findings = Findings()
    for port, name in _ADMIN.items():
        for source in EVERYWHERE:
            with findings.question():
                opening = _opening(entries, port, source)
                assert opening is None, (
                    f"rule {opening.number}{_written(opening, acl)} lets {source} come to port {port} ({name})"
                )
    findings.conclude()


def _opening(entries: list[AclEntry], port: int, source: str) -> AclEntry | None:
    """The rule that lets a source come to a port; None where none does, or one that is for answers."""
    about = (item for item in entries if item.is_about(port, "tcp") and not _is_for_answers(item))
    decides = next((item for item in about if contains(item.cidr, source)), None)
    return decides if decides is not None and decides.allows else None


def _is_for_answers(entry: AclEntry) -> bool:
    first, last = _ANSWERS
    return entry.allows and entry.protocol != "-1" and entry.first >= first and entry.last >= last


def _written(entry: AclEntry, acl: Resource) -> str:
    """Where a rule stands, if not in the ACL."""
    return "" if entry.source is acl else f", {entry.source.address},"


@control("vpc.nacl-rules-distinct", on="aws_network_acl", severity="high", refs=["REQ NET-1"], lenses=("declared",))
def acl_rules_are_distinct(acl: Resource, estate: Estate) -> None:
    """Each rule of a network ACL has a number of its own in its direction.

    Why: AWS refuses a second rule with the same number, and the apply stops there.
    Fix: number the rules; one that is made for each of several things counts them.
    """
    entries = acl_entries(acl, estate)
    if not entries:
        not_applicable("it has no rules")
    seen: dict[tuple[int, bool], AclEntry] = {}
    for entry in entries:
        other = seen.setdefault((entry.number, entry.egress), entry)
        way = "egress" if entry.egress else "ingress"
        places = " and ".join(dict.fromkeys((other.source.address, entry.source.address)))
        assert other is entry, f"two rules for {way} have the number {entry.number}: {places}"
