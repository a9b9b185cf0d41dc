"""RDS: parameters of parameter groups, and instances that can be told apart."""

import string
from typing import Any

from moto.moto_api._internal import mock_random

from skyworthy.sandbox.calls import AwsError, Call
from skyworthy.sandbox.gaps import Clients, answers, follows, store


def _forgets_parameters(clients: Clients) -> bool:
    rds = clients("rds")
    rds.create_db_parameter_group(
        DBParameterGroupName="probe", DBParameterGroupFamily="postgres17", Description="probe"
    )
    parameter = {"ParameterName": "log_statement", "ParameterValue": "ddl", "ApplyMethod": "immediate"}
    rds.modify_db_parameter_group(DBParameterGroupName="probe", Parameters=[parameter])
    listed = rds.describe_db_parameters(DBParameterGroupName="probe", Source="user")["Parameters"]
    return not any(each.get("Source") == "user" and each["ParameterValue"] == "ddl" for each in listed)


@answers("rds", "DescribeDBParameters", lacking=_forgets_parameters)
def describe_parameters(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBParameters.html.

    The parameters that were set; engine defaults are not modelled.
    """
    name = call.params["DBParameterGroupName"]
    group = store(call, "rds").db_parameter_groups.get(name.lower())
    if group is None:
        raise AwsError(
            "DBParameterGroupNotFound",
            f"DBParameterGroup not found: {name}",
        )
    if call.params.get("Source", "user") != "user":
        return {"Parameters": []}
    described = [
        {"Source": "user", "IsModifiable": True, **{_member(key): value for key, value in parameter.items()}}
        for parameter in group.parameters.values()
    ]
    return {"Parameters": sorted(described, key=lambda each: str(each["ParameterName"]))}


def _member(key: str) -> str:
    return "".join(part.capitalize() for part in key.split("_")) if "_" in key else key


_PROBE = {
    "AllocatedStorage": 20,
    "DBInstanceClass": "db.t3.micro",
    "Engine": "postgres",
    "MasterUserPassword": "probe-dummy",
    "MasterUsername": "probe",
}
_GIVEN = {
    "DatabaseInsightsMode": "database_insights_mode",
    "EnablePerformanceInsights": "performance_insights_enabled",
    "PerformanceInsightsKMSKeyId": "performance_insights_kms_key_id",
    "PerformanceInsightsRetentionPeriod": "performance_insights_retention_period",
}


def _shares_resource_ids(clients: Clients) -> bool:
    rds = clients("rds")
    made = [rds.create_db_instance(DBInstanceIdentifier=name, **_PROBE)["DBInstance"] for name in ("one", "two")]
    return bool(made[0]["DbiResourceId"] == made[1]["DbiResourceId"])


def _forgets_performance_insights(clients: Clients) -> bool:
    rds = clients("rds")
    rds.create_db_instance(DBInstanceIdentifier="insights", EnablePerformanceInsights=True, **_PROBE)
    return not rds.describe_db_instances(DBInstanceIdentifier="insights")["DBInstances"][0].get(
        "PerformanceInsightsEnabled"
    )


@follows("rds", "CreateDBInstance", "CreateDBInstanceReadReplica", lacking=_shares_resource_ids)
def complete_instance(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html.

    `DbiResourceId` is unique in the region; moto gives every instance the same.
    """
    instance = _instance(call)
    instance.dbi_resource_id = "db-" + "".join(mock_random.choices(string.ascii_uppercase + string.digits, k=26))
    instance.performance_insights_enabled = False
    _take(instance, call)
    return {"DBInstance": instance}


@follows("rds", "ModifyDBInstance", lacking=_forgets_performance_insights)
def modify_instance(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html."""
    instance = _instance(call)
    _take(instance, call)
    return {"DBInstance": instance}


def _instance(call: Call) -> Any:
    name = call.params.get("NewDBInstanceIdentifier") or call.params["DBInstanceIdentifier"]
    return store(call, "rds").databases[name.lower()]


def _take(instance: Any, call: Call) -> None:
    """Keep what the request gives of Performance Insights.

    Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PerfInsights.Enabling.html (7 days by default).
    """
    for member, attribute in _GIVEN.items():
        if call.params.get(member) is not None:
            setattr(instance, attribute, call.params[member])
    if instance.performance_insights_enabled and not getattr(instance, "performance_insights_retention_period", None):
        instance.performance_insights_retention_period = 7
