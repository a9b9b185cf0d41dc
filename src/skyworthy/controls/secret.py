"""Controls of Secrets Manager secrets."""

import re
from collections.abc import Mapping
from contextlib import suppress

from skyworthy.behavior.memory import once_per_estate
from skyworthy.behavior.permissions.memory import remembered
from skyworthy.behavior.permissions.strangers import stranger_may
from skyworthy.behavior.plaintext import made_public, named_like_a_secret, reason_secret
from skyworthy.behavior.references import left_out
from skyworthy.behavior.secrets import injections, keys_of, secret_of
from skyworthy.behavior.stores import endpoint_problems, store_of
from skyworthy.config import Policy
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Reference, Resource, Template, Undecidable, Unknown, Value, show

_SECRET = "aws_secretsmanager_secret"  # noqa: S105 - a type
_VERSION = "aws_secretsmanager_secret_version"
_PARAMETER = "aws_ssm_parameter"
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]+")
_INPUT = re.compile(r"variable .+ has no value")
_PLACEHOLDER = re.compile(
    r"|.*(change[-_ ]?me|place[-_ ]?holder|to[-_ ]?be[-_ ]?(set|filled)|dummy|replace[-_ ]?me|your[-_ ].*|xxx+|todo).*"
    r"|<.*>|example",
    re.IGNORECASE,
)


@control("secret.cmk-encrypted", on=_SECRET, severity="medium", refs=["REQ SEC-4", "REQ REF-8", "CKV_AWS_149"])
def secret_is_encrypted_with_a_key_of_ours(secret: Resource) -> None:
    """A secret is encrypted with a key of the stack's own.

    Why: only with a key of your own can you say, log and revoke who decrypts.
    Fix: set `kms_key_id` to the ARN of an `aws_kms_key`.
    """
    key = secret["kms_key_id"]
    assert key, "it is encrypted with the AWS managed key: kms_key_id is not set"
    own = not isinstance(key, str) or "alias/aws/" not in key
    assert own, f"it is encrypted with the AWS managed key {key}"


@control("secret.recovery-window", on=_SECRET, severity="medium", refs=["REQ REF-8"], lenses=("declared",))
def deleted_secret_can_be_restored(secret: Resource, policy: Policy) -> None:
    """A deleted secret can be restored for as long as its environment demands.

    Why: with a window of 0 days a mistaken destroy is final, and the application cannot start again.
    Fix: set `recovery_window_in_days` to 7 to 30.
    """
    days = secret["recovery_window_in_days"]
    days = 30 if days is None else int(days)
    assert days >= policy.secret_recovery_days, (
        f"recovery_window_in_days is {days}, at least {policy.secret_recovery_days} demanded"
    )


@control("secret.string-not-overwritten", on=_VERSION, severity="high", refs=["REQ REF-8"], lenses=("declared",))
def rotated_values_are_not_overwritten(version: Resource, estate: Estate, policy: Policy) -> None:
    """Terraform does not overwrite values that people set or AWS rotates.

    Why: values that people set or rotate outside Terraform are lost at the next apply, and the application with them.
    Fix: add `lifecycle { ignore_changes = [secret_string] }`.
    """
    if version.ignores("secret_string"):
        return
    if version.peek("secret_string") is None:
        not_applicable("it sets no secret_string")
    rotation = _rotation(version, estate)
    assert rotation is None, f"it undoes what {rotation} rotates: ignore_changes does not list secret_string"
    items = _items(version)
    held = sorted(key for key, item in items.items() if isinstance(item, str) and _PLACEHOLDER.fullmatch(item))
    assert not held, (
        f"it resets {', '.join(held)} to a placeholder on every apply: ignore_changes does not list secret_string"
    )
    given = _given(version)
    other = _set_once(version, estate) if given else ""
    assert not given or not (other or policy.secrets_set_outside), (
        f"every apply resets {', '.join(given)} to what its variables hold then{other}: "
        "ignore_changes does not list secret_string"
    )
    for key, item in sorted(items.items()):
        if isinstance(item, Unknown) and key not in given:
            raise item.undecidable()


def _items(version: Resource) -> dict[str, Value]:
    value = version.peek("secret_string")
    return value if isinstance(value, dict) else {"secret_string": value}


def _given(version: Resource) -> list[str]:
    """The keys whose values whoever applies gives: by an environment file, a pipeline's variables, an old shell."""
    return sorted(key for key, item in _items(version).items() if isinstance(item, Unknown) and _is_given(item))


def _set_once(version: Resource, estate: Estate) -> str:
    """A clause on another version of the stack whose values are given too, and set only once; empty: there is none."""
    for other in estate.of(_VERSION):
        if other is not version and other.ignores("secret_string") and _given(other):
            return f", as {other.address} does not"
    return ""


