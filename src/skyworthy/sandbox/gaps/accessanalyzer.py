"""IAM Access Analyzer: analyzers and their archive rules; nothing is analysed."""

from typing import Any

from moto.core.utils import utcnow

from skyworthy.sandbox.account.calls import AwsError, Call
from skyworthy.sandbox.gaps import answers, note, store


def _analyzers(call: Call) -> dict[str, dict[str, Any]]:
    """By name; kept with IAM, since moto has no store for this service."""
    analyzers: dict[str, dict[str, Any]] = note(store(call, "iam", "aws"), f"sky_analyzers_{call.region}", dict)
    return analyzers


def _analyzer(call: Call) -> dict[str, Any]:
    name = call.params.get("analyzerName") or call.params.get("resourceArn", "").rpartition("/")[2]
    if name not in _analyzers(call):
        raise AwsError("ResourceNotFoundException", f"Analyzer {name} not found")
    return _analyzers(call)[name]


def _rule(call: Call) -> dict[str, Any]:
    rules, name = _analyzer(call)["rules"], call.params["ruleName"]
    if name not in rules:
        raise AwsError("ResourceNotFoundException", f"Archive rule {name} not found")
    found: dict[str, Any] = rules[name]
    return found


@answers("accessanalyzer", "CreateAnalyzer")
def create_analyzer(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_CreateAnalyzer.html."""
    name = call.params["analyzerName"]
    if name in _analyzers(call):
        raise AwsError("ConflictException", f"Analyzer {name} already exists")
    arn = f"arn:aws:access-analyzer:{call.region}:{call.account}:analyzer/{name}"
    _analyzers(call)[name] = {
        "arn": arn,
        "name": name,
        "type": call.params["type"],
        "createdAt": utcnow(),
        "status": "ACTIVE",
        "tags": dict(call.params.get("tags", {})),
        "rules": {},
        **({"configuration": call.params["configuration"]} if "configuration" in call.params else {}),
    }
    for rule in call.params.get("archiveRules", []):
        _keep_rule(_analyzers(call)[name], rule["ruleName"], rule["filter"])
    return {"arn": arn}


@answers("accessanalyzer", "GetAnalyzer")
def get_analyzer(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_GetAnalyzer.html."""
    return {"analyzer": _analyzer(call)}


@answers("accessanalyzer", "ListAnalyzers")
def list_analyzers(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_ListAnalyzers.html."""
    kind = call.params.get("type")
    return {"analyzers": [each for each in _analyzers(call).values() if kind in (None, each["type"])]}


@answers("accessanalyzer", "UpdateAnalyzer")
def update_analyzer(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_UpdateAnalyzer.html."""
    _analyzer(call)["configuration"] = call.params["configuration"]
    return {"configuration": call.params["configuration"]}


@answers("accessanalyzer", "DeleteAnalyzer")
def delete_analyzer(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_DeleteAnalyzer.html."""
    del _analyzers(call)[_analyzer(call)["name"]]
    return {}


@answers("accessanalyzer", "CreateArchiveRule", "UpdateArchiveRule")
def put_archive_rule(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_CreateArchiveRule.html."""
    _keep_rule(_analyzer(call), call.params["ruleName"], call.params["filter"])
    return {}


@answers("accessanalyzer", "GetArchiveRule")
def get_archive_rule(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_GetArchiveRule.html."""
    return {"archiveRule": _rule(call)}


@answers("accessanalyzer", "ListArchiveRules")
def list_archive_rules(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_ListArchiveRules.html."""
    return {"archiveRules": list(_analyzer(call)["rules"].values())}


@answers("accessanalyzer", "DeleteArchiveRule")
def delete_archive_rule(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_DeleteArchiveRule.html."""
    del _analyzer(call)["rules"][_rule(call)["ruleName"]]
    return {}


@answers("accessanalyzer", "ListFindings", "ListFindingsV2")
def list_findings(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_ListFindingsV2.html."""
    arn = call.params["analyzerArn"]
    if not any(each["arn"] == arn for each in _analyzers(call).values()):
        raise AwsError("ResourceNotFoundException", f"Analyzer {arn} not found")
    return {"findings": []}


@answers("accessanalyzer", "ListTagsForResource")
def list_tags(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_ListTagsForResource.html."""
    return {"tags": _analyzer(call)["tags"]}


@answers("accessanalyzer", "TagResource")
def tag(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_TagResource.html."""
    _analyzer(call)["tags"].update(call.params["tags"])
    return {}


@answers("accessanalyzer", "UntagResource")
def untag(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_UntagResource.html."""
    for key in call.params["tagKeys"]:
        _analyzer(call)["tags"].pop(key, None)
    return {}


def _keep_rule(analyzer: dict[str, Any], name: str, criteria: dict[str, Any]) -> None:
    now = utcnow()
    made = analyzer["rules"].get(name, {}).get("createdAt", now)
    analyzer["rules"][name] = {"ruleName": name, "filter": criteria, "createdAt": made, "updatedAt": now}
