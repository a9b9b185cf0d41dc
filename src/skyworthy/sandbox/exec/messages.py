"""The messages of a Session Manager data channel, the protocol behind ECS Exec.

Source: the message package of https://github.com/aws/session-manager-plugin, AWS's own client.
"""

import hashlib
import json
import struct
import time
import uuid
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

INPUT, OUTPUT = "input_stream_data", "output_stream_data"
ACKNOWLEDGE, CLOSED = "acknowledge", "channel_closed"
_HEAD = struct.Struct("!I32sIQqQ16s32sI")
_LENGTH = struct.Struct("!I")


class Payload(IntEnum):
    """What a stream message carries."""

    NONE = 0
    OUTPUT = 1
    ERROR = 2
    SIZE = 3
    PARAMETER = 4
    HANDSHAKE_REQUEST = 5
    HANDSHAKE_RESPONSE = 6
    HANDSHAKE_COMPLETE = 7
    FLAG = 10


class MessageError(ValueError):
    """Bytes that are no message of the protocol."""


@dataclass(frozen=True)
class Message:
    """One message.

    Args:
        type: ``input_stream_data`` (client to agent), ``output_stream_data``, ``acknowledge`` or ``channel_closed``.
        content: its payload.
        payload: what the payload of a stream message is.
        sequence: number of a stream message, counted on each side from 0.
        flags: 1 for the first of a stream, 2 for the last, 3 for both.
        id: 16 bytes as a UUID.
    """

    type: str
    content: bytes
    payload: int = Payload.NONE
    sequence: int = 0
    flags: int = 0
    id: uuid.UUID = field(default_factory=uuid.uuid4)

    def encode(self) -> bytes:
        """As bytes for the wire."""
        head = _HEAD.pack(
            _HEAD.size,
            self.type.encode().ljust(32),
            1,
            int(time.time() * 1000),
            self.sequence,
            self.flags,
            self.id.bytes[8:] + self.id.bytes[:8],  # the less significant half comes first
            hashlib.sha256(self.content).digest(),
            self.payload,
        )
        return head + _LENGTH.pack(len(self.content)) + self.content

    @property
    def data(self) -> Any:
        """The payload as JSON.

        Raises:
            MessageError: it is none.
        """
        try:
            return json.loads(self.content)
        except ValueError as error:
            raise MessageError(f"the payload of {self.type} is not JSON") from error


def decode(data: bytes) -> Message:
    """A message from bytes.

    Raises:
        MessageError: they are none, or the digest does not match.
    """
    try:
        size, kind, _, _, sequence, flags, number, digest, payload = _HEAD.unpack_from(data)
        (length,) = _LENGTH.unpack_from(data, size)
    except struct.error as error:
        raise MessageError("a message is too short") from error
    content = data[size + 4 : size + 4 + length]
    if len(content) != length or (content and hashlib.sha256(content).digest() != digest):
        raise MessageError("a message is not whole")
    return Message(
        kind.decode().strip(" \0"), content, payload, sequence, flags, uuid.UUID(bytes=number[8:] + number[:8])
    )


def acknowledgement(message: Message) -> Message:
    """What tells the sender that a message has come."""
    content = {
        "AcknowledgedMessageType": message.type,
        "AcknowledgedMessageId": str(message.id),
        "AcknowledgedMessageSequenceNumber": message.sequence,
        "IsSequentialMessage": True,
    }
    return Message(ACKNOWLEDGE, json.dumps(content).encode(), flags=3)


def stream(type: str, payload: Payload, content: object, sequence: int) -> Message:
    """A message of a stream; content other than bytes goes as JSON."""
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Message(type, data, payload, sequence, flags=1 if sequence == 0 else 0)


def closed(session: str, output: str) -> Message:
    """The agent's last message: why the session is over."""
    number = uuid.uuid4()
    content = {
        "MessageId": str(number),
        "CreatedDate": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "DestinationId": "",
        "SessionId": session,
        "MessageType": CLOSED,
        "SchemaVersion": 1,
        "Output": output,
    }
    return Message(CLOSED, json.dumps(content).encode(), id=number)
