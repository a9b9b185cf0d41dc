"""The static suite: the catalogue, and checkov beside it, over what the Terraform declares."""

from collections.abc import Iterator

from skyworthy.config import Environment, Settings
from skyworthy.controls import catalogue
from skyworthy.estate import Estate
from skyworthy.results import SuiteResult
from skyworthy.suites.facts import declared_facts
from skyworthy.suites.selection import read_estate
from skyworthy.suites.suite import (
    WAIVERS,
    CaseId,
    Options,
    apply_waivers,
    finish,
    judged_here,
    stopwatch,
    waiver_address,
    waiver_verdicts,
    waivers_of,
)
from skyworthy.verdicts import Verdict, cases, judge

CHECKOV = "checkov."


def case_ids(settings: Settings, environment: Environment, options: Options) -> list[CaseId]:
    """What :func:`run` will judge, without judging; checkov's findings, which nobody can foresee, left out."""
    estate = read_estate(settings, environment)
    made = [CaseId(case.control.id, case.address) for case in cases(catalogue(), estate, "declared")]
    return made + [CaseId(WAIVERS, waiver_address(item)) for item in _waivers(settings, environment, options)]


def _waivers(settings: Settings, environment: Environment, options: Options) -> Iterator:  # type: ignore[type-arg]
    controls = {control.id for control in catalogue() if "declared" in control.lenses}
    for waiver in waivers_of(settings, options):
        of_checkov = waiver.control.startswith(CHECKOV)
        if judged_here(waiver, controls, environment.name) or (
            of_checkov and options.checkov and waiver.covers_environment(environment.name)
        ):
            yield waiver


def run(settings: Settings, environment: Environment, options: Options) -> SuiteResult:
    """Judge what an environment's Terraform declares.

    Raises:
        BadInput: the Terraform cannot be read, or checkov cannot be run.
    """
    with stopwatch() as seconds:
        scan = _start_checkov(settings, environment, options)
        options.progress(f"reading {environment.root}")
        estate = read_estate(settings, environment)
        options.progress(f"judging {len(estate)} resources")
        verdicts = judge_declared(estate, environment)
        notes: list[str] = []
        if scan is not None:
            options.progress("waiting for checkov")
            more, notes = scan.verdicts(environment.name, verdicts)
            verdicts += more
        waivers = waivers_of(settings, options)
        verdicts = apply_waivers(verdicts, waivers, environment.name, options.today)
        verdicts += waiver_verdicts(_waivers(settings, environment, options), verdicts, environment.name, "declared")
        return finish(
            "static",
            settings,
            environment,
            verdicts,
            seconds(),
            facts=declared_facts(estate, environment),
            notes=tuple(notes),
        )


def judge_declared(estate: Estate, environment: Environment) -> list[Verdict]:
    """The verdict of every control of the catalogue on a declared estate, before waivers."""
    return [
        judge(
            case.control,
            case.resource,
            estate,
            environment.policy,
            root=environment.name,
            inventory=environment.inventory,
        )
        for case in cases(catalogue(), estate, "declared")
    ]
