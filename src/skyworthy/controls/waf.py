"""Controls of web ACLs: what stands between the internet and the load balancer."""

from collections.abc import Iterator, Mapping

from skyworthy.behavior.edge import DISTRIBUTION, balancers_behind, lets_in_cloudfront_only
from skyworthy.behavior.references import absent, named, naming, undecided
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Reference, Resource, Template, Undecidable, Value, is_known, show

ACL = "aws_wafv2_web_acl"
_ASSOCIATIONS = ("aws_wafv2_web_acl_association", "aws_wafregional_web_acl_association")
_LOGGING = "aws_wafv2_web_acl_logging_configuration"
_COMMON = "AWSManagedRulesCommonRuleSet"
_RULES_OF_COMMON = 22
"""https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html"""
_REFUSING = ("block", "captcha", "challenge")
_WINDOW = 300
_MOST = 100_000
_LEAST = 10
"""Requests of one address in five minutes: 333 a second for as long are no person any more."""


@control(
    "waf.load-balancer-filtered",
    on=("aws_lb", "aws_alb"),
    severity="medium",
    refs=["REQ REF-10", "REQ LIV-9", "FSBP ELB.16", "CKV2_AWS_28"],
    aliases=("alb.waf-attached",),
)
def load_balancer_has_a_web_acl(balancer: Resource, estate: Estate) -> None:
    """A web ACL filters the requests to a public application load balancer.

    Why: without one every scanner and every flood reaches the application.
    Fix: an `aws_wafv2_web_acl_association` of the load balancer with a web ACL; where its security groups let in
    CloudFront only, `web_acl_id` of the distribution.
    """
    if balancer["load_balancer_type"] != "application":
        not_applicable("web ACLs filter requests to application load balancers")
    if balancer["internal"]:
        not_applicable("it is internal")
    associations = naming(estate, balancer, "resource_arn", *_ASSOCIATIONS)
    if not associations:
        if lets_in_cloudfront_only(balancer, estate):
            _assert_filtered_at_the_edge(balancer, estate)
            return
        raise absent(estate, "no web ACL is associated with it", *_ASSOCIATIONS)
    for association in associations:
        other = association.attributes.get("web_acl_arn")
        owner = estate.get(other.address) if isinstance(other, Reference) else None
        assert owner is None or owner.type == ACL or owner.data, (
            f"{association.address} names {show(other)}, no web ACL"
        )
        for acl in named(estate, association.attributes.get("web_acl_arn"), ACL):
            scope = acl["scope"]
            assert scope == "REGIONAL", f"{acl.address} has the scope {scope}: it goes with load balancers as REGIONAL"


def _assert_filtered_at_the_edge(balancer: Resource, estate: Estate) -> None:
    """Assert that the distributions whose origin a load balancer is have a web ACL, all of them where none says so."""
    distributions = estate.of(DISTRIBUTION)
    if not distributions:
        raise Undecidable("only CloudFront reaches it, and its distribution is not part of this stack")
    own = [item for item in distributions if any(found is balancer for found, _ in balancers_behind(item, estate))]
    for distribution in own or distributions:
        assert distribution["web_acl_id"], f"only CloudFront reaches it, and {distribution.address} has no web ACL"


@control(
    "waf.common-rule-set",
    on=ACL,
    severity="high",
    refs=["REQ REF-10", "REQ LIV-9", "FSBP WAF.10", "CKV_AWS_175"],
    aliases=("wafv2.acl-has-rules",),
)
def common_rule_set_refuses(acl: Resource) -> None:
    """The web ACL refuses what AWS's common rule set matches, the OWASP core.

    Why: a web ACL without it, or with it set to count, lets injection and inclusion through and only writes them down.
    Fix: a rule with `AWSManagedRulesCommonRuleSet` and `override_action { none {} }`; single rules that refuse what
    the application needs are set to count by name.
    """
    rules = [rule for rule in _rules(acl) if _managed(rule).get("name") == _COMMON]
    assert rules, f"no rule has {_COMMON}"
    findings = Findings()
    for rule in rules:
        with findings.question():
            _assert_refuses(rule)
            return
    findings.conclude()


def _assert_refuses(rule: Mapping[str, Value]) -> None:
    name, group = show(rule["name"]), _managed(rule)
    assert not _has(rule, "override_action", "count"), f"rule {name} only counts what {_COMMON} matches"
    spared = {
        item["name"] for item in _blocks(group, "rule_action_override") if not _has(item, "action_to_use", "block")
    }
    spared |= {item["name"] for item in _blocks(group, "excluded_rule")}
    assert 2 * len(spared) < _RULES_OF_COMMON, f"rule {name} spares {len(spared)} of the {_RULES_OF_COMMON} rules"
    if group.get("scope_down_statement"):
        raise Undecidable(f"rule {name} asks {_COMMON} only for what its scope_down_statement matches")


@control("waf.rate-limit", on=ACL, severity="medium", refs=["REQ REF-10", "REQ LIV-9"])
def requests_are_limited(acl: Resource) -> None:
    """The web ACL limits how many requests one address may make.

    Why: passwords are guessed and pages scraped by thousands of requests that are each harmless.
    Fix: a rule with a `rate_based_statement` and `action { block {} }`.
    """
    rules = [rule for rule in _rules(acl) if _inner(rule, "statement").get("rate_based_statement")]
    assert rules, "no rule limits the rate of requests"
    findings = Findings()
    for rule in rules:
        with findings.question():
            _assert_limits(rule)
            return
    findings.conclude()


