"""TLS probes against real servers with certificates made for the test."""

import socket
import ssl
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from skyworthy import declared
from skyworthy.config import BUILT_IN_POLICIES, SmokeSettings
from skyworthy.controls import find_control
from skyworthy.probes.running import RunningService
from skyworthy.probes.tls import Endpoint, explain, look
from skyworthy.verdicts import Outcome, Verdict, judge

NOW = datetime.now(UTC)
HOST = "api.example.test"
Key = ec.EllipticCurvePrivateKey


def name_of(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """A certificate authority of the test's own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.key: Key = ec.generate_private_key(ec.SECP256R1())
        self.name = name_of("Authority of the test")
        made = self._builder(self.name, self.key, NOW - timedelta(days=900), NOW + timedelta(days=900))
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        made = made.add_extension(usage, critical=True)
        self.file = directory / "authority.pem"
        self.file.write_bytes(made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def _builder(self, name: x509.Name, key: Key, begins: datetime, ends: datetime) -> x509.CertificateBuilder:
        public, own = key.public_key(), x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(self.name).public_key(public)
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(begins).not_valid_after(ends)
        return builder.add_extension(own, critical=False).add_extension(issuer, critical=False)

    def issue(self, *names: str, begins: int = -1, days: int = 60, self_signed: bool = False) -> Path:
        """A file of a key and a certificate for names, valid from ``begins`` to ``days`` days from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = [x509.DNSName(each) if each[0].isalpha() else x509.IPAddress(ip_address(each)) for each in names]
        begin, end = NOW + timedelta(days=begins), NOW + timedelta(days=days)
        builder = self._builder(name_of(names[0]), key, begin, end)
        if self_signed:
            builder = x509.CertificateBuilder().subject_name(name_of(names[0])).issuer_name(name_of(names[0]))
            builder = builder.public_key(key.public_key()).serial_number(1).not_valid_before(begin).not_valid_after(end)
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        made = builder.sign(key if self_signed else self.key, hashes.SHA256())
        file = self.directory / f"{made.serial_number}.pem"
        written = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.write_bytes(written + made.public_bytes(serialization.Encoding.PEM))
        return file


@contextmanager
def serving(
    certificate: Path, oldest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
) -> Iterator[int]:
    """A TLS server on loopback, for the duration of the block; gives its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version, context.maximum_version = oldest, newest
    listening = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        while True:
            connection, _ = listening.accept()
            if over.is_set():
                connection.close()
                return
            try:
                with context.wrap_socket(connection, server_side=True) as secure:
                    secure.recv(1)
            except OSError:
                connection.close()  # the client refused

    thread = threading.Thread(target=serve)
    thread.start()
    port = listening.getsockname()[1]
    yield port
    over.set()
    socket.create_connection(("127.0.0.1", port)).close()
    thread.join()
    listening.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def ask(authority: Authority) -> Callable[[int], Endpoint]:
    def asked(port: int) -> Endpoint:
        return look(HOST, port, address="127.0.0.1", authorities=str(authority.file))

    return asked


def test_good_endpoint(authority: Authority, ask: Callable[[int], Endpoint]) -> None:
    with serving(authority.issue(HOST, "www.example.test", "127.0.0.1")) as port:
        seen = ask(port)
    assert (seen.version, seen.failure, seen.distrust, seen.old) == ("TLSv1.3", "", "", ())
    assert seen.names == (HOST, "www.example.test", "127.0.0.1")
    assert seen.days_left(NOW) == pytest.approx(60, abs=0.01)
    assert explain(seen, NOW) == ""


@pytest.mark.parametrize(
    ("issued", "words"),
    [
        ({"begins": -90, "days": -2}, f"its certificate expired on {NOW - timedelta(days=2):%Y-%m-%d}"),
        ({"begins": 2}, f"its certificate is valid from {NOW + timedelta(days=2):%Y-%m-%d} on only"),
        ({"self_signed": True}, "its certificate is not trusted: self-signed certificate"),
    ],
)
def test_certificate_that_nobody_trusts(
    authority: Authority, ask: Callable[[int], Endpoint], issued: dict[str, Any], words: str
) -> None:
    with serving(authority.issue(HOST, **issued)) as port:
        seen = ask(port)
    assert explain(seen, NOW) == words
    assert seen.version == "TLSv1.3"  # looked at all the same


def test_certificate_of_somebody_else(authority: Authority, ask: Callable[[int], Endpoint]) -> None:
    with serving(authority.issue("other.example.test", "more.example.test")) as port:
        seen = ask(port)
    wanted = f"its certificate is for other.example.test, more.example.test, not for {HOST}"
    assert explain(seen, NOW) == wanted


def test_authority_that_is_unknown_here(authority: Authority, tmp_path: Path) -> None:
    with serving(authority.issue(HOST)) as port:
        seen = look(HOST, port, address="127.0.0.1")
    assert "unable to get local issuer certificate" in explain(seen, NOW)


def test_endpoint_that_speaks_only_an_old_protocol(authority: Authority, ask: Callable[[int], Endpoint]) -> None:
    with serving(authority.issue(HOST), ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_1) as port:
        seen = ask(port)
    assert (seen.version, seen.old, seen.expires) == ("", ("TLS 1.1",), None)
    assert seen.failure.startswith("no handshake with TLS 1.2 or newer: ")
    assert seen.failure.endswith("; it speaks TLS 1.1")
    with pytest.raises(ValueError, match="no certificate"):
        seen.days_left(NOW)


def test_endpoint_that_accepts_old_protocols_too(authority: Authority, ask: Callable[[int], Endpoint]) -> None:
    with serving(authority.issue(HOST), ssl.TLSVersion.TLSv1) as port:
        seen = ask(port)
    assert (seen.version, seen.old) == ("TLSv1.3", ("TLS 1.0", "TLS 1.1"))


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    assert look(HOST, port, address="127.0.0.1").failure == "no connection: Connection refused"


def test_endpoint_without_tls(authority: Authority) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

        def answer() -> None:
            for _ in range(3):
                connection, _address = listening.accept()
                with connection:
                    connection.recv(16)
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        seen = look(HOST, port, address="127.0.0.1", authorities=str(authority.file))
        thread.join()
    assert (seen.version, seen.old) == ("", ())
    assert seen.failure == "no handshake with TLS 1.2 or newer: wrong version number"


SERVICE = 'resource "aws_ecs_service" "api" {\n  name = "api"\n  load_balancer {\n    container_name = "api"\n  }\n}\n'


@pytest.fixture
def judged(authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], Verdict]:
    """What a control says of a service that is asked by HTTPS on a port of this machine."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    (tmp_path / "main.tf").write_text(SERVICE)
    estate = declared.read(tmp_path)
    policy = BUILT_IN_POLICIES["production"]

    def judge_it(control: str, port: int) -> Verdict:
        found = find_control(control)
        assert found is not None
        running = RunningService(url=f"https://127.0.0.1:{port}", smoke=SmokeSettings(deadline_seconds=0.1))
        return judge(found, estate.get("aws_ecs_service.api"), estate, policy, root="test", running=running)

    return judge_it


def test_good_endpoint_passes(authority: Authority, judged: Callable[[str, int], Verdict]) -> None:
    with serving(authority.issue("127.0.0.1")) as port:
        for control in ("smoke.certificate", "smoke.tls-version"):
            assert (judged(control, port).outcome, judged(control, port).message) == (Outcome.PASS, "")


@pytest.mark.parametrize(
    ("names", "issued", "message"),
    [
        (("127.0.0.1",), {"days": 10}, "its certificate is valid for 10 more days, at least 30 are demanded"),
        (
            ("127.0.0.1",),
            {"begins": -9, "days": -3},
            f"its certificate expired on {NOW - timedelta(days=3):%Y-%m-%d}",
        ),
        ((HOST,), {}, f"its certificate is for {HOST}, not for 127.0.0.1"),
    ],
)
def test_bad_certificate_fails(
    authority: Authority,
    judged: Callable[[str, int], Verdict],
    names: tuple[str, ...],
    issued: dict[str, Any],
    message: str,
) -> None:
    with serving(authority.issue(*names, **issued)) as port:
        found = judged("smoke.certificate", port)
    assert (found.outcome, found.message) == (Outcome.FAIL, message)


def test_old_protocols_fail(authority: Authority, judged: Callable[[str, int], Verdict]) -> None:
    with serving(authority.issue("127.0.0.1"), ssl.TLSVersion.TLSv1_1) as port:
        found = judged("smoke.tls-version", port)
    assert (found.outcome, found.message) == (Outcome.FAIL, "it accepts TLS 1.1")
    found = judged("smoke.tls-version", port)
    assert (found.outcome, found.message) == (Outcome.FAIL, "no connection: Connection refused")
