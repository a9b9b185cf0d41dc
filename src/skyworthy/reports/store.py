"""Where results live: ``<reports>/<environment>/results-<suite>.json`` with JUnit and SARIF beside each."""

from pathlib import Path

from skyworthy.config import Settings
from skyworthy.errors import BadInput
from skyworthy.files import write_json, write_whole
from skyworthy.reports.history import remember
from skyworthy.reports.junit import junit
from skyworthy.reports.sarif import sarif
from skyworthy.results import SuiteResult, encode_result, read_result


def folder_of(settings: Settings, environment: str) -> Path:
    """The folder of an environment's reports; a name with slashes stays one folder."""
    return settings.reports / environment.replace("/", "-")


def save(settings: Settings, result: SuiteResult) -> None:
    """Keep a result as JSON, JUnit XML and SARIF, each written whole, and its counts in the history."""
    folder = folder_of(settings, result.environment)
    write_json(folder / f"results-{result.suite}.json", encode_result(result))
    write_whole(folder / f"junit-{result.suite}.xml", junit(result))
    write_whole(folder / f"{result.suite}.sarif", sarif([result]))
    remember(settings, result)


def load_results(settings: Settings, environment: str) -> tuple[list[SuiteResult], list[str]]:
    """The last results of an environment that can be read, and what is wrong with the others."""
    results, unreadable = [], []
    for path in sorted(folder_of(settings, environment).glob("results-*.json")):
        try:
            results.append(read_result(path))
        except BadInput as error:
            unreadable.append(str(error))
    return results, unreadable


def load_latest(settings: Settings) -> list[SuiteResult]:
    """The last result of each suite of each environment, sorted by environment and suite.

    Raises:
        BadInput: where a results file cannot be read.
    """
    files = sorted(settings.reports.glob("*/results-*.json"))
    return sorted((read_result(path) for path in files), key=lambda item: (item.environment, item.suite))
