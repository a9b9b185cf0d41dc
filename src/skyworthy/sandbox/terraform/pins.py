"""Which Terraform and which providers a root module demands, and which there are."""

import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from skyworthy.declared.hcl import Attribute, Block
from skyworthy.declared.hcl.nodes import Literal, ObjectConstructor
from skyworthy.declared.sources import ModuleSource, literal, shown
from skyworthy.errors import BadInput

LOCK = ".terraform.lock.hcl"
_HOST, _NAMESPACE = "registry.terraform.io", "hashicorp"
_BUILT_IN = "terraform.io/builtin/terraform"
_ANY = ">= 0"
_CLAUSE = re.compile(r"^\s*(=|!=|>=|<=|>|<|~>)?\s*v?([0-9]+(?:\.[0-9]+)*)(?:[-+][0-9A-Za-z.+-]*)?\s*$")
_LOCKED = re.compile(r'provider\s+"([^"]+)"\s*\{[^}]*?\bversion\s*=\s*"([^"]+)"', re.DOTALL)


@dataclass(frozen=True)
class Pin:
    """A constraint that what is there does not meet.

    Attributes:
        subject: `Terraform`, or the provider's source.
        constraint: as it is written.
        available: the versions that there are.
        file: the file that holds it.
        line: where in it.
    """

    subject: str
    constraint: str
    available: tuple[str, ...]
    file: Path
    line: int

    def __str__(self) -> str:
        return (
            f"{shown(self.file)}:{self.line}: {self.subject} {self.constraint} (there is {', '.join(self.available)})"
        )


def check_providers(sources: Sequence[ModuleSource], mirror: Path) -> None:
    """See that the mirror holds every provider that the modules need.

    Args:
        sources: the root module and those that it reaches.
        mirror: a filesystem mirror of providers.

    Raises:
        BadInput: it does not; the message names each and the first place that needs it.
    """
    needed: dict[str, str] = {}
    for source in sources:
        for address, place in _needed(source):
            needed.setdefault(address, place)
    missing = {address: place for address, place in needed.items() if not mirrored(mirror, address)}
    if missing:
        listed = "\n".join(f"- {_short(address)}, needed at {place}" for address, place in sorted(missing.items()))
        raise BadInput(
            f"the provider mirror {mirror} does not hold:\n{listed}\n"
            "add them (`terraform providers mirror`), or unset SKYWORTHY_PROVIDER_MIRROR to take them from the registry"
        )


def unmet(sources: Sequence[ModuleSource], root: Path, terraform: str, mirror: Path | None) -> list[Pin]:
    """The pins that the Terraform at hand, or the mirror, does not meet.

    Args:
        sources: the root module and those that it reaches.
        root: the root module, whose lock file counts.
        terraform: version of the program.
        mirror: a filesystem mirror; without one the registry has every version.
    """
    found = [pin for source in sources for pin in _terraform_pins(source, terraform)]
    if mirror is None:
        return found
    found += [pin for source in sources for pin in _provider_pins(source, mirror)]
    return found + _locked(root / LOCK, mirror)


def loosen(pin: Pin, file: Path) -> None:
    """Let any version do, in a copy of the file that holds the pin; line numbers stay as they are."""
    if file.name == LOCK:
        file.unlink(missing_ok=True)
        return
    text = file.read_text()
    start = sum(len(line) for line in text.splitlines(keepends=True)[: pin.line - 1])
    head, tail = text[:start], text[start:]
    file.write_text(head + tail.replace(f'"{pin.constraint}"', f'"{_ANY}"', 1))


def version_of(program: str) -> str:
    """The version of a Terraform or OpenTofu."""
    told = subprocess.run([program, "version", "-json"], capture_output=True, text=True, check=True)
    return str(json.loads(told.stdout)["terraform_version"])


def mirrored(mirror: Path, address: str) -> tuple[str, ...]:
    """The versions of a provider in a filesystem mirror, packed or unpacked, in order.

    Source: https://developer.hashicorp.com/terraform/cli/config/config-file#filesystem_mirror
    """
    folder = mirror / address
    if not folder.is_dir():
        return ()
    packed = re.compile(rf"^terraform-provider-{re.escape(folder.name)}_([0-9][^_]*)_[^_]+_[^_]+\.zip$")
    found = {each.name for each in folder.iterdir() if each.is_dir() and each.name[:1].isdigit()}
    found |= {match[1] for each in folder.iterdir() if (match := packed.match(each.name))}
    return tuple(sorted(found, key=_parts))


