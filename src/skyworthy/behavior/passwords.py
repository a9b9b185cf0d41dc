"""Passwords that Terraform makes up: whether the service that gets one takes it."""

import string

from skyworthy.estate import Estate, Reference, Value

_GENERATOR = "random_password"
_SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
"""What ``random_password`` draws from. https://registry.terraform.io/providers/hashicorp/random/latest/docs"""
DATABASE = frozenset(string.printable.strip()) - frozenset('/@" ')
"""What RDS takes. https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html"""
CACHE = frozenset(string.ascii_letters + string.digits + "!&#$^<>-")
"""What ElastiCache takes. https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth.html"""


def refused(value: Value, taken: frozenset[str], least: int, estate: Estate) -> str:
    """Why a service may refuse a password that a ``random_password`` makes up; empty where it takes it.

    Args:
        value: the password.
        taken: characters that the service takes.
        least: how many it wants.
        estate: where the generator stands.
    """
    if not isinstance(value, Reference) or value.attribute != "result":
        return ""
    generator = estate.get(value.address)
    if generator is None or generator.type != _GENERATOR:
        return ""
    length = generator.attributes.get("length")
    if isinstance(length, int) and length < least:
        return f"{generator.address} makes up {length} characters, at least {least} are wanted"
    drawn = generator.attributes.get("override_special") or _SPECIAL
    if generator.attributes.get("special", True) is not True or not isinstance(drawn, str):
        return ""
    wrong = "".join(sorted(set(drawn) - taken))
    return f"{generator.address} may draw {wrong}, which is refused in a password" if wrong else ""
