"""What Terraform may destroy together with a resource."""

from skyworthy.behavior.references import left_out
from skyworthy.config import Policy
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource

_FORCED = {
    "aws_backup_vault": ("force_destroy", "recovery points"),
    "aws_ecr_repository": ("force_delete", "images"),
    "aws_route53_zone": ("force_destroy", "records"),
    "aws_s3_bucket": ("force_destroy", "objects"),
}
"""Types that AWS does not delete while they hold something -> the argument that empties them first, what they hold."""


@control(
    "terraform.destroy-not-forced", on=tuple(_FORCED), severity="medium", refs=["REQ REF-15"], lenses=("declared",)
)
def nothing_is_emptied_to_destroy_it(holder: Resource, policy: Policy) -> None:
    """Where deletion protection is demanded, nothing is emptied so that it can be destroyed.

    Why: AWS refuses to delete a bucket with objects or a repository with images; these arguments tell Terraform to
    empty it first, and a renamed resource takes years of data with it.
    Fix: `force_destroy = false`, `force_delete = false`, or leave them out.
    """
    if not policy.deletion_protection:
        not_applicable("deletion protection is not demanded here")
    name, held = _FORCED[holder.type]
    assert left_out(holder, name) or not holder[name], f"{name} is true: it is destroyed with the {held} in it"


_KEEPING = (
    *("aws_db_instance", "aws_docdb_cluster", "aws_dynamodb_table", "aws_efs_file_system", "aws_kms_key"),
    *("aws_elasticache_cluster", "aws_elasticache_replication_group", "aws_rds_cluster", "aws_s3_bucket"),
)
"""What holds data, or without which data cannot be read."""


@control("terraform.destroy-prevented", on=_KEEPING, severity="medium", refs=["REQ DAT-1"], lenses=("declared",))
def destroying_is_prevented_throughout(holder: Resource, estate: Estate) -> None:
    """Where a stack keeps Terraform from destroying what holds its data, it does so without exception.

    Why: a guard that was switched off for one migration lets the next plan that replaces the resource destroy it.
    Fix: `lifecycle { prevent_destroy = true }`, or leave the setting out where nothing is to be kept.
    """
    said = holder.lifecycle.get("prevent_destroy")
    if said is None:
        not_applicable("nothing is said of it")
    guarded = [item.address for item in estate.of(*_KEEPING) if item.lifecycle.get("prevent_destroy") is True]
    assert said or not guarded, f"prevent_destroy is switched off, which guards {guarded[0]}"
