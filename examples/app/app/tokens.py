"""Bearer tokens and passwords, with the standard library alone.

A token is ``<payload>.<signature>``, both base64url: a JSON object with the subject and the expiry (seconds since the
epoch), and its HMAC-SHA256 under SECRET_KEY. It is verified without any stored state.
"""

import base64
import hashlib
import hmac
import json
import os


class TokenError(Exception):
    """The token was not made with this key, was changed, or is past its expiry."""


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _sign(payload: str, key: str) -> str:
    return _encode(hmac.digest(key.encode(), payload.encode(), "sha256"))


def issue(subject: str, key: str, expires: float) -> str:
    """A token for a subject, good until ``expires`` (seconds since the epoch)."""
    payload = _encode(json.dumps({"sub": subject, "exp": int(expires)}).encode())
    return f"{payload}.{_sign(payload, key)}"


def verify(token: str, key: str, now: float) -> str:
    """The subject of a token.

    Raises:
        TokenError: it is not one of ours, or has expired.
    """
    payload, dot, signature = token.partition(".")
    if not dot or not hmac.compare_digest(signature.encode(), _sign(payload, key).encode()):
        raise TokenError("the signature does not match")
    claims = json.loads(_decode(payload))
    if claims["exp"] <= now:
        raise TokenError("the token has expired")
    return str(claims["sub"])


def hash_password(password: str) -> str:
    """A salted scrypt hash, as ``salt$hash`` in hexadecimal."""
    salt = os.urandom(16)
    return f"{salt.hex()}${_scrypt(password, salt).hex()}"


def check_password(password: str, stored: str) -> bool:
    """Whether a password is the one that was hashed."""
    salt, _, digest = stored.partition("$")
    return hmac.compare_digest(_scrypt(password, bytes.fromhex(salt)), bytes.fromhex(digest))


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1)
