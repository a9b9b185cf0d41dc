"""Values of secrets, of which only what must be judged is kept: whether there is one, and whether two are the same."""

import hashlib
import hmac
import json
import re
import secrets
from dataclasses import dataclass
from typing import Any

_SALT = secrets.token_bytes(16)
_DIGEST_BYTES = 6
"""Enough to tell two values apart; too little to be sure of a value that was guessed."""
_PLACEHOLDER = re.compile(
    r"(change|replace|fill|put|insert|set)[-_ ]?(me|this|it|in|here)\b.*|to[-_ ]?do|tbd"
    r"|your[-_ ].*|<.*>|\$\{.*\}|x{3,}|\*{3,}"
    r"|place[-_ ]?holder.*|none|null|undefined|example|secret|password|foo|bar|123456.*",
    re.IGNORECASE | re.DOTALL,
)


def is_placeholder(text: str) -> bool:
    """Whether a value is one that people write until they have a real one, such as ``changeme`` or ``<token>``."""
    return _PLACEHOLDER.fullmatch(text.strip()) is not None


@dataclass(frozen=True, repr=False)
class SecretValue:
    """What is known of a secret value; the value itself is not kept, so nothing can show it.

    True unless the value is empty. ``==`` compares two of them, ``matches`` one with a text.

    Args:
        empty: the value is an empty (or blank) string.
        placeholder: it is one of :func:`is_placeholder`.
        digest: hexadecimal, salted; empty where AWS tells only that there is a value.
        salt: hexadecimal, the salt of the digest.
    """

    empty: bool = False
    placeholder: bool = False
    digest: str = ""
    salt: str = ""

    def __bool__(self) -> bool:
        return not self.empty

    def __repr__(self) -> str:
        return "(secret, empty)" if self.empty else "(secret)"

    def matches(self, text: str) -> bool:
        """Whether the value is this text."""
        return bool(self.digest) and hmac.compare_digest(_digest(text, bytes.fromhex(self.salt)), self.digest)


def conceal(text: str) -> SecretValue:
    """A secret value, as what may be kept of it."""
    return SecretValue(not text.strip(), is_placeholder(text), _digest(text, _SALT), _SALT.hex())


def conceal_document(text: str) -> Any:
    """A ``SecretString`` as JSON object of :class:`SecretValue`s by key, or one where it is not an object."""
    try:
        document = json.loads(text)
    except ValueError:
        return conceal(text)
    if not isinstance(document, dict):
        return conceal(text)
    return {key: conceal(value if isinstance(value, str) else json.dumps(value)) for key, value in document.items()}


def _digest(text: str, salt: bytes) -> str:
    return hashlib.blake2b(text.encode(), digest_size=_DIGEST_BYTES, key=salt).hexdigest()
