"""What the static suite asks of the Terraform as such."""

import re
from collections.abc import Iterator, Mapping

from skyworthy.behavior.plaintext import named_like_a_secret
from skyworthy.config import Policy
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import STACK, control, not_applicable
from skyworthy.estate import Estate, Resource, Undecidable, Unknown, Value
from skyworthy.estate.configuration import Backend, Configuration


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


LOCKING = frozenset({"cloud", "remote", "gcs", "azurerm", "consul", "pg", "kubernetes", "oss", "cos"})
"""Backends that lock by themselves. Source: https://developer.hashicorp.com/terraform/language/state/locking"""


@control("terraform.state-shared", on=STACK, severity="high", refs=["REQ STA-10", "REQ REF-12"], lenses=("declared",))
def state_is_shared(configuration: Configuration, policy: Policy) -> None:
    """The state is kept in a backend that everybody who deploys shares.

    Why: with a state on one machine, the next person to deploy builds everything again or destroys it.
    Fix: add a `backend` block, such as `backend "s3"` with a bucket of its own.
    """
    if not policy.remote_state:
        not_applicable("a local state is allowed here")
    assert configuration.backend is not None, "there is no backend: the state is a file of whoever applies"
    assert configuration.backend.type != "local", "the backend is local: the state is a file of whoever applies"


@control("terraform.state-locked", on=STACK, severity="high", refs=["REQ STA-10", "REQ REF-12"], lenses=("declared",))
def state_is_locked(configuration: Configuration) -> None:
    """The state is locked while somebody changes it.

    Why: two applies at once overwrite each other's state, and resources are lost from it.
    Fix: set `use_lockfile = true` in `backend "s3"`, or name a `dynamodb_table`.
    """
    backend = _shared(configuration)
    if backend.type in LOCKING:
        return
    if backend.type != "s3":
        raise Undecidable(f"whether backend {backend.type!r} locks is not known here")
    if not any(backend.attributes.get(name) for name in ("use_lockfile", "dynamodb_table")):
        _complete(backend)
    locked = backend.attributes.get("use_lockfile") or backend.attributes.get("dynamodb_table")
    assert locked, f"{backend.location}: backend s3 sets neither use_lockfile nor dynamodb_table"


@control(
    "terraform.state-encrypted", on=STACK, severity="high", refs=["REQ STA-10", "REQ REF-12"], lenses=("declared",)
)
def state_is_encrypted(configuration: Configuration) -> None:
    """The state is encrypted where it lies.

    Why: the state holds every attribute in clear, passwords included.
    Fix: set `encrypt = true` in `backend "s3"`.
    """
    backend = _shared(configuration)
    if backend.type != "s3":
        not_applicable(f"backend {backend.type} has no switch for it")
    if backend.attributes.get("encrypt") is None and not backend.attributes.get("kms_key_id"):
        _complete(backend)
    encrypted = backend.attributes.get("encrypt") or backend.attributes.get("kms_key_id")
    assert encrypted, f"{backend.location}: backend s3 does not set encrypt = true"


def _shared(configuration: Configuration) -> Backend:
    backend = configuration.backend
    if backend is None or backend.type == "local":
        not_applicable("the state is a local file, see terraform.state-shared")
    assert backend is not None, "not_applicable() has raised"
    return backend


def _complete(backend: Backend) -> None:
    """A backend without its bucket gets the rest at ``terraform init -backend-config``, which nobody here can see."""
    if not backend.attributes.get("bucket"):
        raise _completed_later(backend)


def _completed_later(backend: Backend) -> Undecidable:
    return Undecidable(f"{backend.location}: backend {backend.type} is completed at `terraform init -backend-config`")


@control("terraform.state-of-its-own", on=STACK, severity="critical", refs=["REQ STA-10"], lenses=("declared",))
def state_is_its_own(configuration: Configuration) -> None:
    """No other root module keeps its state in the same place.

    Why: whichever of the two is applied destroys what the other one has built: it is in its state, not in its code.
    Fix: an own `key` in `backend "s3"` for each root module.
    """
    backend = _shared(configuration)
    others = [item for item in configuration.beside if isinstance(item, Unknown) or item.type == backend.type]
    if not others:
        not_applicable(f"no other root module with backend {backend.type} is read with it")
    if backend.type not in _PLACES:
        not_applicable(f"where backend {backend.type} keeps states is not compared")
    findings = Findings()
    for other in others:
        with findings.question():
            if isinstance(other, Unknown):
                raise other.undecidable()
            assert _place_of(other) != _place_of(backend), f"{other.location} names the same place: {_told(backend)}"
    findings.conclude()


_PLACES = {
    "s3": ("bucket", "key"),
    "gcs": ("bucket", "prefix"),
    "azurerm": ("storage_account_name", "container_name", "key"),
}
"""Type of a backend -> the arguments that say which state is meant."""


def _place_of(backend: Backend) -> tuple[Value, ...]:
    """Where a backend keeps the state of its root.

    Raises:
        Undecidable: where that is given at ``terraform init``.
    """
    place = tuple(backend.attributes.get(name) for name in _PLACES[backend.type])
    if not all(place):
        raise _completed_later(backend)
    return place


def _told(backend: Backend) -> str:
    return ", ".join(f"{name} {backend.attributes[name]}" for name in _PLACES[backend.type])


