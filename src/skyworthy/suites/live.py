"""The live suite: does what is declared exist, and does the catalogue hold on what is really there."""

from skyworthy.config import Environment
from skyworthy.controls import ANY, STACK, catalogue
from skyworthy.estate import Estate
from skyworthy.observed import Observation
from skyworthy.results import SuiteResult
from skyworthy.suites.facts import declared_facts
from skyworthy.suites.stage import Stage
from skyworthy.suites.suite import finish, stopwatch
from skyworthy.verdicts import Case, Outcome, Verdict, cases, judge


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
        verdicts = judge_observed(declared, seen, environment)
        return finish(
            "live",
            stage,
            verdicts,
            seconds(),
            calls=dict(seen.calls),
            target=stage.options.target,
            account=seen.account,
            region=seen.region,
            facts=declared_facts(seen.estate, environment),
            notes=tuple(note.message for note in seen.estate.notes),
        )


def judge_observed(declared: Estate, seen: Observation, environment: Environment) -> list[Verdict]:
    """The verdict of every control on the observed counterpart of every declared resource."""
    return [_judge(case, seen.estate, environment) for case in cases(catalogue(), declared, "observed")]


def _judge(case: Case, observed: Estate, environment: Environment) -> Verdict:
    resource = case.resource
    if resource is not None and case.control.on not in ((ANY,), (STACK,)):
        there = observed.get(resource.address)
        if there is None:
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
            )
        resource = there
    return judge(
        case.control,
        resource,
        observed,
        environment.policy,
        root=environment.name,
        lens="observed",
        inventory=environment.inventory,
        env_template=environment.env_template,
    )
