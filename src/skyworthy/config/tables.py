"""Reading a TOML file into dataclasses, with messages that name file and line."""

import dataclasses
import re
import tomllib
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from skyworthy.errors import BadInput


class Item(str):
    """A key of a list of tables, and which of its tables is meant.

    Args:
        key: of the list.
        index: from 0.
    """

    nth: int

    def __new__(cls, key: str, index: int) -> "Item":
        """The key, which is equal to itself without the index."""
        made = super().__new__(cls, key)
        made.nth = index
        return made


class Toml:
    """A TOML file and the way to complain about it.

    Args:
        path: the file.

    Raises:
        BadInput: where it cannot be read or is not TOML; with file, and line where the parser tells it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.text = path.read_text("utf-8")
            self.data: dict[str, Any] = tomllib.loads(self.text)
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"{path}: cannot be read: {error}") from error
        except tomllib.TOMLDecodeError as error:
            line = re.search(r"at line (\d+)", str(error))
            raise BadInput(f"{path}{':' + line[1] if line else ''}: not valid TOML: {error}") from error

    def refuse(self, problem: str, *where: str) -> NoReturn:
        """Raise BadInput about the key at a path of table names, with its line."""
        raise BadInput(f"{self.path}:{self.line_of(*where)}: {problem}")

    def line_of(self, *where: str) -> int:
        """The 1-based line on which the last key of a path is set, or the nearest of its tables; 1 if none is found."""
        lines = self.text.splitlines()
        found = 0
        keys = list(where)
        for depth in range(len(where), 0, -1):
            header = re.compile(r"\s*\[+\s*" + r"\s*\.\s*".join(map(_key, where[:depth])) + r"\s*\]+")
            matching = [index for index, line in enumerate(lines) if header.match(line)]
            nth = _index(where[depth - 1])
            if len(matching) > nth:
                found, keys = matching[nth], keys[depth:]
                break
        for key in keys:
            assignment = re.compile(r"(^|[\s{,.])" + _key(key) + r"\s*[=.]")
            found = next(
                (index for index, line in enumerate(lines) if index >= found and assignment.search(line)), found
            )
            if isinstance(key, Item):
                found = _line_of_inline(lines, found, key.nth)
        return found + 1

    def build(self, kind: type, data: Any, *where: str) -> Any:
        """A dataclass from a table: every key must be a field, every value of the field's type.

        Raises:
            BadInput: naming the key, what it may be, and its line.
        """
        if not isinstance(data, Mapping):
            self.refuse(f"{'.'.join(where)} must be a table", *where)
        fields = {item.name: item for item in dataclasses.fields(kind)}
        hints = typing.get_type_hints(kind)
        for key in data:
            if key not in fields or key.startswith("_"):
                allowed = ", ".join(sorted(fields))
                self.refuse(f"unknown key {key!r} in [{'.'.join(where)}]; it takes: {allowed}", *where, key)
        values = {key: self._value(hints[key], value, *where, key) for key, value in data.items()}
        missing = [
            name
            for name, item in fields.items()
            if name not in values
            and item.default is dataclasses.MISSING
            and item.default_factory is dataclasses.MISSING
        ]
        if missing:
            self.refuse(f"[{'.'.join(where)}] needs {', '.join(missing)}", *where)
        return kind(**values)

    def _value(self, hint: Any, value: Any, *where: str) -> Any:
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if origin in (typing.Union, types.UnionType):
            return self._value(next(item for item in arguments if item is not type(None)), value, *where)
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            return self.build(hint, value, *where)
        if origin in (dict, Mapping) or (isinstance(origin, type) and issubclass(origin, Mapping)):
            if not isinstance(value, Mapping):
                self.refuse(f"{where[-1]} must be a table", *where)
            return {key: self._value(arguments[1], item, *where, key) for key, item in value.items()}
        if origin is tuple:
            if not isinstance(value, list):
                self.refuse(f"{where[-1]} must be a list", *where)
            return tuple(
                self._value(arguments[0], item, *where[:-1], Item(where[-1], index)) for index, item in enumerate(value)
            )
        if hint is float and type(value) is int:
            return float(value)
        if hint is not typing.Any and (not isinstance(value, hint) or (hint is int and isinstance(value, bool))):
            self.refuse(f"{where[-1]} must be {_NAMES.get(hint, hint.__name__)}, not {value!r}", *where)
        return value


_NAMES = {str: "a string", int: "a whole number", bool: "true or false", float: "a number"}


def _key(name: str) -> str:
    return rf"[\"']?{re.escape(name)}[\"']?"


def _index(key: str) -> int:
    return key.nth if isinstance(key, Item) else 0


def _line_of_inline(lines: list[str], start: int, nth: int) -> int:
    """The line on which the nth table of an inline list begins; the list's own where it holds no such table."""
    depth = seen = 0
    for index in range(start, len(lines)):
        for character in lines[index]:
            if character == "{":
                if depth == 0 and seen == nth:
                    return index
                seen += depth == 0
                depth += 1
            elif character == "}":
                depth -= 1
            elif character == "]" and depth == 0:
                return start
    return start
