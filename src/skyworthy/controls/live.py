"""What the live suite asks of the account as a whole, whatever the service."""

from skyworthy.controls.registry import ANY, STACK, control
from skyworthy.estate import Estate, Resource, Undecidable


@control("live.exists", on=ANY, severity="high", refs=["REQ LIV-1"], lenses=("observed",))
def exists(resource: Resource, estate: Estate) -> None:
    """Every declared resource exists in the account.

    Why: what the code declares and the account lacks was deleted by hand or never applied.
    Fix: apply the Terraform, or remove the resource from it.
    """
    found = estate.get(resource.address)
    assert found is not None, "declared, but not found in the account"
    if found.blank is not None and not found.attributes:
        raise found.blank.undecidable()


@control("live.unmanaged", on=STACK, severity="medium", refs=["REQ LIV-3"], lenses=("observed",))
def nothing_unmanaged(estate: Estate) -> None:
    """The account holds nothing inside the stack's boundary that the code does not know.

    Why: what was made by hand is neither reviewed nor rebuilt, and may open a path that no reader of the code sees.
    Fix: import it into the Terraform, or delete it.
    """
    found = sorted(resource.address for resource in estate.unmanaged)
    assert not found, f"not in the code: {', '.join(found)}"
    if estate.unread:
        raise next(iter(estate.unread.values())).undecidable()


@control("live.observed", on=STACK, severity="medium", refs=["REQ LIV-1"], lenses=("observed",))
def everything_was_observed(estate: Estate) -> None:
    """Every type of resource that the code declares is observed.

    Why: what nobody looks at cannot be vouched for.
    Fix: add a collector for the type; CONTRIBUTING.md shows how.
    """
    if estate.notes:
        raise Undecidable("; ".join(note.message for note in estate.notes))
