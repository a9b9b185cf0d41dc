"""Recorded calls: one mapping each, without credentials and without what differs from run to run."""

import base64
import json
import re
from collections import Counter
from collections.abc import Mapping
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import NAMESPACE_URL, uuid5

from skyworthy.sandbox.account import tags
from skyworthy.sandbox.account.calls import Call, canonical

_DROPPED = frozenset({"x-amz-date", "x-amz-security-token", "x-amz-content-sha256", "x-amz-user-agent"})
_KEPT = re.compile(r"^(content-type|content-encoding|x-amz-(?!checksum-|sdk-checksum).*)$")
_SIGNED = (
    "AWS4-HMAC-SHA256 Credential=testing/20000101/{region}/{scope}/aws4_request, SignedHeaders=host, Signature=none"
)


class Tape:
    """Keeps the calls that changed the account while recording is on."""

    def __init__(self) -> None:
        self.recording = False
        self.entries: list[dict[str, Any]] = []
        self._tokens: Counter[str] = Counter()

    def forget(self) -> None:
        """Recording off, and nothing kept: what was recorded belonged to an account that is no more."""
        self.recording = False
        self.entries.clear()
        self._tokens.clear()

    def with_fixed_tokens(self, call: Call, environ: Mapping[str, Any], body: bytes) -> bytes:
        """The body with the client's random tokens replaced by ones derived from the rest of it.

        Some services make the token the id of what they create (Secrets Manager: the version), and a recording must not
        differ from the one before for no reason.

        Args:
            call: the call.
            environ: its WSGI environment.
            body: its body.
        """
        decoded = _decoded(body, str(environ.get("CONTENT_TYPE", "")))
        fields = decoded.get("form", decoded.get("json"))
        present = sorted(call.tokens & set(fields)) if isinstance(fields, dict) else []
        if not present or fields is None:
            return body
        rest = call.name + canonical({name: value for name, value in call.params.items() if name not in call.tokens})
        self._tokens[rest] += 1
        for token in present:
            fields[token] = str(uuid5(NAMESPACE_URL, f"{rest}/{self._tokens[rest]}"))
        return _encoded(decoded)

    def record(self, call: Call, environ: Mapping[str, Any], body: bytes) -> None:
        """Keep one call.

        The entry holds `call`, `region`, `scope` (the signature's service), `headers` and, where they differ from a
        POST to /, `method`, `path` and `query`; the body is kept decoded as `form` or `json`, else as `text` or
        `base64`.

        Args:
            call: the call.
            environ: its WSGI environment.
            body: its body.
        """
        if not self.recording:
            return
        entry: dict[str, Any] = {"call": call.name, "region": call.region, "scope": _scope(environ)}
        if environ["REQUEST_METHOD"] != "POST":
            entry["method"] = environ["REQUEST_METHOD"]
        path, _, query = str(environ.get("RAW_URI") or environ.get("REQUEST_URI") or environ["PATH_INFO"]).partition(
            "?"
        )
        if path != "/":
            entry["path"] = path
        if query:
            entry["query"] = query
        entry["headers"] = _headers(environ)
        entry.update(tags.in_order(_decoded(body, str(environ.get("CONTENT_TYPE", "")))))
        self.entries.append(entry)

    def request(self, entry: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
        """The WSGI environment and body that an entry stands for."""
        body = _encoded(entry)
        path, query = entry.get("path", "/"), entry.get("query", "")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": entry.get("method", "POST"),
            "PATH_INFO": _unquoted(path),
            "QUERY_STRING": query,
            "RAW_URI": path + ("?" + query if query else ""),
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "127.0.0.1",
            "HTTP_AUTHORIZATION": _SIGNED.format(region=entry["region"], scope=entry["scope"]),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": BytesIO(body),
            "wsgi.url_scheme": "http",
        }
        environ["REQUEST_URI"] = environ["RAW_URI"]
        for name, value in entry.get("headers", {}).items():
            key = name.upper().replace("-", "_")
            environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
        return environ, body


def _scope(environ: Mapping[str, Any]) -> str:
    return str(environ["HTTP_AUTHORIZATION"]).split("Credential=", 1)[1].split("/")[3]


def _headers(environ: Mapping[str, Any]) -> dict[str, str]:
    named = {key.removeprefix("HTTP_").replace("_", "-").lower(): value for key, value in environ.items()}
    return {
        name: str(named[name]) for name in sorted(named) if _KEPT.match(name) and name not in _DROPPED and named[name]
    }


def _decoded(body: bytes, content_type: str) -> dict[str, Any]:
    if not body:
        return {}
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode()}
    if content_type.startswith("application/x-www-form-urlencoded"):
        return {"form": dict(parse_qsl(text, keep_blank_values=True))}
    if "json" in content_type:
        return {"json": json.loads(text)}
    return {"text": text}


def _encoded(entry: Mapping[str, Any]) -> bytes:
    if "form" in entry:
        return urlencode(entry["form"]).encode()
    if "json" in entry:
        return json.dumps(entry["json"]).encode()
    if "base64" in entry:
        return base64.b64decode(entry["base64"])
    return str(entry.get("text", "")).encode()


def _unquoted(path: str) -> str:
    from urllib.parse import unquote_to_bytes

    return unquote_to_bytes(path).decode("latin-1")
