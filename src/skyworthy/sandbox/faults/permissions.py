"""Faults of roles and their policies."""

import json
from typing import Any

from skyworthy.sandbox.faults.registry import Hit, fault
from skyworthy.sandbox.faults.stack import Item, Stack, one


def _document(*statements: Item) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _allow(action: Any, resource: str = "*") -> Item:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def _naming(stack: Stack, role: str, action: str) -> str:
    """Name of the role's inline policy that speaks of an action."""
    found = (name for name, document in stack.inline_policies(role).items() if action in json.dumps(document))
    return str(one(found, f"policy with {action} in {role}"))


@fault("role-policy-removed", "SEC-3", "LIV-1")
def policy_removed(stack: Stack) -> Hit:
    """The execution role may no longer read the secret."""
    role = stack.execution_role
    name = _naming(stack, role, "secretsmanager:GetSecretValue")
    stack.client("iam").delete_role_policy(RoleName=role, PolicyName=name)
    return Hit("aws_iam_role_policy", f"{role}:{name}")


@fault("role-policy-widened", "IAM-1")
def policy_widened(stack: Stack) -> Hit:
    """A policy of the task role allows everything on everything."""
    role = stack.task_role
    name = min(stack.inline_policies(role))
    stack.client("iam").put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=_document(_allow("*")))
    return Hit("aws_iam_role_policy", f"{role}:{name}")


@fault("execution-role-reads-every-secret", "SEC-3", "IAM-1")
def reads_every_secret(stack: Stack) -> Hit:
    """The execution role may read every secret of the account."""
    role = stack.execution_role
    name = _naming(stack, role, "secretsmanager:GetSecretValue")
    document = _document(_allow(["secretsmanager:GetSecretValue", "kms:Decrypt"]))
    stack.client("iam").put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=document)
    return Hit("aws_iam_role_policy", f"{role}:{name}")


@fault("execution-role-cannot-decrypt", "SEC-3")
def cannot_decrypt(stack: Stack) -> Hit:
    """The execution role may read the secret, but not use the key that encrypts it."""
    role = stack.execution_role
    name = _naming(stack, role, "secretsmanager:GetSecretValue")
    document = _document(_allow("secretsmanager:GetSecretValue", stack.secret["ARN"]))
    stack.client("iam").put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=document)
    return Hit("aws_iam_role", role)


@fault("admin-policy-attached", "IAM-1")
def admin_attached(stack: Stack) -> Hit:
    """The task role has AdministratorAccess."""
    arn = "arn:aws:iam::aws:policy/AdministratorAccess"
    stack.client("iam").attach_role_policy(RoleName=stack.task_role, PolicyArn=arn)
    return Hit("aws_iam_role", stack.task_role)


@fault("role-trusts-another-service", "IAM-1", "REF-3")
def trusts_another_service(stack: Stack) -> Hit:
    """The execution role trusts EC2 instead of ECS tasks, so that no task starts."""
    role = stack.execution_role
    statement = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    stack.client("iam").update_assume_role_policy(RoleName=role, PolicyDocument=_document(statement))
    return Hit("aws_iam_role", role)


@fault("oidc-trust-widened", "IAM-1")
def oidc_widened(stack: Stack) -> Hit:
    """The deployment role trusts every repository of GitHub."""
    role = stack.federated_role
    subject = "token.actions.githubusercontent.com:sub"
    trust = role["AssumeRolePolicyDocument"]
    for statement in trust["Statement"]:
        for operator in list(statement.get("Condition", {})):
            if subject in statement["Condition"][operator]:
                del statement["Condition"][operator][subject]
        statement.setdefault("Condition", {}).setdefault("StringLike", {})[subject] = "repo:*"
    stack.client("iam").update_assume_role_policy(RoleName=role["RoleName"], PolicyDocument=json.dumps(trust))
    return Hit("aws_iam_role", role["RoleName"])


@fault("oidc-provider-deleted", "IAM-2", "LIV-1")
def oidc_deleted(stack: Stack) -> Hit:
    """GitHub's OIDC provider is gone: no workflow can deploy."""
    iam = stack.client("iam")
    providers = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    arn = one((item["Arn"] for item in providers), "OIDC provider")
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    return Hit("aws_iam_openid_connect_provider", arn)


@fault("one-role-for-everything", "IAM-1")
def one_role(stack: Stack) -> Hit:
    """A revision is deployed whose application has the execution role."""
    return Hit(
        "aws_ecs_task_definition",
        stack.deploy(lambda definition: definition.update(taskRoleArn=definition["executionRoleArn"])),
    )


@fault("access-key-created", "IAM-2")
def access_key(stack: Stack) -> Hit:
    """A user of this stack with a long-lived access key and administrator's rights exists."""
    iam = stack.client("iam")
    name = f"{stack.cluster.rpartition('/')[2]}-deploy-by-hand"
    iam.create_user(UserName=name)
    iam.create_access_key(UserName=name)
    iam.attach_user_policy(UserName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    return Hit("aws_iam_user", name)
