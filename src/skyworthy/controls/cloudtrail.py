"""Controls of CloudTrail."""

from collections.abc import Iterator, Mapping

from skyworthy.behavior.references import naming
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource, Undecidable, Value, show

TRAIL = "aws_cloudtrail"
_LEAST_DAYS = 90
_DELIVERIES = {
    "latest_delivery_error": "log files",
    "latest_digest_delivery_error": "digests",
    "latest_cloudwatch_logs_delivery_error": "events to CloudWatch Logs",
}


@control(
    "cloudtrail.multi-region",
    on=TRAIL,
    severity="high",
    refs=["REQ REF-10", "REQ LIV-9", "FSBP CloudTrail.1", "CIS 3.1", "CKV_AWS_67", "CKV_AWS_251"],
)
def trail_covers_all_regions(trail: Resource, estate: Estate) -> None:
    """A trail records every region and the global services.

    Why: an intruder works where nobody looks, in a region that the team does not use.
    Fix: set `is_multi_region_trail = true` and leave `include_global_service_events` on.
    """
    if any(_covers_all(other) for other in estate.everywhere(TRAIL) if other is not trail):
        not_applicable("another trail records every region")
    assert trail["is_multi_region_trail"], "it records one region only"
    assert trail["include_global_service_events"], "it leaves the global services out"


def _covers_all(trail: Resource) -> bool:
    return bool(trail["is_multi_region_trail"] and trail["include_global_service_events"])


@control(
    "cloudtrail.management-events",
    on=TRAIL,
    severity="high",
    refs=["REQ REF-10", "REQ LIV-9", "FSBP CloudTrail.1", "CIS 3.1"],
)
def management_events_are_recorded(trail: Resource, estate: Estate) -> None:
    """The account's trails record management events, those that read and those that write.

    Why: who made a key, opened a group or took on a role stands in the management events and nowhere else.
    Fix: leave the event selectors out, or have one with `include_management_events = true` and
    `read_write_type = "All"`.
    """
    if any(_records_management(other) for other in estate.everywhere(TRAIL) if other is not trail):
        not_applicable("another trail records them")
    assert _records_management(trail), "its event selectors leave management events out, or a part of them"


def _records_management(trail: Resource) -> bool:
    basic, advanced = trail["event_selector"], trail["advanced_event_selector"]
    if not basic and not advanced:
        return True
    return any(map(_basic_records_all, basic or ())) or any(map(_advanced_records_all, advanced or ()))


def _basic_records_all(selector: Mapping[str, Value]) -> bool:
    included, kind = selector.get("include_management_events"), selector.get("read_write_type")
    return (included is None or bool(included)) and (kind is None or kind == "All")


def _advanced_records_all(selector: Mapping[str, Value]) -> bool:
    fields = {field["field"]: field for field in selector.get("field_selector") or ()}
    category = fields.get("eventCategory", {}).get("equals") or ()
    return list(category) == ["Management"] and "readOnly" not in fields


@control(
    "cloudtrail.log-file-validation",
    on=TRAIL,
    severity="medium",
    refs=["REQ REF-10", "REQ LIV-9", "FSBP CloudTrail.4", "CIS 3.2", "CKV_AWS_36"],
    aliases=("cloudtrail.log-validation",),
)
def log_files_are_validated(trail: Resource) -> None:
    """Log files are validated.

    Why: without digests nobody can tell whether the log of an incident was altered.
    Fix: set `enable_log_file_validation = true`.
    """
    assert trail["enable_log_file_validation"], "log file validation is off"


@control(
    "cloudtrail.encrypted",
    on=TRAIL,
    severity="medium",
    refs=["REQ REF-10", "REQ DAT-1", "FSBP CloudTrail.2", "CIS 3.5", "CKV_AWS_35"],
    aliases=("cloudtrail.kms",),
)
def log_files_are_encrypted(trail: Resource) -> None:
    """Log files are encrypted with a KMS key.

    Why: the log tells who may do what; with a key of your own, reading it takes a second permission.
    Fix: set `kms_key_id` to a key whose policy admits `cloudtrail.amazonaws.com`.
    """
    assert trail["kms_key_id"], "it names no kms_key_id"


