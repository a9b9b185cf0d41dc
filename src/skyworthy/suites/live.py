"""The live suite: does what is declared exist, and does the catalogue hold on what is really there."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from skyworthy.config import Environment
from skyworthy.config.deploy import DeploySettings
from skyworthy.controls import ANY, STACK, catalogue
from skyworthy.estate import Estate, Unknown
from skyworthy.estate.configuration import Configuration
from skyworthy.estate.regions import Regions
from skyworthy.observed import Observation
from skyworthy.results import SuiteResult
from skyworthy.suites.facts import declared_facts
from skyworthy.suites.stage import Stage
from skyworthy.suites.suite import finish, stopwatch
from skyworthy.verdicts import Case, Outcome, Verdict, cases, judge

_STATE_UNSEEN = Unknown("the state was not looked at", left_out=True)
_OF_EACH_REGION = ("live.unmanaged", "live.observed")
"""Controls of the whole stack that say something of each region."""
_DEPLOYED = DeploySettings()
_Number = TypeVar("_Number", int, float)


def run(stage: Stage) -> SuiteResult:
    """Observe the account and judge what is there.

    Raises:
        BadInput: the Terraform cannot be read, or the account cannot be asked at all.
    """
    environment = stage.environment
    with stopwatch() as seconds:
        declared = stage.declared
        seen = stage.observation
        stage.options.progress(f"judging {len(seen.estate)} resources")
        kept = stage.state
        state = kept if isinstance(kept, Unknown) else kept.estate
        verdicts = judge_observed(
            declared,
            seen,
            environment,
            state,
            stage.configuration,
            stage.regions,
            stage.options.region,
            deploy=stage.deploy,
        )
        return finish(
            "live",
            stage,
            verdicts,
            seconds(),
            calls=_together(seen, kept, lambda item: item.calls),
            call_seconds=_together(seen, kept, lambda item: item.call_seconds),
            retries=_together(seen, kept, lambda item: item.retries),
            target=stage.options.target,
            account=seen.account,
            region=seen.region,
            regions=stage.region_names if len(stage.region_names) > 1 else (),
            facts=declared_facts(seen.estate, environment),
            notes=tuple(note.message for note in seen.estate.notes),
        )


def _together(
    seen: Observation, kept: Observation | Unknown, what: Callable[[Observation], Mapping[str, _Number]]
) -> dict[str, _Number]:
    """What both observations counted, by operation."""
    total = dict(what(seen))
    for name, value in {} if isinstance(kept, Unknown) else what(kept).items():
        total[name] = total[name] + value if name in total else value
    return total


def judge_observed(
    declared: Estate,
    seen: Observation,
    environment: Environment,
    state: Estate | Unknown = _STATE_UNSEEN,
    configuration: Configuration | None = None,
    regions: Regions | None = None,
    only: str = "",
    *,
    deploy: DeploySettings = _DEPLOYED,
) -> list[Verdict]:
    """The verdict of every control on the observed counterpart of every declared resource.

    Args:
        declared: the estate of the code.
        seen: what the account holds of it.
        environment: whose policy is demanded.
        state: what the account holds of the state's bucket and lock table.
        configuration: of the root module; needed where the state was looked at.
        regions: the declared estate by its regions; None: it has one.
        only: the region of which alone the verdicts are wanted; empty: all.
        deploy: what deployments give, which the code gives only first.
    """
    regions = regions or Regions(Estate(()), seen.region)
    there = regions.observed(seen.estate, seen.unread_in)
    given = {
        "declared": declared,
        "now": datetime.now(UTC),
        "state": state,
        "configuration": configuration,
        "deploy": deploy,
        "regions": there,
    }
    return [
        _judge(case, there, regions.label(case.resource), environment, given)
        for case in cases(catalogue(), declared, "observed")
        if not only or _is_of(case, regions, only)
    ]


def _is_of(case: Case, regions: Regions, only: str) -> bool:
    """Whether a region's own run judges a case: what is global or of the whole stack is judged once, at home."""
    if case.control.id in _OF_EACH_REGION:
        return True
    place = regions.place_of(case.resource) if case.resource is not None else ""
    return (place or regions.home) == only


def _judge(case: Case, there: Regions, region: str, environment: Environment, given: Mapping[str, Any]) -> Verdict:
    resource = case.resource
    observed = there.seen_by(resource)
    if resource is not None and case.control.on not in ((ANY,), (STACK,)):
        found = observed.get(resource.address)
        if found is None:
            return Verdict(
                control=case.control.id,
                lens="observed",
                root=environment.name,
                address=resource.address,
                outcome=Outcome.NOT_APPLICABLE,
                message="does not exist in the account, see live.exists",
                location=resource.location,
                severity=case.control.severity,
                title=case.control.title,
                refs=case.control.refs,
                region=region,
            )
        resource = found
    return judge(
        case.control,
        resource,
        observed,
        environment.policy,
        root=environment.name,
        lens="observed",
        region=region,
        inventory=environment.inventory,
        env_template=environment.env_template,
        **given,
    )
