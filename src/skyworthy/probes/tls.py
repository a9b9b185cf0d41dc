"""What a TLS endpoint shows: protocol, chain, names and days left of its certificate, old protocols that it accepts.

Sources: https://datatracker.ietf.org/doc/html/rfc8996 (TLS 1.0 and 1.1 must not be used) and
https://datatracker.ietf.org/doc/html/rfc9525 (names of a service).
"""

import socket
import ssl
import time
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509

from skyworthy.probes.results import Attempt, attempts_until

OLD = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)
"""Protocols that nobody may accept any longer."""
_NAMES = {ssl.TLSVersion.TLSv1: "TLS 1.0", ssl.TLSVersion.TLSv1_1: "TLS 1.1"}
_SHOWN_NAMES = 5


@dataclass(frozen=True)
class Endpoint:
    """What a TLS endpoint shows.

    Args:
        host: who was asked, as certificates name it.
        port: of it.
        version: what is spoken with a client of today, ``TLSv1.3``; empty: nothing is.
        failure: why nothing is spoken with a client of today, or nothing at all; empty where something is.
        distrust: why a client does not trust the certificate; empty where it does.
        names: whom the certificate is for.
        begins: when it begins to be valid, UTC; None where no certificate was seen.
        expires: when it ends to be valid, UTC; None where no certificate was seen.
        old: protocols before TLS 1.2 that are accepted, where this machine can speak them.
    """

    host: str
    port: int
    version: str = ""
    failure: str = ""
    distrust: str = ""
    names: tuple[str, ...] = ()
    begins: datetime | None = None
    expires: datetime | None = None
    old: tuple[str, ...] = ()

    def days_left(self, now: datetime) -> float:
        """Days until the certificate ends to be valid; negative afterwards.

        Raises:
            ValueError: no certificate was seen.
        """
        if self.expires is None:
            raise ValueError(f"no certificate of {self.host}:{self.port} was seen: {self.failure}")
        return (self.expires - now).total_seconds() / 86400


def look(
    host: str,
    port: int = 443,
    *,
    address: str = "",
    authorities: str | None = None,
    timeout: float = 5.0,
    deadline: float = 0.0,
) -> Endpoint:
    """Shake hands with an endpoint as a client of today, and see what else it would accept.

    Args:
        host: the name that its certificate must bear.
        port: where it listens.
        address: where to connect, if that is not the host.
        authorities: file of the authorities to trust; None: those of this machine.
        timeout: seconds for one handshake.
        deadline: seconds in which it must begin to listen; 0: it does now or never.

    Returns:
        What was seen; an endpoint that does not answer has a ``failure``.
    """
    where = (address or host, port)
    seen: list[tuple[str, str, bytes, str]] = []

    def ask() -> Attempt:
        start = time.monotonic()
        seen.append(_shake(where, host, authorities, timeout))
        refused = seen[-1][3]
        return Attempt(time.monotonic() - start, refused, final=not refused.startswith("no connection"))

    attempts_until(ask, deadline)
    version, distrust, certificate, failure = seen[-1]
    if failure.startswith("no connection"):
        return Endpoint(host, port, failure=failure)
    old = tuple(_NAMES[each] for each in OLD if _accepts(where, host, each, timeout))
    if not certificate:
        spoken = f"; it speaks {' and '.join(old)}" if old else ""
        return Endpoint(host, port, failure=f"no handshake with TLS 1.2 or newer: {failure}{spoken}", old=old)
    names, begins, expires = _told_by(certificate)
    return Endpoint(host, port, version, "", distrust, names, begins, expires, old)


def explain(endpoint: Endpoint, now: datetime) -> str:
    """Why the certificate of an endpoint is not trusted, in words that tell what to do; empty where it is."""
    if not endpoint.distrust:
        return ""
    if endpoint.expires is not None and endpoint.expires < now:
        return f"its certificate expired on {endpoint.expires:%Y-%m-%d}"
    if endpoint.begins is not None and endpoint.begins > now:
        return f"its certificate is valid from {endpoint.begins:%Y-%m-%d} on only"
    if "ostname mismatch" in endpoint.distrust or "IP address mismatch" in endpoint.distrust:
        shown = ", ".join(endpoint.names[:_SHOWN_NAMES]) or "nobody"
        return f"its certificate is for {shown}, not for {endpoint.host}"
    return f"its certificate is not trusted: {endpoint.distrust}"


def _shake(where: tuple[str, int], host: str, authorities: str | None, timeout: float) -> tuple[str, str, bytes, str]:
    """Version, reason for distrust, certificate, failure; the certificate is seen without trust, too."""
    try:
        version, certificate = _handshake(where, host, ssl.create_default_context(cafile=authorities), timeout)
    except ssl.SSLCertVerificationError as error:
        distrust = error.verify_message or str(error)
    except ssl.SSLError as error:
        return "", "", b"", _reason(error)
    except OSError as error:
        return "", "", b"", f"no connection: {error.strerror or error}"
    else:
        return version, "", certificate, ""
    try:
        version, certificate = _handshake(where, host, _trusting(), timeout)
    except OSError as error:
        return "", "", b"", str(error)
    return version, distrust, certificate, ""


def _trusting() -> ssl.SSLContext:
    """A context that looks at any certificate; nothing is sent through it."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _handshake(where: tuple[str, int], host: str, context: ssl.SSLContext, timeout: float) -> tuple[str, bytes]:
    context.minimum_version = max(context.minimum_version, ssl.TLSVersion.TLSv1_2)
    with (
        socket.create_connection(where, timeout) as connection,
        context.wrap_socket(connection, server_hostname=host) as secure,
    ):
        return secure.version() or "", secure.getpeercert(binary_form=True) or b""


def _accepts(where: tuple[str, int], host: str, version: ssl.TLSVersion, timeout: float) -> bool:
    """Whether a client that speaks one old protocol only is served."""
    context = _trusting()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # that it is old is what is asked
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = version
        with (
            socket.create_connection(where, timeout) as connection,
            context.wrap_socket(connection, server_hostname=host) as secure,
        ):
            return secure.version() is not None
    except (OSError, ValueError):  # refused there, or not spoken here
        return False


def _told_by(certificate: bytes) -> tuple[tuple[str, ...], datetime, datetime]:
    read = x509.load_der_x509_certificate(certificate)
    try:
        alternative = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        names: tuple[str, ...] = ()
    else:
        addresses = alternative.get_values_for_type(x509.IPAddress)
        names = (*alternative.get_values_for_type(x509.DNSName), *map(str, addresses))
    return names, read.not_valid_before_utc, read.not_valid_after_utc


def _reason(error: ssl.SSLError) -> str:
    return (error.reason or str(error)).replace("_", " ").lower()


def now() -> datetime:
    """This moment, UTC."""
    return datetime.now(UTC)
