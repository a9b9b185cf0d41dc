"""Whose a role or a security group is by the names that the stack gives: told only where they leave no doubt."""

import re
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache

from skyworthy.estate import Resource

_WORD = re.compile(r"[a-z]+")


def strayed(
    user: Resource,
    held: Resource,
    *,
    peers: Iterable[Resource],
    pool: Iterable[Resource],
    users: Mapping[str, Collection[str]],
) -> tuple[Resource, Resource] | None:
    """Whose a thing is that somebody uses although one of his own is there.

    Of two peers, ``web`` and ``worker``, each has words that the other has not. What is called by the words of the
    other alone is the other's; what is called by one's own words alone, and is used by nobody or by the other, is the
    one that was meant.

    Args:
        user: who.
        held: what he uses.
        peers: those of his kind.
        pool: the things of the kind.
        users: address of a thing -> the addresses of all that use it.

    Returns:
        The peer whose thing it is, and the thing that was meant; None where that is not plain.
    """
    candidates = tuple(pool)
    foreign = _words(held) - _words(user)
    for peer in peers if foreign else ():
        if foreign.isdisjoint(_words(peer)):
            continue
        mine, theirs = _words(user) - _words(peer), _words(peer) - _words(user)
        if peer is user or not _is_of(held, theirs, mine):
            continue
        for own in candidates:
            if own is not held and _is_of(own, mine, theirs) and set(users.get(own.address, ())) <= {peer.address}:
                return peer, own
    return None


def _is_of(thing: Resource, words: frozenset[str], others: frozenset[str]) -> bool:
    found = _words(thing)
    return bool(found & words) and not found & others


def _words(resource: Resource) -> frozenset[str]:
    """The words by which the code calls a resource: its modules, label and key."""
    return _words_of(resource.address, resource.type)


@lru_cache(maxsize=1 << 16)
def _words_of(address: str, kind: str) -> frozenset[str]:
    return frozenset(_WORD.findall(address.replace(kind, " ").lower()))
