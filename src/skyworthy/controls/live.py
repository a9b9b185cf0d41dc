"""What the live suite asks of the account as a whole, whatever the service."""

from skyworthy.behavior.drift import compare
from skyworthy.config.deploy import DeploySettings
from skyworthy.controls.registry import ANY, STACK, control, not_applicable
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


@control("live.matches-code", on=ANY, severity="medium", refs=["REQ LIV-3"], lenses=("observed",))
def matches_the_code(resource: Resource, estate: Estate, declared: Estate, deploy: DeploySettings) -> None:
    """What the account holds of a resource is what the code says.

    Why: what was changed by hand was not reviewed, and the next apply undoes it when nobody expects it.
    Fix: apply the Terraform, or write the change into it; `skyworthy drift` shows all differences.
    """
    found = compare(resource, declared, estate, deploy)
    if found is None:
        not_applicable("nothing of it is known of the account, see live.exists")
        return
    assert not found.differences, str(found)
    if found.refused is not None:
        raise found.refused.undecidable()
    if not found.compared:
        raise Undecidable("nothing of it is known both in the code and in the account")


@control("live.unmanaged", on=STACK, severity="medium", refs=["REQ LIV-3"], lenses=("observed",))
def nothing_unmanaged(estate: Estate) -> None:
    """The account holds nothing inside the stack's boundary that the code does not know.

    Why: what was made by hand is neither reviewed nor rebuilt, and may open a path that no reader of the code sees.
    Fix: import it into the Terraform, or delete it.
    """
    found = sorted(resource.address for resource in estate.unmanaged)
    assert not found, f"not in the code: {', '.join(found)}"
    for why in estate.unread.values():
        if not why.left_out:
            raise why.undecidable()


@control("live.observed", on=STACK, severity="medium", refs=["REQ LIV-1"], lenses=("observed",))
def everything_was_observed(estate: Estate) -> None:
    """Every type of resource that the code declares is observed.

    Why: what nobody looks at cannot be vouched for.
    Fix: add a collector for the type; CONTRIBUTING.md shows how.
    """
    if estate.notes:
        raise Undecidable("; ".join(note.message for note in estate.notes))
