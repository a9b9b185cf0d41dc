"""The plainest WebSocket: messages arrive whole, whatever their length."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from skyworthy.sandbox.exec.websocket import WebSocket, WebSocketError, accept_key


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
    give_up = time.monotonic() + 60
    with pytest.raises(OSError, match=r"."):  # the system may take the first bytes
        while time.monotonic() < give_up:
            pair[1].send("anyone?")
