"""A client of Session Manager's data channels: opens one, reads what the command writes, until it is over.

For the sandbox's own sessions (`ws:`) as for those of AWS (`wss:`). Source: AWS's own client,
https://github.com/aws/session-manager-plugin
"""

import json
import os
import socket
import ssl
import time
import uuid
from base64 import b64encode
from contextlib import suppress
from urllib.parse import urlsplit

from skyworthy.sandbox.exec.messages import (
    ACKNOWLEDGE,
    CLOSED,
    INPUT,
    OUTPUT,
    MessageError,
    Payload,
    acknowledgement,
    decode,
    stream,
)
from skyworthy.sandbox.exec.websocket import WebSocket, WebSocketError, accept_key

CLIENT_VERSION = "1.2.0.0"
"""The first one that agents shake hands with."""


class SessionError(Exception):
    """A session did not open, or broke off; the message says why."""


def read_session(stream_url: str, token: str, timeout: float = 60.0) -> bytes:
    """All that a session's command writes to its terminal.

    Args:
        stream_url: as ExecuteCommand and StartSession return it.
        token: as they return it.
        timeout: seconds in which the session must be over.

    Raises:
        SessionError: the channel does not open, breaks off, or is not over in time.
    """
    give_up = time.monotonic() + timeout
    try:
        with _connected(stream_url, timeout) as channel:
            opening = {
                "MessageSchemaVersion": "1.0",
                "RequestId": str(uuid.uuid4()),
                "TokenValue": token,
                "ClientId": str(uuid.uuid4()),
                "ClientVersion": CLIENT_VERSION,
            }
            channel.send(json.dumps(opening))
            return _read(channel, give_up)
    except (OSError, WebSocketError, MessageError) as error:
        raise SessionError(f"the session broke off: {error}") from error


def _read(channel: WebSocket, give_up: float) -> bytes:
    written, expected, shaken = bytearray(), 0, 0
    while time.monotonic() < give_up:
        data = channel.receive()
        if data is None:
            raise SessionError("the session broke off before the command was over")
        if isinstance(data, str):
            continue
        message = decode(data)
        if message.type == CLOSED:
            reason = message.data.get("Output", "")
            if reason and not written:
                raise SessionError(f"the session was closed: {reason}")
            return bytes(written)
        if message.type == ACKNOWLEDGE or message.type != OUTPUT:
            continue
        with suppress(OSError):  # the agent may be gone before all that it said is read
            channel.send(acknowledgement(message).encode())
        if message.sequence < expected:
            continue  # sent again
        expected = message.sequence + 1
        if message.payload == Payload.HANDSHAKE_REQUEST:
            asked = message.data["RequestedClientActions"]
            done = [{"ActionType": each["ActionType"], "ActionStatus": 1, "ActionResult": None} for each in asked]
            answer = {"ClientVersion": CLIENT_VERSION, "ProcessedClientActions": done, "Errors": []}
            channel.send(stream(INPUT, Payload.HANDSHAKE_RESPONSE, answer, shaken).encode())
            shaken += 1
        elif message.payload == Payload.OUTPUT:
            written += message.content
    raise SessionError("the command was not over in time")


def _connected(url: str, timeout: float) -> WebSocket:
    """An open WebSocket."""
    parts = urlsplit(url)
    secure = parts.scheme == "wss"
    host, port = parts.hostname or "", parts.port or (443 if secure else 80)
    connection = socket.create_connection((host, port), timeout)
    if secure:
        connection = ssl.create_default_context().wrap_socket(connection, server_hostname=host)
    key = b64encode(os.urandom(16)).decode()
    head = {
        "Host": f"{host}:{port}",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": key,
        "Sec-WebSocket-Version": "13",
    }
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    lines = [f"GET {target} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items()), "", ""]
    connection.sendall("\r\n".join(lines).encode())
    reader = connection.makefile("rb")
    status = reader.readline().decode("latin-1").strip()
    headers = {}
    while line := reader.readline().strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    if " 101 " not in f"{status} " or headers.get("sec-websocket-accept") != accept_key(key):
        reader.close()
        connection.close()
        raise SessionError(f"the data channel does not open: {status or 'no answer'}")
    return WebSocket(connection, reader, client=True)