@control(
    "cloudtrail.to-cloudwatch",
    on=TRAIL,
    severity="low",
    refs=["REQ REF-10", "FSBP CloudTrail.5", "CKV2_AWS_10"],
)
def events_reach_cloudwatch(trail: Resource) -> None:
    """Events are sent to CloudWatch Logs.

    Why: files in a bucket cannot be searched while the incident goes on, and no alarm watches them.
    Fix: set `cloud_watch_logs_group_arn` and `cloud_watch_logs_role_arn`.
    """
    for name in ("cloud_watch_logs_group_arn", "cloud_watch_logs_role_arn"):
        assert trail[name], f"it names no {name}"


@control(
    "cloudtrail.logging",
    on=TRAIL,
    severity="high",
    refs=["REQ REF-10", "REQ LIV-9", "FSBP CloudTrail.1", "CIS 3.1"],
)
def trail_is_logging(trail: Resource) -> None:
    """The trail is logging.

    Why: stopping the trail is the first thing that an intruder does; it stays there and records nothing.
    Fix: set `enable_logging = true`, or `aws cloudtrail start-logging`.
    """
    assert trail["enable_logging"], "logging is stopped"


@control("cloudtrail.delivering", on=TRAIL, severity="high", refs=["REQ LIV-9", "REQ REF-10"], lenses=("observed",))
def trail_delivers(trail: Resource) -> None:
    """What the trail records arrives.

    Why: a bucket or key whose policy shuts CloudTrail out loses the log, while the trail says that it is logging.
    Fix: admit `cloudtrail.amazonaws.com` in the policies of bucket and key, and the trail's role to the log group.
    """
    findings = Findings()
    for name, what in _DELIVERIES.items():
        with findings.question():
            error = trail[name]
            assert not error, f"the last delivery of {what} failed: {error}"
    findings.conclude()


@control(
    "cloudtrail.log-files-kept",
    on=TRAIL,
    severity="medium",
    refs=["REQ REF-10"],
)
def log_files_are_kept(trail: Resource, estate: Estate) -> None:
    """Log files are kept 90 days at least.

    Why: intruders are found weeks after they came; the log of their first day must still be there.
    Fix: let the bucket's lifecycle rules expire what lies under `AWSLogs/` after 90 days or later.
    """
    bucket = estate.find(trail["s3_bucket_name"], "aws_s3_bucket")
    if bucket is None:
        raise Undecidable(f"bucket {show(trail['s3_bucket_name'])} is not part of this stack")
    logs = "/".join(part for part in (trail.attributes.get("s3_key_prefix"), "AWSLogs/") if part)
    findings = Findings()
    for configuration in naming(estate, bucket, "bucket", "aws_s3_bucket_lifecycle_configuration"):
        for rule in configuration["rule"] or ():
            with findings.question():
                _assert_kept(rule, logs)
    findings.conclude()


def _assert_kept(rule: Mapping[str, Value], logs: str) -> None:
    if rule["status"] != "Enabled" or not _is_about(rule, logs):
        return
    for expiration in _blocks(rule, "expiration"):
        assert not expiration.get("date"), f"log files expire on {expiration.get('date')}"
        days = expiration.get("days")
        assert not days or int(days) >= _LEAST_DAYS, (
            f"log files are kept {days} days, at least {_LEAST_DAYS} are demanded"
        )


def _is_about(rule: Mapping[str, Value], logs: str) -> bool:
    """Whether a rule touches log files, which bear no tags: by the prefix of its filter, or its own."""
    filters = [*_blocks(rule, "filter")]
    filters += [inner for each in filters for inner in _blocks(each, "and")]
    if any(each.get("tag") or each.get("tags") for each in filters):
        return False
    prefixes = [str(each["prefix"]) for each in (*filters, rule) if each.get("prefix")]
    return all(logs.startswith(prefix) or prefix.startswith(logs) for prefix in prefixes)


def _blocks(owner: Mapping[str, Value], name: str) -> Iterator[Mapping[str, Value]]:
    yield from owner.get(name) or ()
