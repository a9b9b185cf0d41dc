"""IAM: the policy simulator, and what policies are called."""

import json
from typing import Any

from skyworthy.behavior.permissions import Principal
from skyworthy.sandbox.account.calls import AwsError, Call
from skyworthy.sandbox.gaps import Clients, answers, precedes, store
from skyworthy.sandbox.simulated import policy_simulator
from skyworthy.sandbox.simulated.policy_simulator import Subject


def _leaves_names_out(clients: Clients) -> bool:
    iam = clients("iam")
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}]}
    iam.create_policy(PolicyName="named", PolicyDocument=json.dumps(document))
    (policy,) = iam.get_account_authorization_details(Filter=["LocalManagedPolicy"])["Policies"]
    return "PolicyName" not in policy


@precedes("iam", "GetAccountAuthorizationDetails", lacking=_leaves_names_out)
def name_policies(call: Call) -> None:
    """See https://docs.aws.amazon.com/IAM/latest/APIReference/API_ManagedPolicyDetail.html.

    moto tells of the account's own policies all but name and id.
    """
    for policy in _iam(call).managed_policies.values():
        policy.policy_name, policy.policy_id = policy.name, policy.id


@answers("iam", "SimulatePrincipalPolicy")
def simulate_principal_policy(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html."""
    source = call.params["PolicySourceArn"]
    principal, identity, boundary = policy_simulator.attached(_iam(call), source)
    return _simulate(call, principal, (*identity, *_given(call)), boundary)


@answers("iam", "SimulateCustomPolicy")
def simulate_custom_policy(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html."""
    principal = Principal(f"arn:aws:iam::{call.account}:user/simulated", "user", call.account)
    return _simulate(call, principal, _given(call), None)


@answers("iam", "GetContextKeysForPrincipalPolicy")
def context_keys_for_principal(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetContextKeysForPrincipalPolicy.html."""
    _, identity, _ = policy_simulator.attached(_iam(call), call.params["PolicySourceArn"])
    return {"ContextKeyNames": policy_simulator.keys_of((*identity, *_given(call)))}


@answers("iam", "GetContextKeysForCustomPolicy")
def context_keys_for_custom(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetContextKeysForCustomPolicy.html."""
    return {"ContextKeyNames": policy_simulator.keys_of(_given(call))}


def _iam(call: Call) -> Any:
    return store(call, "iam", "aws")


def _given(call: Call) -> tuple[Any, ...]:
    """The policies that the request itself brings."""
    texts = call.params.get("PolicyInputList", [])
    return tuple(policy_simulator.read(text, f"PolicyInputList.{number}") for number, text in enumerate(texts, start=1))


def _simulate(call: Call, principal: Principal, identity: tuple[Any, ...], boundary: Any) -> dict[str, Any]:
    params = call.params
    if params.get("CallerArn"):
        caller = params["CallerArn"]
        principal = Principal(caller, "user" if ":user/" in caller else "role", caller.split(":")[4])
    limits = params.get("PermissionsBoundaryPolicyInputList", [])
    if len(limits) > 1:
        raise AwsError("InvalidInput", "PermissionsBoundaryPolicyInputList takes one policy")
    boundary = policy_simulator.read(limits[0], "PermissionsBoundaryPolicyInputList.1") if limits else boundary
    resource = (
        policy_simulator.read(params["ResourcePolicy"], "ResourcePolicy") if params.get("ResourcePolicy") else None
    )
    subject = Subject(principal, identity, boundary, resource)
    given = policy_simulator.context(params.get("ContextEntries", []))
    results = []
    for action in params["ActionNames"]:
        for arn in params.get("ResourceArns") or ["*"]:
            result = policy_simulator.evaluate(subject, action, arn, given)
            if params.get("ResourceArns"):
                result["ResourceSpecificResults"] = [_of_resource(result)]
            results.append(result)
    return {"EvaluationResults": results, "IsTruncated": False}


def _of_resource(result: dict[str, Any]) -> dict[str, Any]:
    kept = ("MatchedStatements", "MissingContextValues", "PermissionsBoundaryDecisionDetail")
    told = {name: result[name] for name in kept if name in result}
    return {
        "EvalResourceName": result["EvalResourceName"],
        "EvalResourceDecision": result["EvalDecision"],
        **told,
    }
