"""Certificates of listeners, as far as the code tells what they are for."""

from collections.abc import Iterator

from skyworthy.behavior.network import LISTENERS, protocol_of, rules_of_listener
from skyworthy.behavior.references import named, naming
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource, Undecidable, Value, is_known

_CERTIFICATE = "aws_acm_certificate"
_VALIDATION = "aws_acm_certificate_validation"
_FURTHER = "aws_lb_listener_certificate"


@control(
    "alb.certificate-covers-hosts",
    on=LISTENERS,
    severity="high",
    refs=["REQ REF-4", "REQ SMO-2"],
    lenses=("declared",),
)
def certificate_covers_the_hosts(listener: Resource, estate: Estate) -> None:
    """The certificates of a listener are for the hosts that its rules serve.

    Why: every browser refuses a certificate that is for another name.
    Fix: the host in `domain_name` or `subject_alternative_names`, or an `aws_lb_listener_certificate` for it.
    """
    if protocol_of(listener) != "HTTPS":
        not_applicable("it presents no certificate")
    hosts = sorted(set(_hosts(listener, estate)))
    if not hosts:
        not_applicable("none of its rules is for a host that is written out")
    names = names_of(listener, estate)
    if not names:
        not_applicable("what its certificate is for stands elsewhere")
    bare = [host for host in hosts if not any(_covers(name, host) for name in names)]
    assert not bare, f"its certificate is for {', '.join(names)}, and it serves {', '.join(bare)}"


def names_of(listener: Resource, estate: Estate) -> list[str]:
    """What the certificates of a listener are for; empty where one of them is not made here.

    Raises:
        Undecidable: where a name is not known, or a certificate is imported.
    """
    written = [listener["certificate_arn"]]
    written += [item["certificate_arn"] for item in naming(estate, listener, "listener_arn", _FURTHER)]
    certificates = [certificate_of(value, estate) for value in written]
    if any(certificate is None for certificate in certificates):
        return []
    return [name for certificate in certificates if certificate is not None for name in _names(certificate)]


def _hosts(listener: Resource, estate: Estate) -> Iterator[str]:
    """The hosts that the rules of a listener are for, those with wildcards left out."""
    for rule in rules_of_listener(listener, estate):
        for condition in rule["condition"] or ():
            for header in condition.get("host_header") or ():
                values = header.get("values") or ()
                yield from (host for host in values if isinstance(host, str) and not set("*?") & set(host))


def certificate_of(written: Value, estate: Estate) -> Resource | None:
    """The certificate that is named, also by way of its validation; None where it is not made here."""
    for validation in named(estate, written, _VALIDATION):
        written = validation["certificate_arn"]
    return next((item for item in named(estate, written, _CERTIFICATE) if not item.data), None)


def _names(certificate: Resource) -> list[str]:
    """What a certificate is for.

    Raises:
        Undecidable: where a name is not known, or it is imported.
    """
    if certificate.attributes.get("certificate_body"):
        raise Undecidable(f"what the imported certificate {certificate.address} is for is not read")
    names = [certificate["domain_name"], *(certificate.attributes.get("subject_alternative_names") or ())]
    for name in names:
        if not is_known(name):
            raise Undecidable(f"a name of {certificate.address} is not known")
    return [str(name) for name in names]


def _covers(name: str, host: str) -> bool:
    """Whether a certificate for a name is one for a host; a wildcard stands for one label. Source: RFC 6125, 6.4.3."""
    name, host = name.lower(), host.lower()
    return name == host or (name.startswith("*.") and host.partition(".")[2] == name.removeprefix("*."))
