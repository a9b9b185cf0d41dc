"""What all module instances of one evaluation share."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from skyworthy.declared.evaluation.blocks import settle
from skyworthy.declared.evaluation.values import Instance, plain
from skyworthy.declared.hcl import Block
from skyworthy.declared.sources import Loader, downloaded, shown
from skyworthy.errors import BadInput
from skyworthy.estate import Note, Value

if TYPE_CHECKING:
    from skyworthy.declared.evaluation.modules import Module


@dataclass
class Run:
    """What all module instances of one evaluation share.

    Args:
        loader: reads files.
        root: the root module's directory.
        time_limit: seconds after which the evaluation ends with an error.
        workspace: the selected workspace.

    Attributes:
        instances: the resources and data sources that have been asked for, by address.
    """

    loader: Loader
    root: Path
    time_limit: float
    workspace: str = "default"
    notes: list[Note] = field(default_factory=list)
    manifest: dict[str, Path] = field(default_factory=dict)
    top: "Module | None" = None
    instances: dict[str, Instance] = field(default_factory=dict)
    _steps: int = 0
    _started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.manifest = downloaded(self.root)

    def tick(self) -> None:
        """Counts a step; now and then looks at the clock."""
        self._steps += 1
        if self._steps % 256 == 0 and time.monotonic() - self._started > self.time_limit:
            raise BadInput(
                f"{shown(self.root)}: evaluating it takes longer than {self.time_limit:g} s;"
                " give a root module further down, or a plan (terraform show -json)"
            )

    def provider_setting(self, provider: str, name: str) -> Value:
        """An attribute of a provider configuration of the root, ``aws`` or ``aws.alias``; None where it is not set."""
        block = self._provider(provider)
        attribute = block.body.attributes.get(name) if block else None
        return settle(attribute.expression, attribute.text, self.top.scope) if attribute and self.top else None

    def provider_tags(self, provider: str) -> Value:
        """The default tags of a provider configuration of the root."""
        block = self._provider(provider)
        for defaults in block.body.of("default_tags") if block else ():
            tags = defaults.body.attributes.get("tags")
            return plain(settle(tags.expression, tags.text, self.top.scope)) if tags and self.top else None
        return None

    def _provider(self, provider: str) -> Block | None:
        type, _, alias = provider.partition(".")
        return self.top.source.find("provider", type, alias) if self.top else None
