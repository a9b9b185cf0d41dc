"""What we know of a stack ourselves: which of checkov's checks a control of ours has judged on which resource."""

import re
from collections.abc import Iterable
from dataclasses import replace

from skyworthy.checkov.findings import Finding
from skyworthy.controls import STACK, Control
from skyworthy.estate import Estate, Resource, references
from skyworthy.verdicts import Outcome, Verdict

_JUDGED = frozenset({Outcome.PASS, Outcome.FAIL, Outcome.WAIVED, Outcome.NOT_APPLICABLE})
_INDEX = re.compile(r"\[[^\]]*\]")
_ORDER = list(Outcome)
_RESOURCE = re.compile(r"(^|\.)aws_\w+\.[\w-]+(\[[^\]]*\])?$")


def worst(verdicts: Iterable[Verdict]) -> Iterable[Verdict]:
    """One verdict a key, the worst: checkov repeats a check for each statement of a policy."""
    found: dict[tuple[str, str, str, str], Verdict] = {}
    for verdict in verdicts:
        found[verdict.key] = _worse(found.get(verdict.key), verdict)
    return found.values()


class Stack:
    """Our verdicts and resources, asked by check and address.

    Args:
        own: verdicts of our controls; those of other roots and lenses are not looked at.
        root: the root's name.
        controls: the catalogue.
        estate: the declared estate, where there is one.
    """

    def __init__(
        self, own: Iterable[Verdict], *, root: str, controls: Iterable[Control], estate: Estate | None
    ) -> None:
        self._estate = estate
        self._joined = _joined(estate or ())
        self._bases = {_base(resource.address) for resource in estate or ()}
        self._undecided = {_base(note.address) for note in (estate.notes if estate else ()) if note.address}
        checks = {control.id: [ref for ref in control.refs if ref.startswith("CKV")] for control in controls}
        self._verdicts: dict[tuple[str, str], Verdict] = {}
        for verdict in own:
            if verdict.lens == "declared" and verdict.root == root and verdict.outcome in _JUDGED:
                for check in checks.get(verdict.control, ()):
                    for address in {verdict.address, _base(verdict.address)}:
                        key = (check, address)
                        self._verdicts[key] = _worse(self._verdicts.get(key), verdict)

    def placed(self, finding: Finding) -> Finding | None:
        """The finding at the address that Terraform gives it; None where it is about a resource that is never made.

        Checkov leaves the index out where it could not decide a count, and then judges what a count of 0 leaves out.
        """
        if self._estate is None or not _RESOURCE.search(finding.address):
            return finding
        base = _base(finding.address)
        if base not in self._bases:
            return finding if any(f"{base}.".startswith(f"{address}.") for address in self._undecided) else None
        resource = self._estate.get(finding.address)
        return replace(finding, address=resource.address) if resource else finding

    def judged(self, finding: Finding) -> Verdict | None:
        """Our verdict on what a finding is about, the worst where there are several; None where there is none."""
        for address in (finding.address, STACK):
            verdict = self._verdicts.get((finding.check_id, address))
            if verdict is not None:
                return verdict
        found = None
        for address in self._joined.get(finding.address, ()):
            verdict = self._verdicts.get((finding.check_id, address))
            if verdict is not None:
                found = _worse(found, verdict)
        return found


def _joined(resources: Iterable[Resource]) -> dict[str, set[str]]:
    """Address -> addresses of resources of other types that refer to it, or that it refers to."""
    types = {resource.address: resource.type for resource in resources}
    found: dict[str, set[str]] = {}
    for resource in resources:
        for reference in references(dict(resource.attributes)):
            if types.get(reference.address, resource.type) != resource.type:
                found.setdefault(resource.address, set()).add(reference.address)
                found.setdefault(reference.address, set()).add(resource.address)
    return found


def _base(address: str) -> str:
    """An address without the indices of instances."""
    return _INDEX.sub("", address)


def _worse(known: Verdict | None, verdict: Verdict) -> Verdict:
    return verdict if known is None or _ORDER.index(verdict.outcome) < _ORDER.index(known.outcome) else known
