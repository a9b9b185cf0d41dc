"""SES v2: configuration sets in the form that the API reference gives, and tags of identities."""

from typing import Any

from skyworthy.sandbox.account.calls import Call
from skyworthy.sandbox.gaps import Clients, follows, store


def _nests_sending_options(clients: Clients) -> bool:
    ses = clients("sesv2")
    ses.create_configuration_set(ConfigurationSetName="probe", SendingOptions={"SendingEnabled": True})
    return ses.get_configuration_set(ConfigurationSetName="probe")["SendingOptions"]["SendingEnabled"] is not True


@follows("sesv2", "GetConfigurationSet", lacking=_nests_sending_options)
def get_configuration_set(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetConfigurationSet.html.

    Sending is enabled unless it was switched off, and options that were not given are left out.
    """
    found = store(call, "ses").config_sets[call.params["ConfigurationSetName"]]
    described: dict[str, Any] = found.to_dict_v2()
    sending = found.enabled if isinstance(found.enabled, dict) else {"SendingEnabled": found.enabled}
    described["SendingOptions"] = {"SendingEnabled": sending.get("SendingEnabled", True)}
    reputation = {"ReputationMetricsEnabled": False, **described["ReputationOptions"]}
    return {name: value for name, value in {**described, "ReputationOptions": reputation}.items() if value}


def _forgets_tags_of_identities(clients: Clients) -> bool:
    ses = clients("sesv2")
    ses.create_email_identity(EmailIdentity="probe.test", Tags=[{"Key": "a", "Value": "b"}])
    arn = "arn:aws:ses:us-east-1:123456789012:identity/probe.test"
    return not ses.list_tags_for_resource(ResourceArn=arn)["Tags"]


@follows("sesv2", "CreateEmailIdentity", lacking=_forgets_tags_of_identities)
def keep_tags(call: Call) -> None:
    """See https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_CreateEmailIdentity.html.

    Source of the ARN: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonses.html.
    """
    arn = f"arn:aws:ses:{call.region}:{call.account}:identity/{call.params['EmailIdentity']}"
    store(call, "ses").tagger.tag_resource(arn, call.params.get("Tags", []))
