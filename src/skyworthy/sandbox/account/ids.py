"""Identifiers that depend on what is created, not on when or in which order.

AWS ids are random; the sandbox derives them from the seed, the call and its parameters. The same Terraform therefore
gives the same ids in every sandbox, whether applied with any parallelism or replayed from a cassette, and a change to
one resource leaves the ids of the others alone.
"""

import hashlib
import random
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from moto.core import base_backend
from moto.moto_api._internal import mock_random

from skyworthy.sandbox.account.calls import Call, canonical

SEED = "skyworthy"


class Identities:
    """Sets the random generators before each call that changes the account."""

    def __init__(self, seed: str = SEED) -> None:
        self.seed = seed
        self._seen: Counter[str] = Counter()

    def prepare(self, call: Call) -> None:
        """Seed the generators for `call`; the same call made again gets other ids."""
        if call.reads:
            return
        params = {name: value for name, value in call.params.items() if name not in call.tokens}
        content = _digest(call.account, call.region, call.name, canonical(params))
        self._seen[content] += 1
        _seed(f"{self.seed}/{content}/{self._seen[content]}")

    def forget(self) -> None:
        """Begin anew, as a fresh account."""
        self._seen.clear()


def install() -> None:
    """Make moto's own stores, and uuid4, follow the seeded generator.

    moto creates a region's store (with its default VPC) at the first call that needs it, whichever that is: its ids
    must not depend on that call, nor the call's ids on whether it came first.
    """
    uuid.uuid4 = mock_random.uuid4
    _isolate(base_backend.AccountSpecificBackend)
    _isolate(base_backend.BackendDict)


def _isolate(store: type[Any]) -> None:
    original = store.__getitem__

    def getitem(self: Any, key: str) -> Any:
        if dict.__contains__(self, key):
            return original(self, key)
        with _aside(f"{SEED}/{store.__name__}/{self.service_name}/{key}"):
            return original(self, key)

    store.__getitem__ = getitem


@contextmanager
def _aside(seed: str) -> Iterator[None]:
    """Run the block with generators of its own."""
    states = mock_random.getstate(), random.getstate()
    _seed(seed)
    try:
        yield
    finally:
        mock_random.setstate(states[0])
        random.setstate(states[1])


def _seed(text: str) -> None:
    number = int(_digest(text), 16)
    mock_random.seed(number)
    random.seed(number)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
