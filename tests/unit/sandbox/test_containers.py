"""Ports that are allotted, what processes use, and the plainest WebSocket."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from skyworthy.sandbox import measures
from skyworthy.sandbox.containers import LOOPBACK, free_port, own_address, release
from skyworthy.sandbox.measures import Usage, process_table, usage
from skyworthy.sandbox.websocket import WebSocket, WebSocketError, accept_key


def test_ports_differ_from_each_other_and_from_those_of_other_processes() -> None:
    code = (
        "from skyworthy.sandbox.containers import free_port\n"
        "print(*(free_port() for _ in range(200)), flush=True)\ninput()\n"
    )
    other = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    theirs = [int(word) for word in other.stdout.readline().split()]
    ours = [free_port() for _ in range(200)]
    try:
        assert len({*ours, *theirs}) == 400
        with socket.socket() as listener:
            listener.bind((LOOPBACK, ours[0]))
    finally:
        for port in ours:
            release(LOOPBACK, port)
        other.communicate("\n")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8")
def test_servers_get_the_wanted_port_at_an_address_of_their_own() -> None:
    places = [own_address(5432) for _ in range(20)]
    try:
        assert {port for _, port in places} == {5432}
        assert len({host for host, _ in places}) == 20
    finally:
        for place in places:
            release(*place)


def test_port_of_root_gives_way_to_a_free_one() -> None:
    if os.geteuid() == 0:
        pytest.skip("root may listen anywhere")
    host, port = own_address(80)
    release(host, port)
    assert (host, port >= 1024) == (LOOPBACK, True)


# Computes for a while in a child of its own and holds 50 MB there, then waits for the end of its input.
BUSY = """
import subprocess, sys
code = "held = bytearray(50_000_000); n = 0\\nwhile n < 3_000_000: n += 1\\nprint('done', flush=True); input()"
child = subprocess.Popen([sys.executable, "-c", code], stdin=sys.stdin)
child.wait()
"""


@pytest.fixture(scope="module")
def busy() -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-c", BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "done\n"
    yield process.pid
    process.communicate("\n")


def test_usage_counts_what_a_process_has_started(busy: int) -> None:
    used = usage(busy, process_table())
    assert used.cpu_seconds > 0.05
    assert used.memory > 50_000_000


def test_ps_tells_the_same_as_proc(busy: int) -> None:
    by_ps, by_proc = usage(busy, measures._from_ps()), usage(busy, process_table())
    assert abs(by_ps.memory - by_proc.memory) < 1_000_000
    assert abs(by_ps.cpu_seconds - by_proc.cpu_seconds) <= 2  # ps tells whole seconds of each process


def test_process_that_is_gone_uses_nothing() -> None:
    assert usage(2**30, process_table()) == Usage()


@pytest.mark.parametrize(
    ("text", "seconds"), [("00:00:07", 7.0), ("0:01.50", 1.5), ("1-02:03:04", 93784.0), ("12:34.56", 754.56)]
)
def test_times_of_ps(text: str, seconds: float) -> None:
    assert measures._seconds(text) == seconds


@pytest.fixture
def pair() -> Iterator[tuple[WebSocket, WebSocket]]:
    """A client's and a server's side."""
    ends = socket.socketpair()
    sides = [WebSocket(end, end.makefile("rb"), client=index == 0) for index, end in enumerate(ends)]
    yield sides[0], sides[1]
    for side in sides:
        side.close()


@pytest.mark.parametrize("message", ["", "text ünïcode", b"\x00\xff", b"x" * 126, b"y" * 70_000, "z" * 200_000])
def test_messages_arrive_whole_both_ways(pair: tuple[WebSocket, WebSocket], message: str | bytes) -> None:
    for sender, receiver in (pair, pair[::-1]):
        sending = threading.Thread(target=sender.send, args=(message,))
        sending.start()
        assert receiver.receive() == message
        sending.join()


def test_fragments_and_pings_are_understood() -> None:
    ours, theirs = socket.socketpair()
    with theirs, WebSocket(ours, ours.makefile("rb"), client=True) as side:
        theirs.sendall(b"\x01\x03one" + b"\x89\x02hi" + b"\x80\x03two")
        assert side.receive() == "onetwo"
        pong = theirs.recv(100)
        assert pong[0] == 0x8A
        assert len(pong) == 8
        theirs.sendall(b"\x88\x00")
        assert side.receive() is None


def test_frame_that_is_too_large_is_refused() -> None:
    ours, theirs = socket.socketpair()
    with theirs, WebSocket(ours, ours.makefile("rb"), client=False) as side:
        theirs.sendall(b"\x82\x7f" + (2**40).to_bytes(8, "big"))
        with pytest.raises(WebSocketError):
            side.receive()


def test_key_of_the_standards_example() -> None:
    """RFC 6455, section 1.3."""
    assert accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYG" + "zzhZRbK+xOo="


def test_other_side_that_is_gone_is_noticed(pair: tuple[WebSocket, WebSocket]) -> None:
    pair[0].close()
    assert pair[1].receive() is None
    give_up = time.monotonic() + 10
    with pytest.raises(OSError, match=r"."):  # the system may take the first bytes
        while time.monotonic() < give_up:
            pair[1].send("anyone?")
