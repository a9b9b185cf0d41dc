"""A resource of the stack in Terraform's vocabulary, whichever side it was read from."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from skyworthy.estate.types import type_of
from skyworthy.estate.values import Undecidable, Unknown, Value


@dataclass(frozen=True, order=True)
class Location:
    """Where a block stands.

    Args:
        file: path relative to the directory the command was started in, where it lies below it.
        line: 1-based line of the block's head.
    """

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Resource:
    """One resource or data source.

    ``resource["name"]`` is the value of an attribute, for deciding on it. An attribute that is absent takes the
    provider's documented default; ``None`` means that it is not set.

    Args:
        address: Terraform's address, ``module.rds.aws_db_instance.main[0]``; for an observed resource that the code
            does not know, type and identifier: ``aws_db_instance(ohmycoins-old)``.
        type: Terraform's type, ``aws_db_instance``.
        attributes: by attribute name; nested blocks are lists of dicts; JSON documents are decoded. They may hold
            values of sensitive variables, so that no representation shows them.
        location: the block in the code, where there is one.
        data: a data source, which is read, not made.
        lifecycle: the settings of the ``lifecycle`` block: ``ignore_changes``, ``prevent_destroy``, ...
        outline: of one that stands for instances of which it is not known how many there are: the attributes that each
            would have; they tell what it is not about, never that there is one.
        blank: why an attribute that neither stands in ``attributes`` nor has a default is unknown.
        region: the AWS region that the code asks for beside the provider block's without an alias, or in which the
            resource was found; Unknown where it asks for one that cannot be told; None: where the environment is.
    """

    address: str
    type: str
    attributes: Mapping[str, Value] = field(repr=False)
    location: Location | None = None
    data: bool = False
    lifecycle: Mapping[str, Value] = field(default_factory=dict)
    blank: Unknown | None = None
    region: str | Unknown | None = None
    outline: Mapping[str, Value] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "attributes", MappingProxyType(dict(self.attributes)))

    @property
    def name(self) -> str:
        """The last part of the address without an index, ``main`` of ``module.rds.aws_db_instance.main[0]``."""
        return self.address.rpartition(".")[2].partition("[")[0]

    @property
    def ignored(self) -> frozenset[str]:
        """The names in ``ignore_changes``, ``all`` among them: what Terraform sets once and then leaves alone."""
        names = self.lifecycle.get("ignore_changes") or ()
        return frozenset((names,) if isinstance(names, str) else map(str, names))

    def ignores(self, name: str) -> bool:
        """Whether Terraform leaves changes of an attribute alone."""
        return not self.ignored.isdisjoint({"all", name})

    @property
    def outlined(self) -> "Resource":
        """What each of the instances would be where it is not known how many there are; else the resource itself."""
        return replace(self, attributes=self.outline, blank=None, outline={}) if self.outline else self

    def peek(self, name: str) -> Value:
        """The attribute's value as it is, an :class:`Unknown` included; never raises."""
        if name in self.attributes:
            return self.attributes[name]
        if self.blank is not None:
            return self.blank
        return type_of(self.type).default(name)

    def __getitem__(self, name: str) -> Value:
        """The attribute's value.

        Raises:
            Undecidable: where it is not known.
        """
        value = self.peek(name)
        if isinstance(value, Unknown):
            raise self._undecidable(name, value)
        return value

    def block(self, name: str) -> Mapping[str, Value]:
        """The first nested block of a name, or an empty mapping where there is none.

        Raises:
            Undecidable: where it is not known whether there is one.
        """
        blocks = self[name]
        if not blocks:
            return {}
        first = blocks[0] if isinstance(blocks, (list, tuple)) else blocks
        if isinstance(first, Unknown):
            raise self._undecidable(name, first)
        return first  # type: ignore[no-any-return]

    def _undecidable(self, name: str, value: Unknown) -> Undecidable:
        return Undecidable(f"{name} of {self.address}: {value.reason}", denied=value.denied, left_out=value.left_out)

    def __str__(self) -> str:
        return self.address
