"""Caches, secrets, buckets and tables.

Source of the attribute names: the schemas of aws_elasticache_replication_group, aws_secretsmanager_secret_version,
aws_s3_bucket_lifecycle_configuration and aws_dynamodb_table, https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs
"""

from collections.abc import Mapping
from typing import Any

from skyworthy.estate import Unknown, Value
from skyworthy.observed.secrets import SecretValue
from skyworthy.observed.shapes.base import Record, nested, shape


@shape
def auth_token(record: Record) -> Value:
    """``auth_token`` of a cache: AWS tells only whether there is one."""
    return SecretValue() if record.get("AuthTokenEnabled") else None


@shape
def log_delivery(record: Record) -> Value:
    """``log_delivery_configuration`` blocks of a cache."""
    found = []
    for item in record.get("LogDeliveryConfigurations", ()):
        details = item.get("DestinationDetails", {})
        group = details.get("CloudWatchLogsDetails", {}).get("LogGroup")
        stream = details.get("KinesisFirehoseDetails", {}).get("DeliveryStream")
        block = {"log_type": item["LogType"], "log_format": item.get("LogFormat"), "destination": group or stream}
        found.append({**block, "destination_type": item.get("DestinationType")})
    return found


def _member(record: Record) -> Mapping[str, Any] | Unknown:
    """The first node of a replication group; all nodes share what is asked of it."""
    own = [
        item for item in record["AllClusters"] or () if item.get("ReplicationGroupId") == record["ReplicationGroupId"]
    ]
    if not own:
        return Unknown("elasticache:DescribeCacheClusters lists no node of the group")
    first: Mapping[str, Any] = min(own, key=lambda item: str(item["CacheClusterId"]))
    return first


def _of_member(record: Record, name: str, inner: str = "") -> Value:
    member = _member(record)
    if isinstance(member, Unknown):
        return member
    value = member.get(name)
    return value.get(inner) if inner and value else value


@shape
def member_engine(record: Record) -> Value:
    """``engine``."""
    return _of_member(record, "Engine")


@shape
def member_engine_version_actual(record: Record) -> Value:
    """``engine_version_actual``: in full, ``7.1.0``."""
    return _of_member(record, "EngineVersion")


@shape
def member_engine_version(record: Record) -> Value:
    """``engine_version`` as Terraform writes it: since version 6 without the patch level."""
    version = _of_member(record, "EngineVersion")
    if not isinstance(version, str):
        return version
    parts = version.split(".")
    return ".".join(parts[:2]) if int(parts[0]) >= 6 else version


@shape
def member_maintenance_window(record: Record) -> Value:
    """``maintenance_window``."""
    return _of_member(record, "PreferredMaintenanceWindow")


@shape
def member_parameter_group(record: Record) -> Value:
    """``parameter_group_name``."""
    return _of_member(record, "CacheParameterGroup", "CacheParameterGroupName")


@shape
def member_subnet_group(record: Record) -> Value:
    """``subnet_group_name``."""
    return _of_member(record, "CacheSubnetGroupName")


@shape
def member_topic(record: Record) -> Value:
    """``notification_topic_arn``."""
    return _of_member(record, "NotificationConfiguration", "TopicArn")


@shape
def member_security_groups(record: Record) -> Value:
    """``security_group_ids``."""
    groups = _of_member(record, "SecurityGroups")
    return groups if isinstance(groups, Unknown) else sorted(item["SecurityGroupId"] for item in groups or ())


def _current(record: Record) -> tuple[str, list[str]]:
    stages = record.get("SecretVersionsToStages", {})
    return next(((version, names) for version, names in stages.items() if "AWSCURRENT" in names), ("", []))


@shape
def secret_version_id(record: Record) -> Value:
    """``version_id`` of the current version."""
    return _current(record)[0]


@shape
def secret_version_id_with_arn(record: Record) -> Value:
    """Terraform's id of the current version."""
    return f"{record['ARN']}|{_current(record)[0]}"


@shape
def secret_version_stages(record: Record) -> Value:
    """``version_stages`` of the current version."""
    return sorted(_current(record)[1])


@shape
def bucket_encryption_rules(record: Record) -> Value:
    """``rule`` blocks of a bucket's encryption."""
    found = []
    for rule in record.get("Rules", ()):
        default = rule.get("ApplyServerSideEncryptionByDefault", {})
        block = {"sse_algorithm": default.get("SSEAlgorithm"), "kms_master_key_id": default.get("KMSMasterKeyID")}
        enabled = rule.get("BucketKeyEnabled", False)
        found.append({"apply_server_side_encryption_by_default": [block], "bucket_key_enabled": enabled})
    return found


_LIFECYCLE = {
    "Expiration": "expiration",
    "NoncurrentVersionExpiration": "noncurrent_version_expiration",
    "AbortIncompleteMultipartUpload": "abort_incomplete_multipart_upload",
}


def _filter(given: Mapping[str, Any]) -> dict[str, Any]:
    if "And" in given:
        inner = given["And"]
        tags = {item["Key"]: item["Value"] for item in inner.get("Tags", ())}
        sizes = {name: inner.get(api) for api, name in _SIZES.items()}
        return {"and": [{"prefix": inner.get("Prefix"), "tags": tags, **sizes}]}
    tag = given.get("Tag")
    made: dict[str, Any] = {"prefix": given.get("Prefix") or None}
    made |= {name: given[api] for api, name in _SIZES.items() if api in given}
    return made | ({"tag": [{"key": tag["Key"], "value": tag["Value"]}]} if tag else {})


_SIZES = {"ObjectSizeGreaterThan": "object_size_greater_than", "ObjectSizeLessThan": "object_size_less_than"}


@shape
def bucket_lifecycle_rules(record: Record) -> Value:
    """``rule`` blocks of a bucket's lifecycle."""
    found = []
    for rule in record.get("Rules", ()):
        block: dict[str, Any] = {"id": rule.get("ID"), "status": rule["Status"]}
        block["filter"] = [_filter(rule.get("Filter", {}))]
        for api, name in _LIFECYCLE.items():
            block[name] = [nested(rule[api])] if rule.get(api) else []
        block["transition"] = [nested(item) for item in rule.get("Transitions", ())]
        block["noncurrent_version_transition"] = [nested(item) for item in rule.get("NoncurrentVersionTransitions", ())]
        found.append(block)
    return found


@shape
def table_encryption(record: Record) -> Value:
    """``server_side_encryption`` of a table; without it AWS uses a key of its own."""
    given = record.get("SSEDescription")
    if not given:
        return []
    return [{"enabled": given.get("Status") == "ENABLED", "kms_key_arn": given.get("KMSMasterKeyArn")}]


@shape
def table_recovery(record: Record) -> Value:
    """``point_in_time_recovery`` of a table."""
    status = (record["Backups"] or {}).get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
    return [{"enabled": status == "ENABLED"}]
