"""Faults of secrets, of the keys that encrypt them, and of how tasks are given them."""

import json
from collections.abc import Callable

from skyworthy.sandbox.faults.registry import Hit, fault
from skyworthy.sandbox.faults.stack import Item, Stack, secrets_of

_PASSWORD = "POSTGRES_PASSWORD"  # noqa: S105 - the name of a key


def _key(stack: Stack) -> str:
    """The key of the secret to break: one that the service is given."""
    names = [str(each["valueFrom"]).split(":")[7] for each in secrets_of(stack.task_definition)]
    return _PASSWORD if _PASSWORD in names else names[0]


def _changed(stack: Stack, change: Callable[[dict[str, str]], object]) -> Hit:
    stack.change_secret(change)
    return Hit("aws_secretsmanager_secret", stack.secret["Name"])


@fault("secret-key-missing", "SEC-4", "SEC-2")
def key_missing(stack: Stack) -> Hit:
    """A key that the tasks are given is no longer in the secret."""
    key = _key(stack)
    return _changed(stack, lambda values: values.pop(key))


@fault("secret-key-empty", "SEC-4")
def key_empty(stack: Stack) -> Hit:
    """A key of the secret has an empty value."""
    key = _key(stack)
    return _changed(stack, lambda values: values.update({key: ""}))


@fault("secret-key-placeholder", "SEC-4")
def key_placeholder(stack: Stack) -> Hit:
    """A key of the secret still holds a placeholder."""
    key = _key(stack)
    return _changed(stack, lambda values: values.update({key: "changethis"}))


@fault("secret-not-json", "SEC-2", "SEC-4")
def not_json(stack: Stack) -> Hit:
    """The secret holds a plain string instead of JSON."""
    stack.client("secretsmanager").put_secret_value(SecretId=stack.secret["ARN"], SecretString="not JSON")
    return Hit("aws_secretsmanager_secret", stack.secret["Name"])


@fault("secret-scheduled-for-deletion", "SEC-4")
def scheduled_for_deletion(stack: Stack) -> Hit:
    """The secret is scheduled for deletion."""
    name = stack.secret["Name"]
    stack.client("secretsmanager").delete_secret(SecretId=name, RecoveryWindowInDays=7)
    return Hit("aws_secretsmanager_secret", name)


@fault("secret-deleted", "SEC-4", "LIV-1")
def deleted(stack: Stack) -> Hit:
    """The secret is gone."""
    name = stack.secret["Name"]
    stack.client("secretsmanager").delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    return Hit("aws_secretsmanager_secret", name)


@fault("secret-default-encryption", "SEC-4", "DAT-1")
def default_encryption(stack: Stack) -> Hit:
    """The secret is encrypted with the account's default key instead of the declared one."""
    name = stack.secret["Name"]
    stack.client("secretsmanager").update_secret(SecretId=name, KmsKeyId="alias/aws/secretsmanager")
    return Hit("aws_secretsmanager_secret", name)


@fault("secret-policy-public", "SEC-3")
def policy_public(stack: Stack) -> Hit:
    """The secret's resource policy lets everybody read it."""
    statement = {"Effect": "Allow", "Principal": "*", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}
    stack.client("secretsmanager").put_resource_policy(
        SecretId=stack.secret["ARN"], ResourcePolicy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    return Hit("aws_secretsmanager_secret", stack.secret["Name"])


@fault("kms-key-disabled", "DAT-1", "SEC-3")
def key_disabled(stack: Stack) -> Hit:
    """The key that encrypts the secret is disabled."""
    stack.client("kms").disable_key(KeyId=stack.secret_key)
    return Hit("aws_kms_key", stack.secret_key)


@fault("kms-key-scheduled-for-deletion", "DAT-1", "SEC-3")
def key_scheduled_for_deletion(stack: Stack) -> Hit:
    """The key that encrypts the secret is scheduled for deletion."""
    key = stack.secret_key
    stack.client("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    return Hit("aws_kms_key", key)


@fault("kms-rotation-off", "DAT-1")
def rotation_off(stack: Stack) -> Hit:
    """The key that encrypts the secret is no longer rotated."""
    stack.client("kms").disable_key_rotation(KeyId=stack.secret_key)
    return Hit("aws_kms_key", stack.secret_key)


@fault("kms-key-public", "DAT-1", "SEC-3")
def key_public(stack: Stack) -> Hit:
    """The key's policy lets every AWS account use it."""
    kms, key = stack.client("kms"), stack.secret_key
    policy = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    policy["Statement"].append({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:*", "Resource": "*"})
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))
    return Hit("aws_kms_key", key)


def _with_secrets(definition: Item) -> Item:
    return next(each for each in definition["containerDefinitions"] if each.get("secrets"))


def _deployed(stack: Stack, change: Callable[[Item], None]) -> Hit:
    return Hit("aws_ecs_task_definition", stack.deploy(change))


@fault("task-secret-not-injected", "SEC-2")
def not_injected(stack: Stack) -> Hit:
    """A revision is deployed that is not given one of the secrets."""

    def change(definition: Item) -> None:
        container = _with_secrets(definition)
        container["secrets"] = [each for each in container["secrets"] if f":{_key(stack)}:" not in each["valueFrom"]]

    stack.deploy(change)
    return Hit("aws_secretsmanager_secret", stack.secret["Name"])


@fault("task-secret-wrong-key", "SEC-2")
def wrong_key(stack: Stack) -> Hit:
    """A revision is deployed that asks the secret for a key that it does not hold."""

    def change(definition: Item) -> None:
        first = _with_secrets(definition)["secrets"][0]
        name = first["valueFrom"].split(":")[7]
        first["valueFrom"] = first["valueFrom"].replace(f":{name}:", f":{name}_OLD:")

    return _deployed(stack, change)


@fault("task-secret-in-environment", "SEC-2")
def in_environment(stack: Stack) -> Hit:
    """A revision is deployed that has a password in its plain environment."""

    def change(definition: Item) -> None:
        container = _with_secrets(definition)
        moved = next(each for each in container["secrets"] if f":{_key(stack)}:" in each["valueFrom"])
        container["secrets"].remove(moved)
        container["environment"].append({"name": moved["name"], "value": "written-down"})

    return _deployed(stack, change)
