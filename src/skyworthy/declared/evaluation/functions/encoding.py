"""Encodings and digests; JSON keeps computed values in their places."""

import base64
import csv
import hashlib
import io
import json
import urllib.parse
import uuid

from skyworthy.declared.evaluation.functions.table import function
from skyworthy.declared.evaluation.values import (
    Failure,
    Lazy,
    because,
    join_text,
    number_text,
    plain,
    to_text,
)
from skyworthy.declared.json_text import decode_json
from skyworthy.estate.values import Reference, Template, Unknown, Value

_DIGESTS = ("md5", "sha1", "sha256", "sha512")


@function("jsonencode", "nothing")
def jsonencode(value: Value) -> Value:
    """``jsonencode``: text in which blanks stand where their values will stand."""
    return join_text(list(_json_parts(plain(value) if not isinstance(value, Lazy) else because(plain(value)))))


def _json_parts(value: Value) -> "list[str | Reference | Unknown]":
    if isinstance(value, (Reference, Unknown)):
        return ['"', value, '"']
    if isinstance(value, Template):
        inner = [_json_text(part)[1:-1] if isinstance(part, str) else part for part in value.parts]
        return ['"', *inner, '"']
    if isinstance(value, dict):
        items = [[_json_text(key) + ":", *_json_parts(value[key])] for key in sorted(value)]
        return ["{", *_comma_separated(items), "}"]
    if isinstance(value, list):
        return ["[", *_comma_separated([_json_parts(item) for item in value]), "]"]
    if isinstance(value, float):
        return [number_text(value)]
    return [_json_text(value) if isinstance(value, str) else json.dumps(value)]


def _json_text(text: str) -> str:
    """A JSON string with the escapes of Terraform's encoder, which is made to be safe inside HTML."""
    quoted = json.dumps(text, ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        quoted = quoted.replace(character, f"\\u{ord(character):04x}")
    return quoted


def _comma_separated(
    items: "list[list[str | Reference | Unknown]]",
) -> "list[str | Reference | Unknown]":
    result: list[str | Reference | Unknown] = []
    for item in items:
        result += [",", *item] if result else item
    return result


@function("jsondecode", "nothing")
def jsondecode(text: Value) -> Value:
    """``jsondecode``."""
    if isinstance(text, (Reference, Unknown)):
        return because(text)
    try:
        return decode_json(text)
    except ValueError as error:
        raise Failure(f"jsondecode: {error}") from error


@function("yamldecode")
def yamldecode(text: Value) -> Value:
    """``yamldecode``."""
    from skyworthy.declared.yaml_text import decode_yaml  # its parser is loaded only where a stack has YAML

    try:
        return decode_yaml(text)
    except ValueError as error:
        raise Failure(f"yamldecode: {error}") from error


@function("yamlencode", "nothing")
def yamlencode(_: Value) -> Value:
    """``yamlencode`` is not evaluated."""
    return Unknown("yamlencode is not evaluated")


@function("base64encode")
def base64encode(text: Value) -> Value:
    """``base64encode``."""
    return base64.b64encode(to_text(text).encode()).decode()


@function("base64decode")
def base64decode(text: Value) -> Value:
    """``base64decode``."""
    return base64.b64decode(text).decode()


@function("base64gzip")
def base64gzip(_: Value) -> Value:
    """``base64gzip``: the compressed bytes depend on Terraform's build."""
    return Unknown("base64gzip is not evaluated")


@function("urlencode")
def urlencode(text: Value) -> Value:
    """``urlencode``."""
    return urllib.parse.quote_plus(to_text(text))


@function("textencodebase64")
def textencodebase64(text: Value, encoding: Value) -> Value:
    """``textencodebase64``."""
    return base64.b64encode(text.encode(encoding)).decode()


@function("csvdecode")
def csvdecode(text: Value) -> Value:
    """``csvdecode``."""
    return [dict(row) for row in csv.DictReader(io.StringIO(text))]


def _digest(name: str, text: Value) -> "hashlib._Hash":
    return hashlib.new(name, to_text(text).encode(), usedforsecurity=False)


def _enter_digests() -> None:
    for name in _DIGESTS:
        function(name)(lambda text, name=name: _digest(name, text).hexdigest())
        function(f"base64{name}")(lambda text, name=name: base64.b64encode(_digest(name, text).digest()).decode())


_enter_digests()


@function("uuidv5")
def uuidv5(namespace: Value, name: Value) -> Value:
    """``uuidv5``."""
    named = {
        "dns": uuid.NAMESPACE_DNS,
        "url": uuid.NAMESPACE_URL,
        "oid": uuid.NAMESPACE_OID,
        "x500": uuid.NAMESPACE_X500,
    }
    return str(uuid.uuid5(named.get(namespace) or uuid.UUID(namespace), name))


@function("templatestring", "nothing")
def templatestring(*_: Value) -> Value:
    """``templatestring`` is not evaluated."""
    return Unknown("templatestring is not evaluated")