def _assert_limits(rule: Mapping[str, Value]) -> None:
    name, statement = show(rule["name"]), _inner(_inner(rule, "statement"), "rate_based_statement")
    refuses = any(_has(rule, "action", kind) for kind in _REFUSING)
    assert refuses, f"rule {name} refuses nothing of what exceeds its limit"
    count = int(statement["limit"])
    assert count >= _LEAST, f"rule {name} has a limit of {count}, WAF takes {_LEAST} at least"
    limit = count * _WINDOW // int(statement.get("evaluation_window_sec") or _WINDOW)
    assert limit <= _MOST, f"rule {name} admits {limit} requests of one address in five minutes"
    if statement.get("scope_down_statement"):
        raise Undecidable(f"rule {name} limits only what its scope_down_statement matches")


@control("waf.lets-in", on=ACL, severity="high", refs=["REQ REF-10", "REQ NET-1"])
def requests_get_in(acl: Resource) -> None:
    """The web ACL lets requests in that no rule refuses.

    Why: a default action that blocks, without a rule that allows, shuts everybody out.
    Fix: `default_action { allow {} }`, or rules that allow what is wanted.
    """
    if acl.block("default_action").get("allow"):
        return
    allowing = any(_has(rule, "action", "allow") for rule in _rules(acl))
    assert allowing, "its default action blocks, and no rule allows anything"


@control(
    "waf.logging",
    on=ACL,
    severity="low",
    refs=["REQ REF-10", "REQ LIV-9", "FSBP WAF.11", "CKV2_AWS_31"],
    aliases=("wafv2.acl-logging",),
)
def requests_are_logged(acl: Resource, estate: Estate) -> None:
    """What the web ACL inspects is logged.

    Why: a customer who is refused cannot be helped, and an attack cannot be followed, without the log.
    Fix: an `aws_wafv2_web_acl_logging_configuration` with a log group whose name starts with `aws-waf-logs-`.
    """
    found = naming(estate, acl, "resource_arn", _LOGGING)
    if not found:
        raise absent(estate, f"no {_LOGGING} is about it", _LOGGING)
    for configuration in found:
        for written in configuration["log_destination_configs"] or ():
            of_group = isinstance(written, Template) and written.parts[1:] == (":*",)
            destination = written.parts[0] if of_group else written
            group = estate.find(destination, "aws_cloudwatch_log_group")
            name = group["name"] if group is not None else "aws-waf-logs-"
            assert str(name).startswith("aws-waf-logs-"), f"AWS WAF does not deliver to {name}: it takes aws-waf-logs-*"


@control(
    "waf.rule-metrics",
    on=ACL,
    severity="low",
    refs=["REQ REF-10", "FSBP WAF.12"],
    aliases=("wafv2.rule-metrics",),
)
def rules_have_metrics(acl: Resource) -> None:
    """Every rule of the web ACL publishes metrics.

    Why: without them nobody sees that a rule began to refuse customers.
    Fix: `cloudwatch_metrics_enabled = true` in each `visibility_config`.
    """
    findings = Findings()
    with findings.question():
        enabled = acl.block("visibility_config").get("cloudwatch_metrics_enabled")
        assert enabled, "the web ACL itself publishes no metrics"
    for rule in _rules(acl):
        with findings.question():
            enabled = _inner(rule, "visibility_config").get("cloudwatch_metrics_enabled")
            assert enabled, f"rule {show(rule['name'])} publishes no metrics"
    findings.conclude()


@control("waf.rules-distinct", on=ACL, severity="high", refs=["REQ REF-10"], lenses=("declared",))
def rules_are_distinct(acl: Resource) -> None:
    """Each rule of the web ACL has a priority and a name of its own.

    Why: AWS WAF refuses a web ACL of which two rules have the same, and the apply stops there.
    Fix: number the rules.
    """
    findings = Findings()
    for attribute in ("priority", "name"):
        with findings.question():
            values = [rule[attribute] for rule in _rules(acl)]
            texts = [str(value) for value in values if is_known(value)]
            twice = sorted({text for text in texts if texts.count(text) > 1})
            assert not twice, f"two rules have the {attribute} {', '.join(twice)}"
            for value in values:
                if not is_known(value):
                    raise undecided(value, f"the {attribute} of a rule")
    findings.conclude()


def _rules(acl: Resource) -> list[Mapping[str, Value]]:
    """The rules of a web ACL."""
    rules = acl["rule"] or ()
    if not rules and acl.attributes.get("rule_json"):
        raise Undecidable(f"rule_json of {acl.address} is not read")
    return list(rules)


def _managed(rule: Mapping[str, Value]) -> Mapping[str, Value]:
    return _inner(_inner(rule, "statement"), "managed_rule_group_statement")


def _blocks(owner: Mapping[str, Value], name: str) -> Iterator[Mapping[str, Value]]:
    yield from owner.get(name) or ()


def _inner(owner: Mapping[str, Value], name: str) -> Mapping[str, Value]:
    """The nested block of a name, an empty one where there is none."""
    return next(_blocks(owner, name), {})


def _has(owner: Mapping[str, Value], name: str, kind: str) -> bool:
    """Whether the nested block of a name holds a block of a kind: ``action { block {} }``."""
    return bool(_inner(owner, name).get(kind))
