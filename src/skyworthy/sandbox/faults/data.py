"""Faults of the database, the cache, buckets and image repositories."""

import json
from typing import Any

from skyworthy.sandbox.faults.registry import Hit, fault
from skyworthy.sandbox.faults.stack import Stack, already, one


def _database(stack: Stack, **change: Any) -> Hit:
    name = stack.database["DBInstanceIdentifier"]
    stack.client("rds").modify_db_instance(DBInstanceIdentifier=name, ApplyImmediately=True, **change)
    return Hit("aws_db_instance", name)


@fault("db-public", "NET-2", "DAT-1")
def db_public(stack: Stack) -> Hit:
    """The database has a public address."""
    return _database(stack, PubliclyAccessible=True)


@fault("db-backups-off", "DAT-1", "DAT-2")
def db_backups_off(stack: Stack) -> Hit:
    """The database is not backed up."""
    return _database(stack, BackupRetentionPeriod=0)


@fault("db-deletion-protection-off", "DAT-1", "REF-15")
def db_deletion_protection_off(stack: Stack) -> Hit:
    """The database can be deleted by mistake."""
    if not stack.database["DeletionProtection"]:
        raise already("the database's deletion protection is off")
    return _database(stack, DeletionProtection=False)


@fault("db-multi-az-off", "DAT-1", "REF-15")
def db_multi_az_off(stack: Stack) -> Hit:
    """The database has no standby in another zone."""
    if not stack.database["MultiAZ"]:
        raise already("the database is in one zone")
    return _database(stack, MultiAZ=False)


@fault("db-performance-insights-off", "REF-6")
def db_insights_off(stack: Stack) -> Hit:
    """The database's Performance Insights are off."""
    return _database(stack, EnablePerformanceInsights=False)


@fault("db-minor-upgrades-off", "DAT-2")
def db_upgrades_off(stack: Stack) -> Hit:
    """The database gets no minor upgrades."""
    return _database(stack, AutoMinorVersionUpgrade=False)


@fault("db-logs-off", "REF-6", "LIV-6")
def db_logs_off(stack: Stack) -> Hit:
    """The database's logs do not go to CloudWatch."""
    types = stack.database["EnabledCloudwatchLogsExports"]
    return _database(stack, CloudwatchLogsExportConfiguration={"DisableLogTypes": types})


@fault("db-tls-not-forced", "DAT-1", "REF-6")
def db_tls_off(stack: Stack) -> Hit:
    """The database accepts connections without TLS."""
    name = stack.database["DBParameterGroups"][0]["DBParameterGroupName"]
    parameter = {"ParameterName": "rds.force_ssl", "ParameterValue": "0", "ApplyMethod": "immediate"}
    stack.client("rds").modify_db_parameter_group(DBParameterGroupName=name, Parameters=[parameter])
    return Hit("aws_db_parameter_group", name)


@fault("db-class-changed", "LIV-3")
def db_class_changed(stack: Stack) -> Hit:
    """The database runs on another machine than the code says."""
    return _database(stack, DBInstanceClass="db.r6g.4xlarge")


@fault("db-engine-changed", "DAT-2", "LIV-3")
def db_engine_changed(stack: Stack) -> Hit:
    """The database runs another major version than the code says."""
    return _database(stack, EngineVersion="13.4", AllowMajorVersionUpgrade=True)


@fault("db-deleted", "DAT-1", "LIV-1")
def db_deleted(stack: Stack) -> Hit:
    """The database is gone, without a last snapshot."""
    hit = _database(stack, DeletionProtection=False)
    stack.client("rds").delete_db_instance(DBInstanceIdentifier=hit.identifier, SkipFinalSnapshot=True)
    return hit


def _cache(stack: Stack, **change: Any) -> Hit:
    name = stack.cache["ReplicationGroupId"]
    stack.client("elasticache").modify_replication_group(ReplicationGroupId=name, ApplyImmediately=True, **change)
    return Hit("aws_elasticache_replication_group", name)


@fault("redis-failover-off", "REF-7", "REF-15")
def redis_failover_off(stack: Stack) -> Hit:
    """The cache does not fail over to its replica."""
    if stack.cache.get("AutomaticFailover") == "disabled":
        raise already("the cache's failover is off")
    return _cache(stack, AutomaticFailoverEnabled=False, MultiAZEnabled=False)


