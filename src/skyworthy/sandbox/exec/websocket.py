"""WebSockets in their plainest form: whole messages over a connected socket, for either side.

Source: RFC 6455.
"""

import base64
import hashlib
import os
import socket
import struct
import threading
from typing import Protocol, Self

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_CONTINUATION, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
LARGEST = 16 * 2**20
"""Bytes of the largest message that is taken."""


class Reader(Protocol):
    """What bytes are read from."""

    def read(self, count: int, /) -> bytes:
        """So many bytes; fewer at the end."""

    def close(self) -> None:
        """Read no more."""


class WebSocketError(Exception):
    """The other side does not speak the protocol."""


def accept_key(key: str) -> str:
    """The `Sec-WebSocket-Accept` that answers a `Sec-WebSocket-Key`."""
    return base64.b64encode(hashlib.sha1((key + _GUID).encode()).digest()).decode()  # noqa: S324 - as the RFC says


class WebSocket:
    """An open WebSocket.

    Args:
        connection: the socket, after the handshake.
        reader: what to read from it by; it may hold bytes that were read already.
        client: whether this is the client's side, which masks what it sends.
    """

    def __init__(self, connection: socket.socket, reader: Reader, *, client: bool) -> None:
        self._connection, self._reader, self._client = connection, reader, client
        self._sending = threading.Lock()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def receive(self) -> str | bytes | None:
        """The next message: text, or bytes; None when the other side is gone.

        Raises:
            WebSocketError: a message is larger than LARGEST.
        """
        kind, content = _TEXT, b""
        while True:
            frame = self._frame()
            if frame is None or frame[1] == _CLOSE:
                return None
            final, code, payload = frame
            if code == _PING:
                self._send(_PONG, payload)
            if code in (_PING, _PONG):
                continue
            kind = code or kind
            content += payload
            if len(content) > LARGEST:
                raise WebSocketError("a message is too large")
            if final:
                return content.decode() if kind == _TEXT else content

    def send(self, message: str | bytes) -> None:
        """Send one message.

        Raises:
            OSError: the other side is gone.
        """
        if isinstance(message, str):
            self._send(_TEXT, message.encode())
        else:
            self._send(_BINARY, message)

    def close(self) -> None:
        """Say goodbye, and close the connection."""
        if self._closed:
            return
        self._closed = True
        try:
            self._send(_CLOSE, struct.pack("!H", 1000))
            self._connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the other side has gone first
        self._reader.close()
        self._connection.close()

    def _frame(self) -> tuple[bool, int, bytes] | None:
        head = self._read(2)
        if head is None:
            return None
        length = head[1] & 0x7F
        if length >= 126:
            size = 2 if length == 126 else 8
            more = self._read(size)
            length = int.from_bytes(more, "big") if more else 0
        if length > LARGEST:
            raise WebSocketError("a frame is too large")
        mask = self._read(4) if head[1] & 0x80 else b""
        payload = self._read(length) if length else b""
        if mask is None or payload is None:
            return None
        return bool(head[0] & 0x80), head[0] & 0x0F, _masked(payload, mask) if mask else payload

    def _read(self, count: int) -> bytes | None:
        try:
            data = self._reader.read(count)
        except (OSError, ValueError):  # closed, here or there
            return None
        return data if len(data) == count else None

    def _send(self, code: int, payload: bytes) -> None:
        size = len(payload)
        bit = 0x80 if self._client else 0
        if size < 126:
            head = struct.pack("!BB", 0x80 | code, bit | size)
        elif size < 2**16:
            head = struct.pack("!BBH", 0x80 | code, bit | 126, size)
        else:
            head = struct.pack("!BBQ", 0x80 | code, bit | 127, size)
        mask = os.urandom(4) if self._client else b""
        with self._sending:
            self._connection.sendall(head + mask + (_masked(payload, mask) if mask else payload))


def _masked(payload: bytes, mask: bytes) -> bytes:
    pad = (mask * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(pad, "big")).to_bytes(len(payload), "big")
