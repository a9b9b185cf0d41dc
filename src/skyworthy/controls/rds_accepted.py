"""What RDS refuses although the provider takes it."""

import re
from collections.abc import Iterator

from skyworthy.behavior.passwords import DATABASE, refused
from skyworthy.behavior.references import named
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control
from skyworthy.estate import Estate, Resource

_INSTANCE, _CLUSTER, _MEMBER = "aws_db_instance", "aws_rds_cluster", "aws_rds_cluster_instance"
_LEAST = 8
_OWN_VERSION = re.compile(r"\d+\.\d+\.\d+")
"""A version of MySQL; one of Aurora is called ``8.0.mysql_aurora.3.08.0``.
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraMySQLReleaseNotes/Welcome.html"""


@control(
    "rds.settings-accepted",
    on=(_INSTANCE, _CLUSTER, _MEMBER),
    severity="high",
    refs=["REQ STA-1", "REQ REF-6"],
    lenses=("declared",),
)
def settings_are_accepted(database: Resource, estate: Estate) -> None:
    """RDS accepts the settings of a database.

    Why: the provider takes a password with an @ and a cluster whose instances are of another engine; RDS refuses them,
    some of them only when the password is drawn anew.
    Fix: `special = false`, or an `override_special` without / @ " and blanks; the cluster's own engine for its
    instances; `serverlessv2_scaling_configuration` for `db.serverless`, its minimum below its maximum.
    """
    findings = Findings()
    with findings.question():
        for problem in _problems(database, estate):
            findings.add(problem)
    findings.conclude()


def _problems(database: Resource, estate: Estate) -> Iterator[str]:
    if database.type == _MEMBER:
        yield from _as_a_member(database, estate)
        return
    password = database.attributes.get("password" if database.type == _INSTANCE else "master_password")
    if problem := refused(password, DATABASE, _LEAST, estate):
        yield problem
    if database.type == _CLUSTER:
        version = database.attributes.get("engine_version")
        if database.attributes.get("engine") == "aurora-mysql" and _OWN_VERSION.fullmatch(str(version)):
            yield f"engine_version is {version}, which is MySQL's: Aurora's are called 8.0.mysql_aurora.3.08.0"
        scaling = database.block("serverlessv2_scaling_configuration")
        least, most = scaling.get("min_capacity"), scaling.get("max_capacity")
        if isinstance(least, (int, float)) and isinstance(most, (int, float)) and least > most:
            yield f"its min_capacity {least} is above its max_capacity {most}"


def _as_a_member(member: Resource, estate: Estate) -> Iterator[str]:
    """What does not fit an instance's cluster."""
    for cluster in named(estate, member["cluster_identifier"], _CLUSTER):
        if cluster.data:
            continue
        own, engine = member.attributes.get("engine"), cluster.attributes.get("engine")
        if isinstance(own, str) and isinstance(engine, str) and own != engine:
            yield f"its engine is {own}, and that of {cluster.address} is {engine}"
        serverless = member.attributes.get("instance_class") == "db.serverless"
        if serverless and not cluster["serverlessv2_scaling_configuration"]:
            yield f"it is db.serverless, and {cluster.address} has no serverlessv2_scaling_configuration"
