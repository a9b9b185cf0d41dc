"""What differs, in words that show nothing secret."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from skyworthy.behavior.plaintext import named_like_a_secret, reason_secret
from skyworthy.estate import Estate, Reference, Template, Undecidable, Unknown, Value

NOT_SET = "not set"
_LONGEST = 120
_HIDDEN = frozenset({"secret_string", "secret_binary", "auth_token", "master_password", "password", "user_data"})
_NOTHING: Estate = Estate(())


@dataclass(frozen=True)
class Difference:
    """One value that is not as the code says.

    Args:
        path: where, ``default_action[0].redirect.status_code`` or ``tags.Name``.
        declared: what the code says, as text that may be shown; None: the account has something that the code has not.
        observed: what the account has; None: the account lacks something that the code has.
        hidden: neither may be shown.
    """

    path: str
    declared: str | None
    observed: str | None
    hidden: bool = False

    def __str__(self) -> str:
        if self.hidden:
            return f"{self.path} is not as the code says (its value is not shown)"
        if self.observed is None:
            return f"{self.path} lacks {self.declared}"
        if self.declared is None:
            return f"{self.path} has {self.observed}, which the code has not"
        if self.declared == NOT_SET:
            return f"{self.path} is {self.observed}, the code does not set it"
        return f"{self.path} is {self.observed}, the code says {self.declared}"


@dataclass
class Told:
    """What a comparison told.

    Args:
        differences: in reading order.
        blanks: places that could not be compared, because a side does not know them.
    """

    differences: list[Difference] = field(default_factory=list)
    blanks: list[str] = field(default_factory=list)

    def add(self, other: "Told") -> None:
        """Take over what another comparison told."""
        self.differences += other.differences
        self.blanks += other.blanks


def is_secret(path: str, value: Value) -> bool:
    """Whether a value may not be shown, by the place where it stands or by what it is."""
    names = [part.partition("[")[0] for part in path.split(".")]
    if any(name in _HIDDEN for name in names) or (names[-1] == "value" and "environment" in names[:-1]):
        return True
    if isinstance(value, (list, tuple)):
        named = any(isinstance(item, str) and named_like_a_secret(item.partition("=")[0]) for item in value)
        return named or any(is_secret(path, item) for item in value)  # --password, and what follows it
    if isinstance(value, Mapping):
        called = str(value.get("name") or "")
        return any(is_secret(f"{path}.{name}", item) for name, item in value.items()) or named_like_a_secret(called)
    if not isinstance(value, (str, int, float, bool, type(None), Unknown, Reference, Template)):
        return True  # a value of which nothing but a digest was kept
    try:
        return bool(isinstance(value, (str, Template)) and reason_secret(names[-1], value, _NOTHING))
    except Undecidable:
        return True


def words(value: Value) -> str:
    """A value for people, short."""
    if isinstance(value, Mapping) and not value:
        return "an empty block"
    if isinstance(value, Mapping):
        shown = ", ".join(f"{name}: {words(item)}" for name, item in value.items() if not _says_nothing(item))
        return _short(f"{{{shown}}}")
    if isinstance(value, (list, tuple)):
        return _short(f"[{', '.join(words(item) for item in value)}]")
    if value is None or (isinstance(value, str) and not value):
        return NOT_SET
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, Unknown):
        return "(unknown)"
    if isinstance(value, Reference):
        return _short(f"{value.address}.{value.attribute}")
    return _short(" ".join(str(value).split()))


def _says_nothing(value: Value) -> bool:
    if isinstance(value, (Unknown, Reference, Template)):
        return False
    return value is None or (isinstance(value, (str, list, dict)) and not value)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
