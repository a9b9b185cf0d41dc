"""What keeps Terraform's state: the bucket and the lock table that the backend block names."""

from dataclasses import replace

from skyworthy.errors import BadInput
from skyworthy.estate import Estate, Resource, Unknown
from skyworthy.estate.configuration import Backend
from skyworthy.observed.observe import Observation, observe
from skyworthy.observed.session import Session

BUCKET = "aws_s3_bucket.state"
VERSIONING = "aws_s3_bucket_versioning.state"
ENCRYPTION = "aws_s3_bucket_server_side_encryption_configuration.state"
PUBLIC_ACCESS = "aws_s3_bucket_public_access_block.state"
LOCKS = "aws_dynamodb_table.locks"


def observe_state(session: Session, backend: Backend | None) -> Observation | Unknown:
    """What an account holds of the state's bucket and lock table, at the addresses above.

    Args:
        session: where to look.
        backend: of the root module.

    Returns:
        The observation; Unknown where there is nothing to look at, or where it cannot be looked at.
    """
    if backend is None or backend.type != "s3":
        return Unknown("the state is not kept in S3", left_out=True)
    region = backend.attributes.get("region")
    if isinstance(region, str) and region != session.region:
        return Unknown(f"the state is kept in {region}, and only {session.region} is looked at")
    try:
        return observe(session, kept_by(backend), idle="only the state is looked at")
    except BadInput as error:
        return Unknown(str(error), denied=True)


def with_state(declared: Estate, backend: Backend | None) -> Estate:
    """What a stack declares, and what keeps its state, where a backend block names that: all that may be read."""
    if backend is None or backend.type != "s3" or not isinstance(backend.attributes.get("bucket"), str):
        return declared
    return replace(declared, resources=(*declared.resources, *kept_by(backend)))


def kept_by(backend: Backend) -> Estate:
    """The resources that a backend block speaks of."""
    bucket, table = backend.attributes.get("bucket"), backend.attributes.get("dynamodb_table")
    made = [
        Resource(address, address.partition(".")[0], {"bucket": bucket}, backend.location)
        for address in (BUCKET, VERSIONING, ENCRYPTION, PUBLIC_ACCESS)
    ]
    if table is not None:
        made.append(Resource(LOCKS, "aws_dynamodb_table", {"name": table}, backend.location))
    return Estate(tuple(made), name="state")