@fault("redis-backups-off", "DAT-1")
def redis_backups_off(stack: Stack) -> Hit:
    """The cache is not backed up."""
    if not stack.cache.get("SnapshotRetentionLimit"):
        raise already("the cache's backups are off")
    return _cache(stack, SnapshotRetentionLimit=0)


@fault("redis-minor-upgrades-off", "DAT-2")
def redis_upgrades_off(stack: Stack) -> Hit:
    """The cache gets no minor upgrades."""
    return _cache(stack, AutoMinorVersionUpgrade=False)


@fault("redis-deleted", "DAT-1", "LIV-1")
def redis_deleted(stack: Stack) -> Hit:
    """The cache is gone."""
    name = stack.cache["ReplicationGroupId"]
    stack.client("elasticache").delete_replication_group(ReplicationGroupId=name)
    return Hit("aws_elasticache_replication_group", name)


@fault("bucket-made-public", "DAT-1", "LIV-1")
def bucket_public(stack: Stack) -> Hit:
    """The bucket with the access logs can be read by everybody."""
    s3, name = stack.client("s3"), stack.bucket
    s3.delete_public_access_block(Bucket=name)
    policy = json.loads(s3.get_bucket_policy(Bucket=name)["Policy"])
    resource = f"arn:aws:s3:::{name}/*"
    policy["Statement"].append({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": resource})
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))
    return Hit("aws_s3_bucket_public_access_block", name)


@fault("bucket-policy-removed", "REF-4", "LIV-1")
def bucket_policy_removed(stack: Stack) -> Hit:
    """The load balancer may not write its access logs."""
    stack.client("s3").delete_bucket_policy(Bucket=stack.bucket)
    return Hit("aws_s3_bucket_policy", stack.bucket)


@fault("bucket-encryption-removed", "DAT-1", "LIV-1")
def bucket_encryption_removed(stack: Stack) -> Hit:
    """The bucket with the access logs has no encryption of its own."""
    stack.client("s3").delete_bucket_encryption(Bucket=stack.bucket)
    return Hit("aws_s3_bucket_server_side_encryption_configuration", stack.bucket)


@fault("bucket-versioning-suspended", "DAT-1", "LIV-3")
def bucket_versioning_suspended(stack: Stack) -> Hit:
    """The bucket with the access logs keeps no versions."""
    stack.client("s3").put_bucket_versioning(Bucket=stack.bucket, VersioningConfiguration={"Status": "Suspended"})
    return Hit("aws_s3_bucket_versioning", stack.bucket)


def _repository(stack: Stack) -> str:
    return str(one(stack.client("ecr").describe_repositories()["repositories"], "image repository")["repositoryName"])


@fault("ecr-scan-off", "REF-11", "LIV-7")
def scan_off(stack: Stack) -> Hit:
    """Images are not scanned when they are pushed."""
    name = _repository(stack)
    stack.client("ecr").put_image_scanning_configuration(
        repositoryName=name, imageScanningConfiguration={"scanOnPush": False}
    )
    return Hit("aws_ecr_repository", name)


@fault("ecr-tags-mutable", "REF-11")
def tags_mutable(stack: Stack) -> Hit:
    """An image's tag can be moved to another image."""
    name = _repository(stack)
    stack.client("ecr").put_image_tag_mutability(repositoryName=name, imageTagMutability="MUTABLE")
    return Hit("aws_ecr_repository", name)


@fault("ecr-lifecycle-removed", "REF-11", "LIV-1")
def lifecycle_removed(stack: Stack) -> Hit:
    """Old images are kept for ever."""
    name = _repository(stack)
    stack.client("ecr").delete_lifecycle_policy(repositoryName=name)
    return Hit("aws_ecr_lifecycle_policy", name)


@fault("ecr-repository-deleted", "REF-11", "LIV-1", "LIV-7")
def repository_deleted(stack: Stack) -> Hit:
    """An image repository is gone."""
    name = _repository(stack)
    stack.client("ecr").delete_repository(repositoryName=name, force=True)
    return Hit("aws_ecr_repository", name)