@control("terraform.environment-agrees", on=STACK, severity="high", refs=["REQ STA-10"], lenses=("declared",))
def environment_agrees(configuration: Configuration, estate: Estate) -> None:
    """The directory, the state's key, the environment tag and the certificates speak of one environment.

    Why: two environments with one state destroy each other; values of staging make a production that is not safe.
    Fix: an own `key` in `backend "s3"` for each environment, and the variables of the environment that is meant.
    """
    said = dict(_environments(configuration))
    served = dict(_served(estate))
    if "production" in (*said.values(), *served.values()):  # else one domain for all that is not production
        said |= served
    if len(said) < 2:
        not_applicable("fewer than two of directory, state key, tag and certificates name an environment")
    listed = ", ".join(f"{what} says {name}" for what, name in said.items())
    assert len(set(said.values())) == 1, listed


def _environments(configuration: Configuration) -> Iterator[tuple[str, str]]:
    """What names an environment -> which one, by one name for each."""
    if name := environment_in(configuration.directory.name):
        yield "the directory", name
    key = configuration.backend.attributes.get("key") if configuration.backend else None
    if name := environment_in(str(key or "")):
        yield "the state's key", name
    for provider in configuration.providers:
        if provider.name == "aws" and provider.alias is None:
            tag = _environment_tag(provider.default_tags)
            if name := environment_in(tag):
                yield "the default tag", name


def _served(estate: Estate) -> Iterator[tuple[str, str]]:
    """The environment that every name of every certificate speaks of, where it is one."""
    certificates = [item for item in estate.of("aws_acm_certificate") if not item.data]
    names = [item.peek("domain_name") for item in certificates]
    others = [item.attributes.get("subject_alternative_names") for item in certificates]
    names += [name for item in others for name in (item if isinstance(item, (list, tuple)) else (item,)) if name]
    found = {environment_in(name) if isinstance(name, str) else "" for name in names}
    if len(found) == 1 and (name := found.pop()):
        yield "every certificate", name


def _environment_tag(tags: Value) -> str:
    if isinstance(tags, Unknown):
        raise tags.undecidable()
    found = [value for key, value in tags.items() if key.lower() in ("environment", "env")] if tags else []
    for value in found:
        if isinstance(value, Unknown):
            raise value.undecidable()
    return next((value for value in found if isinstance(value, str)), "")


def environment_in(text: str) -> str:
    """The environment that a text speaks of, empty where it is of none or of several."""
    found = {_ENVIRONMENTS[word] for word in re.split(r"[^a-z]+", text.lower()) if word in _ENVIRONMENTS}
    return found.pop() if len(found) == 1 else ""


_ENVIRONMENTS = {
    **dict.fromkeys(("production", "prod", "prd"), "production"),
    **dict.fromkeys(("staging", "stage", "stg"), "staging"),
    **dict.fromkeys(("development", "dev"), "development"),
}
"""Words for environments -> the environment; what a company calls otherwise is not judged."""


@control("terraform.versions-pinned", on=STACK, severity="medium", refs=["REQ STA-10"], lenses=("declared",))
def versions_are_pinned(configuration: Configuration) -> None:
    """Terraform, every provider and every module from elsewhere are pinned.

    Why: without a constraint, the next release changes what the same code does.
    Fix: set `required_version`, a `version` for each of `required_providers`, and `version` or `?ref=` on modules.
    """
    problems = [] if configuration.required_version else ["required_version is not set"]
    pinned = {pin.name for pin in configuration.required_providers if pin.version}
    used = {provider.name for provider in configuration.providers} | {
        pin.name for pin in configuration.required_providers
    }
    problems += [f"provider {name} has no version constraint" for name in sorted(used - pinned)]
    problems += [
        f"{call.location}: module {call.name} is not pinned"
        for call in configuration.calls
        if call.source and call.directory is None and not call.version and "ref=" not in call.source
    ]
    assert not problems, "; ".join(problems)


@control(
    "terraform.secrets-marked", on=STACK, severity="medium", refs=["REQ STA-10", "REQ SEC-6"], lenses=("declared",)
)
def secret_variables_are_sensitive(configuration: Configuration) -> None:
    """Variables and outputs that hold something secret are marked sensitive.

    Why: a plan prints every value that is not, into logs that many people read.
    Fix: set `sensitive = true`.
    """
    found = [
        f"{item.location}: {kind} {item.name}"
        for kind, items in (("variable", configuration.variables), ("output", configuration.outputs))
        for item in items
        if named_like_a_secret(item.name) and not item.sensitive
    ]
    assert not found, f"not marked sensitive: {', '.join(found)}"


@control(
    "terraform.lock-table-keyed",
    on="aws_dynamodb_table",
    severity="high",
    refs=["REQ REF-12", "REQ STA-10"],
    lenses=("declared",),
)
def lock_table_has_its_key(table: Resource, configuration: Configuration) -> None:
    """A table for Terraform's locks has the key that Terraform writes.

    Why: with any other key no lock can be taken, and no plan or apply begins.
    Fix: `hash_key = "LockID"`, an attribute of type `S`, and no range key.
    """
    backend, key = configuration.backend, table["hash_key"]
    own = backend is not None and backend.attributes.get("dynamodb_table") == table["name"]
    if not own and str(key).lower() != "lockid":
        not_applicable("no lock of Terraform is kept in it")
    assert key == "LockID", f"its key is {key}, Terraform writes LockID"
    assert not table["range_key"], f"it has the range key {table['range_key']}, which Terraform does not write"
    kinds = [item.get("type") for item in table["attribute"] or () if item.get("name") == key]
    assert kinds == ["S"], f"the type of LockID is {', '.join(map(str, kinds)) or 'not declared'}, S wanted"
