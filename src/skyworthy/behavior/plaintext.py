"""Which plain environment variables hold something secret, by name, by value, or by where the value comes from."""

import re

from skyworthy.estate import Estate, Reference, Resource, Template, Undecidable, Unknown, Value, references

_WORDS = "|".join(
    (
        "PASSWORD",
        "PASSWD",
        "PASSPHRASE",
        "(?:^|[_.-])PASS",
        "(?:^|[_.-])PWD",
        "SECRET",
        "TOKEN",
        "CREDENTIALS?",
        "(?:^|[_.-])DSN",
        *(f"{word}[_.-]?KEY" for word in ("API", "ACCESS", "PRIVATE", "SECRET", "ENCRYPTION", "SIGNING", "MASTER")),
    )
)
_VARIANTS = (
    "VALUES?|PLAIN|PLAINTEXT|TEXT|CLEAR|RAW|STRING|BASE64|B64|OLD|NEW|CURRENT|PREVIOUS|PRIMARY|SECONDARY|DEFAULT|FALLBACK"
    "|BACKUP|TEMP|TMP|TEST|DEV|STAGING|PROD|PRODUCTION|V?\\d+"
)
_NAME = re.compile(rf"(?:{_WORDS})(?:[_.-]?(?:{_VARIANTS}))?$", re.IGNORECASE)
_PUBLIC = re.compile(r"^(NEXT_PUBLIC|REACT_APP|VITE|NUXT_PUBLIC|EXPO_PUBLIC|PUBLIC)_")
_HARMLESS = re.compile(r"(|true|false|yes|no|on|off|none|null|\d+|arn:.*)", re.IGNORECASE)
_VALUE = re.compile(
    r"[a-z][a-z0-9+.-]*://[^/:@\s]*:(?!//)[^@/\s]+@"  # credentials in a URL
    r"|\b(AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|\bgh[pousr]_[A-Za-z0-9]{36}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10}"
    r"|\bsk-[A-Za-z0-9_-]{20}"
    r"|\bAIza[A-Za-z0-9_-]{35}"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.",
    re.IGNORECASE,
)
_POINTERS = re.compile(r"(arn|name|id|url|endpoint|address|path)$")
_SOURCES = {
    "random_password": re.compile(r"result|bcrypt_hash"),
    "tls_private_key": re.compile(r"private_key"),
    "aws_secretsmanager_secret_version": re.compile(r"secret_(string|binary)"),
    "aws_secretsmanager_random_password": re.compile(r"random_password"),
    "aws_iam_access_key": re.compile(r"secret|ses_smtp"),
    "aws_db_instance": re.compile(r"password"),
    "aws_rds_cluster": re.compile(r"master_password"),
    "aws_elasticache_replication_group": re.compile(r"auth_token"),
}
"""Attributes of which a plain environment must not hold the value."""
_TYPE = re.compile(r"(?:^|\.)([a-z0-9]+_[a-z0-9_]+)\.[\w-]+(\[.*\])?$")


def named_like_a_secret(name: str) -> bool:
    """Whether a name, of an environment variable or a Terraform variable, is that of something secret."""
    return bool(_NAME.search(name)) and not _PUBLIC.search(name)


def made_public(name: str) -> bool:
    """Whether a variable is built into what browsers load: ``NEXT_PUBLIC_API_URL``."""
    return _PUBLIC.match(name) is not None


def reason_secret(name: str, value: Value, estate: Estate) -> str:
    """Why a variable of a plain environment is secret; empty where it is not.

    The value itself never stands in the answer.

    Raises:
        Undecidable: where that depends on a value that is not known.
    """
    if source := _secret_source(value):
        return f"it is the {source.attribute} of {source.address}"
    if _VALUE.search(_legible(value)):
        return "its value holds a credential"
    if not _NAME.search(name) or _PUBLIC.match(name) or _is_pointer(value, estate):
        return ""
    return "its name says that it is secret"


def _secret_source(value: Value) -> Reference | None:
    for reference in references(value):
        match = _TYPE.search(reference.address)
        pattern = _SOURCES.get(match[1]) if match else None
        if pattern is not None and pattern.match(reference.attribute):
            return reference
    return None


def _legible(value: Value) -> str:
    """The text with a letter in the place of what is not known; credentials in a URL show all the same."""
    if isinstance(value, Template):
        return "".join(part if isinstance(part, str) else "x" for part in value.parts)
    return value if isinstance(value, str) else ""


def _is_pointer(value: Value, estate: Estate) -> bool:
    """Whether a value only says where a secret is, or is a switch or a number."""
    if isinstance(value, Reference):
        return _POINTERS.search(value.attribute) is not None
    if isinstance(value, Template):
        first = value.parts[0]
        return isinstance(first, str) and first.startswith("arn:")
    if isinstance(value, Unknown):
        return False
    if value is None or isinstance(value, (bool, int, float)) or _HARMLESS.fullmatch(str(value)):
        return True
    return _names_a_secret(str(value), estate)


def _names_a_secret(value: str, estate: Estate) -> bool:
    try:
        found: Resource | None = estate.find(value, "aws_secretsmanager_secret", "aws_ssm_parameter")
    except Undecidable:
        return False
    return found is not None
