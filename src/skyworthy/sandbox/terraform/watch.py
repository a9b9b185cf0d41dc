"""What is told while Terraform works, and when its work is hopeless."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from skyworthy.sandbox.terraform.runs import Pulse, Step

HEARTBEAT = 10.0
"""Seconds after which something is said where nothing is finished."""
PATIENCE = 15.0
"""Seconds that a resource may go on after an operation it needs turned out not to be there."""

Tell: TypeAlias = Callable[[str], None]
"""Takes one line for the user."""


class Watch:
    """Tells what is going on, and notices an operation that the sandbox lacks as soon as it is called."""

    def __init__(self, tell: Tell, unimplemented: Callable[[], Mapping[str, str]]) -> None:
        self._tell, self._ask = tell, unimplemented
        self._pulse = Pulse(tell, HEARTBEAT)
        self._known = set(unimplemented())
        self._asked = self._noticed = 0.0
        self._failed = self._stopping = False

    def heed(self, step: Step) -> None:
        """Note the progress of a resource."""
        if step.state == "failed":
            self._failed = True
            self._look((step.address, *self._pulse.going))
        self._pulse.heed(step)

    def is_hopeless(self) -> bool:
        """Whether the run should be stopped: called whenever nothing was said for a moment; true once at most."""
        self._pulse.beat()
        now = time.monotonic()
        if now - self._asked > 1.0:
            self._asked = now
            self._look(self._pulse.going)
        waited = self._noticed and now - self._noticed > (0.0 if self._failed else PATIENCE)
        if not waited or self._stopping or not (self._failed or self._pulse.going):
            return False
        self._stopping = True
        self._tell("stopping: Terraform ends what it has begun")
        return True

    def _look(self, addresses: Sequence[str]) -> None:
        for name, why in self._ask().items():
            if name not in self._known:
                self._known.add(name)
                self._noticed = time.monotonic()
                whose = ", ".join(_likeliest(name, addresses)) or "a data source"
                self._tell(f"not implemented by the sandbox: {name} ({why}), needed by {whose}")


def _likeliest(operation: str, addresses: Sequence[str]) -> list[str]:
    """The resources whose types resemble an operation most: Terraform does not tell whose call it was until the end."""
    service, _, name = operation.partition(":")
    words = {word.lower() for word in re.findall(r"[A-Z][a-z]+", name)}

    def resemblance(address: str) -> int:
        type = next((part for part in address.split(".") if part.startswith("aws_")), "")
        named = service.replace("-", "") in type.replace("_", "")
        return (100 if named else 0) + len(words & set(type.split("_")))

    best = max(map(resemblance, addresses), default=0)
    return [address for address in dict.fromkeys(addresses) if resemblance(address) == best][:3]