def meets(version: str, constraint: str) -> bool:
    """Whether a version meets a constraint; one that cannot be read is left to Terraform.

    Source: https://developer.hashicorp.com/terraform/language/expressions/version-constraints
    """
    return all(_meets_clause(_parts(version), clause) for clause in constraint.split(","))


def _meets_clause(version: tuple[int, ...], clause: str) -> bool:
    found = _CLAUSE.match(clause)
    if found is None:
        return True
    operator, wanted = found[1] or "=", _parts(found[2])
    if operator == "~>":
        return _padded(version) >= _padded(wanted) and version[: len(wanted) - 1] == wanted[:-1]
    left, right = _padded(version), _padded(wanted)
    return {
        "=": left == right,
        "!=": left != right,
        ">": left > right,
        ">=": left >= right,
        "<": left < right,
        "<=": left <= right,
    }[operator]


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.split(r"[-+]", version, maxsplit=1)[0].split(".") if part.isdigit())


def _padded(version: tuple[int, ...]) -> tuple[int, ...]:
    return (*version, 0, 0, 0)[:3]


def _terraform_pins(source: ModuleSource, version: str) -> Iterator[Pin]:
    for block in source.of("terraform"):
        attribute = block.body.attributes.get("required_version")
        constraint = literal(attribute)
        if attribute is not None and isinstance(constraint, str) and not meets(version, constraint):
            yield Pin("Terraform", constraint, (version,), Path(attribute.file).resolve(), attribute.line)


def _provider_pins(source: ModuleSource, mirror: Path) -> Iterator[Pin]:
    for name, attribute in _required(source):
        constraint = _entry(attribute, "version")
        address = provider_address(name, _entry(attribute, "source"))
        there = mirrored(mirror, address)
        if constraint and there and not any(meets(version, constraint) for version in there):
            yield Pin(_short(address), constraint, there, Path(attribute.file).resolve(), attribute.line)


def _locked(lock: Path, mirror: Path) -> list[Pin]:
    if not lock.is_file():
        return []
    text = lock.read_text()
    return [
        Pin(_short(found[1]), found[2], there, lock, text[: found.start(2)].count("\n") + 1)
        for found in _LOCKED.finditer(text)
        if (there := mirrored(mirror, found[1])) and found[2] not in there
    ]


def local_names(source: ModuleSource, address: str) -> set[str]:
    """The names that a module gives to a provider: its last part where it does not say otherwise."""
    required = {name: provider_address(name, _entry(attribute, "source")) for name, attribute in _required(source)}
    default = address.rpartition("/")[2]
    names = {name for name, found in required.items() if found == address}
    return names if default in required else names | {default}


def provider_address(name: str, source: str | None) -> str:
    """`host/namespace/type` of a provider, from its entry in required_providers."""
    parts = (source or name).lower().split("/")
    return "/".join([*[_HOST, _NAMESPACE][: 3 - len(parts)], *parts])


def _needed(source: ModuleSource) -> Iterator[tuple[str, str]]:
    """The providers that a module names or uses, each with a place."""
    required = dict(_required(source))
    for name, attribute in required.items():
        yield provider_address(name, _entry(attribute, "source")), _place(attribute)
    for block in source.of("provider", "resource", "data"):
        name = block.labels[0].partition("_")[0]
        if name not in required and "provider" not in block.body.attributes and name != "terraform":
            yield provider_address(name, None), _place(block)


def _required(source: ModuleSource) -> Iterator[tuple[str, Attribute]]:
    for block in source.of("terraform"):
        for required in block.body.of("required_providers"):
            for name, attribute in required.body.attributes.items():
                if provider_address(name, _entry(attribute, "source")) != _BUILT_IN:
                    yield name, attribute


def _entry(attribute: Attribute, member: str) -> str | None:
    expression = attribute.expression
    if isinstance(expression, Literal):
        return str(expression.value) if member == "version" else None
    if not isinstance(expression, ObjectConstructor):
        return None
    for key, value in expression.items:
        if getattr(key, "value", None) == member and isinstance(value, Literal):
            return str(value.value)
    return None


def _short(address: str) -> str:
    return address.removeprefix(f"{_HOST}/")


def _place(item: Attribute | Block) -> str:
    return f"{item.file}:{item.line}"