def _is_given(value: Unknown) -> bool:
    """Whether a value is what an input variable is set to, so that whoever applies decides on it."""
    return _INPUT.fullmatch(value.reason) is not None


@control("secret.version-holds-a-value", on=_VERSION, severity="high", refs=["REQ SEC-1"], lenses=("declared",))
def version_holds_a_value(version: Resource) -> None:
    """A version of a secret holds a value.

    Why: AWS refuses an empty version, and no task starts with a secret that has none.
    Fix: set `secret_string`, `secret_string_wo` or `secret_binary`.
    """
    values = [version.attributes.get(name) for name in ("secret_string", "secret_string_wo", "secret_binary")]
    assert any(value is not None for value in values), "it holds no value"


@control(
    "secret.endpoints-right",
    on=(_VERSION, _PARAMETER),
    severity="high",
    refs=["REQ NET-1", "REQ SEC-1"],
    lenses=("declared",),
)
def endpoints_in_secrets_are_right(holder: Resource, estate: Estate) -> None:
    """Hosts, ports and schemes in a secret or parameter are those of the database and cache that their keys mean.

    Why: nobody sees a URL inside a secret; a port that nobody listens on comes out at the first request.
    Fix: take host and port from the same resource; `rediss://` where the cache demands TLS.
    """
    held = _held(holder, estate)
    texts = {key: item for key, item in held.items() if isinstance(item, (str, Template, Reference))}
    if not any(store_of(item, estate) is not None for item in texts.values()):
        open_ = (item for key, item in held.items() if isinstance(item, Unknown) and not named_like_a_secret(key))
        unknown = next(open_, None)  # a password holds no host, whatever it is
        if unknown is not None and not _is_given(unknown):
            raise unknown.undecidable()
        not_applicable("it names no database or cache of the stack")
    problems = list(endpoint_problems(texts, estate))
    assert not problems, "; ".join(problems)


def _held(holder: Resource, estate: Estate) -> dict[str, Value]:
    """What a version or parameter holds: key -> value; one value by the variable that it becomes, or by its name."""
    value = holder.attributes.get("value" if holder.type == _PARAMETER else "secret_string")
    if isinstance(value, dict):
        return value
    owner = holder if holder.type == _PARAMETER else estate.find(holder.peek("secret_id"), _SECRET)
    if owner is None:
        return {}
    names = _variables(estate).get(owner.address)
    return dict.fromkeys(names or [show(owner.peek("name")).rpartition("/")[2]], value)


@once_per_estate
def _variables(estate: Estate) -> Mapping[str, list[str]]:
    """Address of a secret or parameter -> the variables that containers take it for as a whole."""
    found: dict[str, list[str]] = {}
    for task in estate.of("aws_ecs_task_definition"):
        with suppress(Undecidable):
            for injection in injections(task):
                with suppress(Undecidable, ValueError):  # ecs.secret-value-from-resolves tells it
                    source = injection.source
                    ssm = source.store == "ssm"
                    owner = estate.find(source.identifier, _PARAMETER) if ssm else secret_of(source, estate)
                    if owner is not None and not source.json_key:
                        names = found.setdefault(owner.address, [])
                        names += [injection.name] * (injection.name not in names)
    return found


_PASSWORDS = {
    "aws_db_instance": ("password",),
    "aws_rds_cluster": ("master_password",),
    "aws_elasticache_replication_group": ("auth_token",),
    "aws_docdb_cluster": ("master_password",),
    "aws_redshift_cluster": ("master_password",),
}
"""Type of a resource -> its attributes that hold a password."""


@control(
    "secret.not-written-in-code",
    on=(*_PASSWORDS, _PARAMETER),
    severity="critical",
    refs=["REQ SEC-6", "REQ SEC-1"],
    lenses=("declared",),
)
def password_is_not_in_the_code(holder: Resource, estate: Estate) -> None:
    """No password stands in the code or its tfvars.

    Why: whoever reads the repository, today or in ten years, has it; git forgets nothing.
    Fix: `manage_master_user_password`, a data source of the secret, or a `sensitive` variable without a default.
    """
    names = _PASSWORDS.get(holder.type) or (("value",) if holder["type"] == "SecureString" else ())
    given = [name for name in names if isinstance(holder.attributes.get(name), str) and holder.attributes[name]]
    if not names or not any(holder.attributes.get(name) is not None for name in names):
        not_applicable("it is given no password")
    if all(holder.ignores(name) for name in given):
        return  # what it was made with, and is changed afterwards
    written = [name for name in given if not _PLACEHOLDER.fullmatch(str(holder.attributes[name]))]
    if holder.type == _PARAMETER and written:
        title = show(holder.peek("name")).rpartition("/")[2].replace("-", "_").upper()
        if not reason_secret(title, holder["value"], estate):
            not_applicable("its name does not say that it is secret")
    assert not written, f"{', '.join(written)} is written out"


