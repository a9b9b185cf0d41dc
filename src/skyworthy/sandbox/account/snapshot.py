"""A snapshot of moto's stores: what every object in them holds, to be put back into the same objects.

Objects keep their identity, so that locks, threads and references from elsewhere stay valid; a deep copy could not
promise that. What is made after the snapshot is dropped with the last reference to it.
"""

import gc
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, TypeAlias
from uuid import UUID

from moto.core.base_backend import BackendDict

Restorer: TypeAlias = Callable[[], None]

_KEPT = (
    *(str, bytes, int, float, complex, type(None), type, datetime, timedelta, UUID, Enum),
    *(ModuleType, FunctionType, BuiltinFunctionType),
    *(threading.Thread, threading.Event, threading.Condition, type(threading.Lock()), type(threading.RLock())),
)
"""Immutable, or nothing of the account's."""


class Snapshot:
    """What the account holds at the moment.

    Args:
        more: further objects whose state belongs to it.
    """

    def __init__(self, more: Iterable[Any] = ()) -> None:
        self._restorers: list[Restorer] = []
        self._known: dict[int, Any] = {}
        """Every object met; kept alive, since an id may be given anew once its object is gone."""
        self._stores = tuple(_stores_in_use())
        with _without_collections():
            pending: list[Any] = [_stores_in_use(), *self._stores, *more]
            while pending:
                pending.extend(self._take(pending.pop()))

    def restore(self) -> None:
        """Put everything back as it was."""
        for store in list(_stores_in_use()):
            if not any(store is known for known in self._stores):
                for account in dict.values(store):
                    account.reset()  # some keep more beside their store: S3, whose bucket it is
                store.clear()
        for restorer in self._restorers:
            restorer()

    def _take(self, value: Any) -> Iterator[Any]:
        """Remember what one object holds, and tell what it refers to."""
        if isinstance(value, _KEPT) or id(value) in self._known:
            return
        self._known[id(value)] = value
        if isinstance(value, MethodType):
            yield value.__self__
            return
        if isinstance(value, tuple | frozenset):
            yield from value
        else:
            yield from self._contents(value)
        fields = getattr(value, "__dict__", None)
        if isinstance(fields, dict):
            copied = dict(fields)
            self._restorers.append(_refill_dict(fields, copied))
            yield from copied.values()

    def _contents(self, value: Any) -> Iterator[Any]:
        if isinstance(value, dict):
            pairs = dict(dict.items(value))
            self._restorers.append(_refill_dict(value, pairs))
            yield from pairs.keys()
            yield from pairs.values()
        elif isinstance(value, list | deque):
            items = tuple(value)
            self._restorers.append(_refill_list(value, items))
            yield from items
        elif isinstance(value, bytearray):
            self._restorers.append(_refill_list(value, tuple(value)))
        elif isinstance(value, set):
            members = tuple(value)
            self._restorers.append(_refill_set(value, members))
            yield from members
        else:
            slots = {name: getattr(value, name) for name in _slots(value.__class__) if hasattr(value, name)}
            if slots:
                self._restorers.append(_refill_slots(value, slots))
                yield from slots.values()


@contextmanager
def _without_collections() -> Iterator[None]:
    """Garbage collections during the walk would take four times as long as the walk itself."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@cache
def _slots(type: type[Any]) -> tuple[str, ...]:
    found: list[str] = []
    for kind in type.__mro__:
        names = kind.__dict__.get("__slots__", ())
        mangled = f"_{kind.__name__.lstrip('_')}"
        found += [
            f"{mangled}{name}" if name.startswith("__") else name
            for name in ((names,) if isinstance(names, str) else names)
            if name not in ("__dict__", "__weakref__")
        ]
    return tuple(found)


def _stores_in_use() -> list[BackendDict[Any]]:
    """moto's own list of the services that hold something."""
    kept: list[BackendDict[Any]] = BackendDict._instances  # type: ignore[misc]
    return kept


def _refill_dict(target: Any, pairs: dict[Any, Any]) -> Restorer:
    # Not the methods of moto's own classes, which do more; but an OrderedDict has an order of its own to keep.
    base = OrderedDict if isinstance(target, OrderedDict) else dict

    def refill() -> None:
        base.clear(target)
        base.update(target, pairs)

    return refill


def _refill_list(target: Any, items: tuple[Any, ...]) -> Restorer:
    def refill() -> None:
        target.clear()
        target.extend(items)

    return refill


def _refill_set(target: Any, members: tuple[Any, ...]) -> Restorer:
    def refill() -> None:
        target.clear()
        for member in members:
            target.add(member)

    return refill


def _refill_slots(target: Any, slots: dict[str, Any]) -> Restorer:
    def refill() -> None:
        for name, value in slots.items():
            object.__setattr__(target, name, value)

    return refill
