"""The agent's side of ECS Exec: a command in the environment of a running container, over a data channel.

Sources: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html and, for what passes over it,
https://github.com/aws/session-manager-plugin
"""

import contextlib
import fcntl
import hmac
import json
import os
import pty
import secrets
import shlex
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skyworthy.sandbox.exec.messages import (
    ACKNOWLEDGE,
    CLOSED,
    INPUT,
    OUTPUT,
    Message,
    MessageError,
    Payload,
    acknowledgement,
    closed,
    decode,
    stream,
)
from skyworthy.sandbox.exec.websocket import WebSocket, WebSocketError

AGENT_VERSION = "3.3.40.0"
"""What the agent says its version is: one that speaks of handshakes."""
GOODBYE = 5.0
"""Seconds that a client may take to close the channel after the last message."""
_TERMINAL = Path(__file__).with_name("terminal.py")
_CHUNK = 1024
"""Bytes of output in a message, as the agent sends them."""


@dataclass
class ExecSession:
    """One command to run for one client.

    Args:
        command: as given to ExecuteCommand: words as a POSIX shell splits them, without a shell of its own.
        environment: of the container.
        cwd: of the container's process.
        id: of the session.
        token: what opens its data channel, once.
    """

    command: str
    environment: Mapping[str, str] = field(repr=False)
    cwd: Path
    id: str = field(default_factory=lambda: f"ecs-execute-command-{secrets.token_hex(9)[:17]}")
    token: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)
    _sequence: int = 0
    _expected: int = 0

    def serve(self, channel: WebSocket) -> None:
        """Open the channel, run the command, and close the channel when it has exited or the client is gone."""
        with channel:
            try:
                if self._opened(channel) and self._shaken(channel):
                    self._run(channel)
            except (MessageError, WebSocketError, json.JSONDecodeError, OSError) as error:
                _last_word(channel, closed(self.id, f"Session closed: {error}"))

    def _opened(self, channel: WebSocket) -> bool:
        """Whether the client's first message, a text, bears the token."""
        first = channel.receive()
        given = json.loads(first).get("TokenValue", "") if isinstance(first, str) else ""
        return hmac.compare_digest(str(given).encode(), self.token.encode())

    def _shaken(self, channel: WebSocket) -> bool:
        """Agree on the kind of session."""
        kind = {"SessionType": "InteractiveCommands", "Properties": {}}
        asked = {"ActionType": "SessionType", "ActionParameters": kind}
        self._send(
            channel, Payload.HANDSHAKE_REQUEST, {"AgentVersion": AGENT_VERSION, "RequestedClientActions": [asked]}
        )
        while (message := self._heard(channel)) is not None:
            if message.payload == Payload.HANDSHAKE_RESPONSE:
                refused = message.data.get("Errors")
                if refused:
                    raise MessageError(f"the client refuses the session: {refused}")
                complete = {"HandshakeTimeToComplete": 1_000_000, "CustomerMessage": ""}
                self._send(channel, Payload.HANDSHAKE_COMPLETE, complete)
                return True
        return False

    def _run(self, channel: WebSocket) -> None:
        ours, theirs = pty.openpty()
        try:
            words = shlex.split(self.command)
            locale = "keep" if "LC_CTYPE" in self.environment else "strip"
            child = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_TERMINAL), locale, *words],
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
                env={"TERM": "xterm-256color", **self.environment},
                cwd=self.cwd,
                start_new_session=True,
            )
        finally:
            os.close(theirs)
        listener = threading.Thread(target=self._listen, args=(channel, ours, child), daemon=True)
        listener.start()
        try:
            while data := _read(ours):
                self._send(channel, Payload.OUTPUT, data)
            child.wait()
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
        _last_word(channel, closed(self.id, ""))
        listener.join(GOODBYE)  # the client may still be reading, and closes when it has read that
        channel.close()
        listener.join()
        os.close(ours)

    def _listen(self, channel: WebSocket, terminal: int, child: "subprocess.Popen[bytes]") -> None:
        """Hand the client's input to the command; hang up on the command when the client is gone."""
        try:
            while (message := self._heard(channel)) is not None:
                if message.payload == Payload.SIZE:
                    rows, columns = (int(message.data.get(name, 0)) for name in ("rows", "cols"))
                    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
                elif message.payload == Payload.OUTPUT:  # a client's input bears this type too
                    os.write(terminal, message.content)
                elif message.payload == Payload.FLAG:
                    break  # the client disconnects or terminates
        except (MessageError, WebSocketError, OSError):
            pass  # a client that is not understood is hung up on
        if child.poll() is None:
            child.terminate()

    def _heard(self, channel: WebSocket) -> Message | None:
        """The client's next message, acknowledged; None when it is gone."""
        while True:
            data = channel.receive()
            if data is None:
                return None
            if isinstance(data, str):
                continue
            message = decode(data)
            if message.type == CLOSED:
                return None
            if message.type in (ACKNOWLEDGE, OUTPUT):
                continue
            if message.type == INPUT:
                channel.send(acknowledgement(message).encode())
                if message.sequence >= self._expected:  # else it was sent again
                    self._expected = message.sequence + 1
                    return message

    def _send(self, channel: WebSocket, payload: Payload, content: Any) -> None:
        channel.send(stream(OUTPUT, payload, content, self._sequence).encode())
        self._sequence += 1


def _read(terminal: int) -> bytes:
    """What the command has written next; nothing when it has exited."""
    try:
        return os.read(terminal, _CHUNK)
    except OSError:  # EIO: nobody has the other end open any more
        return b""


def _last_word(channel: WebSocket, message: Message) -> None:
    with contextlib.suppress(OSError):  # the client may go first
        channel.send(message.encode())