def _rotation(version: Resource, estate: Estate) -> Resource | None:
    """What rotates the secret of a version, None where nothing does."""
    secret = estate.find(version["secret_id"], _SECRET)
    found = estate.of("aws_secretsmanager_secret_rotation")
    return next((item for item in found if secret and estate.find(item["secret_id"], _SECRET) is secret), None)


@control("secret.keys-injected", on=_SECRET, severity="medium", refs=["REQ SEC-2"])
def every_key_is_injected(secret: Resource, estate: Estate) -> None:
    """Where containers take a secret key by key, none of its keys is left out.

    Why: a key that was added to the secret and forgotten in the task definition is missing at run time only.
    Fix: inject the key with `valueFrom`, or remove it from the secret.
    """
    taken = remembered(estate, "injected keys", lambda: _injected_keys(estate)).get(secret.address, set())
    if not taken:
        not_applicable("no container takes single keys of it")
    keys = keys_of(secret, estate) or frozenset()
    variables = {key for key in keys if _VARIABLE.fullmatch(key)}
    if len(variables) < len(keys) or len(taken & keys) * 2 < len(keys):
        not_applicable("its keys are not the environment of a container")
    missing = sorted(variables - taken)
    assert not missing, f"no container is given {', '.join(missing)}"


def _injected_keys(estate: Estate) -> dict[str, set[str]]:
    """The keys that containers take one by one, by the address of the secret."""
    found: dict[str, set[str]] = {}
    for task in estate.of("aws_ecs_task_definition"):
        for injection in injections(task):
            try:
                source = injection.source
            except ValueError:
                continue  # ecs.secret-value-from-resolves tells it
            secret = secret_of(source, estate) if source.store == "secretsmanager" and source.json_key else None
            if secret is not None:
                found.setdefault(secret.address, set()).add(source.json_key)
    return found


@control(
    "secret.policy-not-public",
    on=(_SECRET, "aws_secretsmanager_secret_policy"),
    severity="critical",
    refs=["REQ SEC-3"],
)
def secret_policy_is_not_public(holder: Resource, estate: Estate) -> None:
    """The policy of a secret lets in nobody from outside.

    Why: a resource policy for everybody hands the secret to every AWS account.
    Fix: name the accounts or roles in `Principal`, or add a condition on `aws:PrincipalOrgID`.
    """
    attribute = "resource_policy" if "resource_policy" in holder.attributes else "policy"
    if left_out(holder, attribute):
        not_applicable("it has no resource policy")
    open_to = stranger_may(holder[attribute], "secretsmanager:GetSecretValue", estate, holder.address)
    assert not open_to, "anybody may read it: its policy allows secretsmanager:GetSecretValue to everybody"


@control(
    "secret.parameters-encrypted",
    on=_PARAMETER,
    severity="high",
    refs=["REQ SEC-2"],
)
def injected_parameters_are_encrypted(parameter: Resource, estate: Estate) -> None:
    """A parameter with a secret that containers get is a SecureString.

    Why: everybody who may list parameters reads a plain one, and so does the history of its versions. Settings that
    are no secret may be plain: `secrets` is how ECS takes any parameter.
    Fix: `type = "SecureString"`.
    """
    names = _injected(estate).get(parameter.address, frozenset())
    if not names:
        not_applicable("no container gets it as a secret")
    kind = parameter["type"]
    if kind == "SecureString":
        return
    value = _contents(parameter, kind)
    for name in sorted(names):
        reason = reason_secret(name, value, estate)
        assert not reason, f"its type is {kind}, and containers get it as {name}: {reason}"
    if isinstance(value, Unknown) and not all(map(made_public, names)):
        raise value.undecidable()


def _contents(parameter: Resource, kind: str) -> Value:
    """What a parameter holds; Unknown where it is filled in elsewhere."""
    value = parameter.attributes.get("value", parameter.peek("insecure_value"))
    later = parameter.ignores("value") or parameter.ignores("insecure_value")
    if later or value is None or _PLACEHOLDER.fullmatch(str(value)):
        return Unknown(f"its type is {kind}, and what it holds is set elsewhere")
    return value


@once_per_estate
def _injected(estate: Estate) -> Mapping[str, frozenset[str]]:
    """Addresses of the parameters that containers get as secrets -> under which names."""
    found: dict[str, set[str]] = {}
    for item in (item for task in estate.of("aws_ecs_task_definition") for item in injections(task)):
        parameter = estate.find(item.source.identifier, _PARAMETER) if item.source.store == "ssm" else None
        if parameter is not None:
            found.setdefault(parameter.address, set()).add(item.name)
    return {address: frozenset(names) for address, names in found.items()}
