"""Strings that look like credentials, by the rules of ``credentials.toml``.

What is found is told by place, kind and fingerprint; the string itself never leaves this module.
"""

import hashlib
import math
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from skyworthy.config.tables import Toml

ALLOWED_FILE = "allowed-credentials.toml"
_BINARY = 8000
"""A file with a NUL among its first bytes is binary, as git takes it."""


@dataclass(frozen=True)
class Rule:
    """One kind of credential; see ``credentials.toml``."""

    id: str
    title: str
    regex: "re.Pattern[bytes]"
    words: tuple[bytes, ...]
    entropy: float
    mixed: bool
    before: "re.Pattern[bytes] | None"


@dataclass(frozen=True)
class Found:
    """A string that looks like a credential.

    Args:
        rule: id of its kind.
        line: 1-based.
        fingerprint: the first 16 digits of its SHA-256.
    """

    rule: str
    line: int
    fingerprint: str

    @property
    def title(self) -> str:
        """What it is, for people."""
        return next(rule.title for rule in rules() if rule.id == self.rule)


@dataclass(frozen=True)
class Allowed:
    """One ``[[allowed]]`` table: a string that is no credential, or one that is dead.

    Args:
        fingerprint: as the finding tells it.
        reason: why it may stay.
    """

    fingerprint: str
    reason: str


def search(content: bytes) -> Iterator[Found]:
    """What looks like a credential in a file; nothing in a binary one. The same string is told once a file."""
    if b"\0" in content[:_BINARY]:
        return
    lowered = content.lower()
    seen = set()
    for rule in rules():
        if not any(word in lowered for word in rule.words):
            continue
        for match in rule.regex.finditer(content):
            value = match["value"] if "value" in rule.regex.groupindex else match[0]
            mark = hashlib.sha256(value).hexdigest()[:16]
            start = _start(content, match.start(), rule)
            if start is None or mark in seen or not _is_credential(value, rule) or _is_harmless(content, start):
                continue
            seen.add(mark)
            yield Found(rule.id, content.count(b"\n", 0, match.start()) + 1, mark)


@cache
def rules() -> tuple[Rule, ...]:
    """The kinds of credentials."""
    return tuple(
        Rule(
            item["id"],
            item["title"],
            re.compile(item["regex"].encode()),
            tuple(word.encode() for word in item["words"]),
            item.get("entropy", 0.0),
            item.get("mixed", False),
            re.compile(item["before"].encode()) if "before" in item else None,
        )
        for item in tomllib.loads(_text())["rule"]
    )


@cache
def identity() -> str:
    """Changes when the rules do; part of the key of stored results."""
    return hashlib.sha256(_text().encode()).hexdigest()[:16]


def load_allowed(path: Path) -> tuple[Allowed, ...]:
    """The strings that may stay; none where there is no such file.

    Raises:
        BadInput: a malformed file or an empty reason, with file and line.
    """
    if not path.exists():
        return ()
    toml = Toml(path)
    tables = toml.data.get("allowed", [])
    if not isinstance(tables, list) or set(toml.data) - {"allowed"}:
        toml.refuse("it holds [[allowed]] tables and nothing else", *sorted(set(toml.data) - {"allowed"})[:1])
    made: list[Allowed] = [toml.build(Allowed, table, "allowed") for table in tables]
    for item in made:
        if not re.fullmatch(r"[0-9a-f]{16}", item.fingerprint) or not item.reason.strip():
            toml.refuse(f"{item.fingerprint!r} must be 16 hexadecimal digits with a reason", "allowed")
    return tuple(made)


@cache
def _text() -> str:
    return (files("skyworthy.repository") / "credentials.toml").read_text("utf-8")


@cache
def _never() -> "re.Pattern[bytes]":
    return re.compile(str(tomllib.loads(_text())["never"]).encode())


def _start(content: bytes, start: int, rule: Rule) -> int | None:
    """Where a match begins, with the name before it where the rule wants one; None where that is another name."""
    if rule.before is None:
        return start
    line = max(0, start - 120)
    found = rule.before.search(content[line:start])
    return line + found.start() if found else None


def _is_harmless(content: bytes, start: int) -> bool:
    """Whether the name in which a match begins is that of a token which opens nothing."""
    name = re.search(rb"[\w-]*$", content[max(0, start - 40) : start])
    rest = re.match(rb"[\w-]*", content[start : start + 40])
    return bool(name and rest and _harmless_names().search(name[0] + rest[0]))


@cache
def _harmless_names() -> "re.Pattern[bytes]":
    return re.compile(str(tomllib.loads(_text())["names"]).encode())


def _is_credential(value: bytes, rule: Rule) -> bool:
    if _never().search(value) or (rule.mixed and not _is_mixed(value)):
        return False
    return not rule.entropy or _entropy(value) >= rule.entropy


def _is_mixed(value: bytes) -> bool:
    """Letters and digits in several turns, as chance throws them; an identifier or a path has one or two."""
    turns = re.findall(rb"[a-z]+|[A-Z]+|[0-9]+", value)
    return bool(re.search(rb"[0-9]", value) and re.search(rb"[A-Za-z]", value)) and len(turns) >= len(value) / 5


def _entropy(value: bytes) -> float:
    """Shannon entropy, bits per character."""
    return -sum(n / len(value) * math.log2(n / len(value)) for n in Counter(value).values())
