"""The static suite: the catalogue, and checkov beside it, over what the Terraform declares."""

from collections.abc import Iterator
from contextlib import contextmanager

from skyworthy import checkov
from skyworthy.behavior.cost import check_usage
from skyworthy.config import Environment
from skyworthy.config.deploy import DeploySettings
from skyworthy.controls import catalogue
from skyworthy.estate import Estate
from skyworthy.estate.configuration import Configuration
from skyworthy.estate.regions import Regions
from skyworthy.results import SuiteResult
from skyworthy.suites.facts import declared_facts
from skyworthy.suites.places import home_of
from skyworthy.suites.stage import Stage
from skyworthy.suites.suite import finish, stopwatch
from skyworthy.verdicts import Verdict, cases, judge

_DEPLOYED = DeploySettings()


def run(stage: Stage) -> SuiteResult:
    """Judge what an environment's Terraform declares.

    Raises:
        BadInput: the Terraform cannot be read, or the settings assume the use of what there is not.
    """
    environment = stage.environment
    check_usage(environment.usage)
    with stopwatch() as seconds, _checkov(stage) as scan:
        estate = stage.declared
        stage.options.progress(f"judging {len(estate)} resource{'s' * (len(estate) != 1)}")
        verdicts = judge_declared(estate, stage.configuration, environment, stage.deploy)
        notes: tuple[str, ...] = ()
        if scan is not None:
            stage.options.progress("waiting for checkov")
            added = checkov.report(scan, verdicts, root=environment.name, estate=estate)
            verdicts, notes = [*verdicts, *added.verdicts], added.notes
        return finish("static", stage, verdicts, seconds(), facts=declared_facts(estate, environment), notes=notes)


@contextmanager
def _checkov(stage: Stage) -> Iterator[checkov.Scan | None]:
    """Checkov at work in the background, where it is wanted."""
    if not stage.options.checkov:
        yield None
        return
    root, options = stage.environment.root, stage.options
    with checkov.start(root, stage.inputs, cache=stage.settings.cache, progress=options.progress) as scan:
        yield scan


def judge_declared(
    estate: Estate, configuration: Configuration, environment: Environment, deploy: DeploySettings = _DEPLOYED
) -> list[Verdict]:
    """The verdict of every control of the catalogue on a declared estate, before waivers."""
    regions = Regions(estate, home_of(environment, configuration), environment.regions)
    return [
        judge(
            case.control,
            case.resource,
            regions.seen_by(case.resource),
            environment.policy,
            root=environment.name,
            region=regions.label(case.resource),
            regions=regions,
            inventory=environment.inventory,
            env_template=environment.env_template,
            usage=environment.usage,
            configuration=configuration,
            deploy=deploy,
        )
        for case in cases(catalogue(), estate, "declared")
    ]
