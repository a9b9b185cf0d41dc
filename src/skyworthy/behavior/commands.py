"""On which ports a container's own command line tells its program to listen; only what is clear is told."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import suppress
from typing import Any

from skyworthy.behavior.secrets import environment
from skyworthy.behavior.tasks import ports
from skyworthy.estate import Undecidable, Value

_OPTION = re.compile(
    r"-{1,2}(?:D?server\.|(?:app|http|listen|server|web)[-_.]?)?(?P<kind>port|bind|listen|addr|address|b)",
    re.IGNORECASE,
)
"""Options by which a program is told where to listen: ``--port``, ``--bind``, ``-Dserver.port``, ``--http-addr``."""
_SHORT = {
    "-p": {"daphne", "flask", "next", "puma", "rails", "serve"},
    "-l": {"serve"},
    "-S": {"php"},
}
"""Options that say so of some programs only."""
_BEFORE = ("http.server", "runserver")
"""Words behind which a port stands by itself."""
_SOCKET = re.compile(
    r"(?:tcp://)?(?P<host>0\.0\.0\.0|\*|\[::\]|127\.0\.0\.1|localhost|\[::1\]|):(?P<port>\d{2,5})(\?.*)?"
)
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")
"""Where only the containers of the same task can connect."""
_HOST = ("--host", "--hostname")
_LOCAL_UNLESS_TOLD = {"flask": "FLASK_RUN_HOST", "uvicorn": "UVICORN_HOST"}
"""Programs that listen on loopback unless an option, or this variable, says otherwise.

Sources: https://www.uvicorn.org/settings/, https://flask.palletsprojects.com/en/stable/cli/
"""
_SHELLS = ("sh", "bash", "ash", "dash")
_NEXT_COMMAND = re.compile(r"&&|\|\|?|;|\n")
_VARIABLE = re.compile(r"\$(\{(?P<braced>\w+)(:?-(?P<default>[^}]*))?\}|(?P<plain>\w+))")


def told_ports(definition: Mapping[str, Any]) -> frozenset[int]:
    """The ports that the command line of a container tells its program to listen on; none where it says no such thing.

    Understood are ``--port 8000``, ``--bind=0.0.0.0:8000`` and their like, ``0.0.0.0:8000`` by itself, and the short
    options of well-known programs; of a shell's commands the last one, which stays, with the plain variables in it.
    What listens on loopback is left out: it serves another container of its task.
    """
    return frozenset(port for host, port in _listening(definition) if host not in _LOOPBACK)


def loopback_ports(definition: Mapping[str, Any]) -> frozenset[int]:
    """The ports on which a container's program is told to listen for the containers of its own task alone."""
    return frozenset(port for host, port in _listening(definition) if host in _LOOPBACK)


def _listening(definition: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Where a program is told to listen: host, empty where none is said, and port."""
    words = _words(definition)
    names = {word.rpartition("/")[2] for word in words}
    everywhere = _host(words, names, definition)
    for before, word in zip(("", *words), words, strict=False):
        option, equals, value = word.partition("=")
        option, given = (option, value) if equals else (before, word)
        told = _OPTION.fullmatch(option)
        own = option in _BEFORE or bool(names & _SHORT.get(option, set()))
        socket = _SOCKET.fullmatch(given)
        lone = socket is not None and not equals and socket["host"] not in ("", *_LOOPBACK)
        if socket is not None and (told or own or lone):
            yield socket["host"] or everywhere, int(socket["port"])
        elif (own or (told and told["kind"] != "b")) and given.isdecimal():
            yield everywhere, int(given)


def _host(words: Sequence[str], names: Set[str], definition: Mapping[str, Any]) -> str:
    """The host that a command line names beside the port, or the one that its program takes by itself."""
    for before, word in zip(("", *words), words, strict=False):
        option, equals, value = word.partition("=")
        if (option if equals else before) in _HOST:
            return value if equals else word
    variables = [name for program, name in _LOCAL_UNLESS_TOLD.items() if program in names]
    with suppress(Undecidable):
        return _LOOPBACK[0] if variables and variables[0] not in environment(definition) else ""
    return ""


def command_problem(definition: Mapping[str, Any]) -> str | None:
    """What is wrong with the ports that a container's command line names.

    Args:
        definition: the container.

    Returns:
        A clause; empty where the container opens one of them; None where none is named, or the container opens none:
        another one of the task may stand before it.

    Raises:
        Undecidable: where it is not known which ports the container opens.
    """
    told = told_ports(definition)
    opened = ports(definition) if told else []
    if not told or not opened:
        return None
    named, listed = (", ".join(map(str, sorted(found))) for found in (told, opened))
    return "" if told & set(opened) else f"its command listens on {named}, and the container opens {listed}"


def _words(definition: Mapping[str, Any]) -> list[str]:
    """The words of a container's command line; of what it hands to a shell the last command's."""
    lists = [definition.get(field) for field in ("entryPoint", "command")]
    found = [word for item in lists if isinstance(item, (list, tuple)) for word in item]
    words = [word if isinstance(word, str) else "" for word in found]  # one that is not known hides no other one
    for place, word in enumerate(words[:-2]):
        option = words[place + 1]
        if word.rpartition("/")[2] in _SHELLS and option.startswith("-") and option.endswith("c"):
            return _last_command(words[place + 2], definition)
    return words


def _last_command(script: str, definition: Mapping[str, Any]) -> list[str]:
    given: dict[str, Value] = {}
    with suppress(Undecidable):
        given = environment(definition)

    def text(variable: "re.Match[str]") -> str:
        value = given.get(variable["braced"] or variable["plain"], variable["default"])
        return value if isinstance(value, str) else variable[0]

    last = [part for part in _NEXT_COMMAND.split(script) if part.strip()][-1:]
    try:
        return [word for part in last for word in shlex.split(_VARIABLE.sub(text, part))]
    except ValueError:  # a quotation over several commands
        return []
