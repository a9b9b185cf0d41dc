"""What the static suite asks of the Terraform as such."""

from collections.abc import Mapping

from skyworthy.controls.registry import STACK, control
from skyworthy.estate import Estate, Undecidable


@control("terraform.readable", on=STACK, severity="medium", refs=["REQ STA-1"], lenses=("declared",))
def everything_was_read(estate: Estate) -> None:
    """Everything that the Terraform declares could be evaluated.

    Why: a resource whose count or module cannot be evaluated is judged by nobody.
    Fix: give the variable a value in a tfvars file, or check the plan: `terraform show -json`.
    """
    if estate.notes:
        raise Undecidable("; ".join(_place(note.file, note.line) + note.message for note in estate.notes))


def _place(file: str | None, line: int | None) -> str:
    return f"{file}:{line}: " if file else ""


@control("terraform.inventory", on=STACK, severity="high", refs=["REQ STA-2"], lenses=("declared",))
def inventory_is_complete(estate: Estate, inventory: Mapping[str, int]) -> None:
    """The stack declares what it is expected to hold.

    Why: a module that is no longer called leaves a suite with nothing to judge, which must not look like success.
    Fix: restore the resources, or lower the minimum under `inventory` in skyworthy.toml.
    """
    assert any(resource.type.startswith("aws_") for resource in estate if not resource.data), "no AWS resource found"
    short = []
    for name, least in sorted(inventory.items()):
        found = estate.of(name)
        if len(found) < least:
            for resource in found:
                if resource.blank is not None and not resource.attributes:
                    raise Undecidable(f"{resource.address}: {resource.blank.reason}")
            short.append(f"{len(found)} {name}, at least {least} expected")
    assert not short, "; ".join(short)
