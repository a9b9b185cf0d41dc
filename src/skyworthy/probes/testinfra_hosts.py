"""Makes ``ecs://cluster/service/container`` a host of pytest-testinfra; see ``ecs_exec.py`` for what it can do."""

from collections.abc import Callable
from typing import Any

SCHEME = "ecs"
BACKEND = "skyworthy.probes.ecs_exec.EcsBackend"


def register() -> None:
    """Teach pytest-testinfra the scheme; pytest does this by itself where skyworthy is installed.

    Its list of backends is meant to be added to. Its reader of host names keeps only what stands before the first
    slash, so that one is told to keep all of an address of ours.
    """
    from testinfra import backend

    if SCHEME in backend.BACKENDS:
        return
    backend.BACKENDS[SCHEME] = BACKEND
    read: Callable[[str], tuple[str, dict[str, Any]]] = backend.parse_hostspec

    def parse_hostspec(hostspec: str) -> tuple[str, dict[str, Any]]:
        scheme, found, rest = (hostspec or "").partition("://")
        if found and scheme == SCHEME:
            return rest, {"connection": SCHEME}
        return read(hostspec)

    backend.parse_hostspec = parse_hostspec
