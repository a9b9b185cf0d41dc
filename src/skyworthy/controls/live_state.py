"""What the live suite asks of the place where Terraform keeps its state."""

from collections.abc import Iterator

from skyworthy.controls.registry import STACK, control
from skyworthy.estate import Estate, Unknown
from skyworthy.estate.configuration import Configuration

_BLOCKS = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")


@control("live.state-in-order", on=STACK, severity="high", refs=["REQ LIV-8"], lenses=("observed",))
def state_is_in_order(state: Estate | Unknown, configuration: Configuration) -> None:
    """The bucket of the state keeps versions, is encrypted and closed, and the state is locked.

    Why: a lost, leaked or half-written state takes the whole stack with it.
    Fix: apply the bootstrap root, which makes the bucket and the lock table.
    """
    if isinstance(state, Unknown):
        raise state.undecidable()
    problems = [*_of_bucket(state), *_of_lock(state, configuration)]
    assert not problems, "; ".join(problems)


def _of_bucket(state: Estate) -> Iterator[str]:
    bucket = state.get("aws_s3_bucket.state")
    if bucket is None:
        yield "the bucket of the state does not exist"
        return
    name = bucket["bucket"]
    versioning = state.get("aws_s3_bucket_versioning.state")
    if versioning is None or versioning.block("versioning_configuration").get("status") != "Enabled":
        yield f"{name} keeps no versions"
    encryption = state.get("aws_s3_bucket_server_side_encryption_configuration.state")
    if encryption is None or not encryption["rule"]:
        yield f"{name} is not encrypted"
    closed = state.get("aws_s3_bucket_public_access_block.state")
    if closed is None or not all(closed[item] for item in _BLOCKS):
        yield f"{name} may be made public"


def _of_lock(state: Estate, configuration: Configuration) -> Iterator[str]:
    backend = configuration.backend
    assert backend is not None, "a state that was looked at has a backend"
    if backend.attributes.get("dynamodb_table") is None:
        if not backend.attributes.get("use_lockfile"):
            yield "nothing locks the state: use_lockfile is not set"
        return
    table = state.get("aws_dynamodb_table.locks")
    if table is None:
        yield f"the lock table {backend.attributes['dynamodb_table']} does not exist"
    elif table["hash_key"] != "LockID":
        yield f"the key of the lock table {table['name']} is {table['hash_key']}, Terraform needs LockID"
