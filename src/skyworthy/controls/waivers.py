"""What every suite asks of the waivers that speak of it."""

from skyworthy.controls.registry import STACK, control


@control("waivers.needed", on=STACK, severity="low", refs=["REQ STA-4"], lenses=("waivers",))
def still_needed(findings: int) -> None:
    """Every waiver is still needed.

    Why: a waiver that outlives its finding hides the next one.
    Fix: delete it from waivers.toml.
    """
    assert findings, "no finding needs it any longer"
