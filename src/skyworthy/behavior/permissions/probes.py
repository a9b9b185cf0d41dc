"""Requests that no policy means: what allows them allows everything of the kind."""

from skyworthy.behavior.permissions.conditions import Context
from skyworthy.behavior.permissions.identifiers import NOBODY
from skyworthy.estate import Reference, Template, Unknown

NOBODYS = Reference(NOBODY, "name")
"""A name that no policy means, so that what covers it covers everything."""
ACCOUNT = Reference("data.aws_caller_identity.this", "account_id")
REGION = Reference("data.aws_region.this", "name")
LATER = Unknown("it is known at the time of the request only")


def probe(service: str, kind: str, ending: str = "") -> Template:
    """The ARN of something in the estate's account and region that nobody declared."""
    return Template((f"arn:aws:{service}:", REGION, ":", ACCOUNT, f":{kind}", NOBODYS, ending))


ANY_KEY = probe("kms", "key/")
ANY_PARAMETER = probe("ssm", "parameter/")
ANY_ROLE = Template(("arn:aws:iam::", ACCOUNT, ":role/", NOBODYS))
ANY_SECRET = probe("secretsmanager", "secret:", "-a1B2c3")
DIRECT = Context({"kms:ViaService": None, "aws:ViaAWSService": False, "aws:CalledVia": None}, LATER)
"""A request that the principal makes itself, not a service on its behalf."""
