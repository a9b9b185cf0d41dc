"""JUnit XML: a test suite for each result, a test case for each control and resource (REP-1).

The form is the one that CI importers share: the schema of Jenkins's xunit plugin (``testsuites/testsuite/testcase``
with ``failure | error | skipped``) and pytest's own attributes ``file`` and ``line`` with ``properties`` inside a case.
"""

import re
from collections.abc import Iterator
from xml.etree import ElementTree

from skyworthy.results import SuiteResult
from skyworthy.verdicts import Outcome, Verdict

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CASES = "cases"
"""Element in whose place the cases are written."""
_TAGS = {
    Outcome.FAIL: "failure",
    Outcome.ERROR: "error",
    Outcome.UNKNOWN: "skipped",
    Outcome.WAIVED: "skipped",
    Outcome.NOT_APPLICABLE: "skipped",
}


def junit(result: SuiteResult) -> str:
    """The result of a suite as the text of a JUnit file.

    An unknown verdict is a skipped case whose message starts with ``unknown:``; waived and not applicable likewise.
    """
    tags = [tag for verdict in result.verdicts if (tag := _TAGS.get(verdict.outcome))]
    counts = {
        "tests": str(len(result.verdicts)),
        "failures": str(tags.count("failure")),
        "errors": str(tags.count("error")),
    }
    skipped = {"skipped": str(tags.count("skipped"))}  # Jenkins's schema has it on the inner element only
    time = {"time": f"{result.seconds:.3f}"}
    suites = ElementTree.Element("testsuites", {"name": "skyworthy", **counts, **time})
    name = _legal(f"{result.suite}.{result.environment}")
    timestamp = f"{result.finished:%Y-%m-%dT%H:%M:%S}"  # UTC; the schema has no place for an offset
    attributes = {"name": name, **counts, **skipped, **time, "timestamp": timestamp}
    suite = ElementTree.SubElement(suites, "testsuite", attributes)
    _properties(suite, _of_suite(result))
    ElementTree.SubElement(suite, _CASES)
    if result.notes:
        ElementTree.SubElement(suite, "system-out").text = _legal("\n".join(result.notes))
    ElementTree.indent(suites)
    before, after = ElementTree.tostring(suites, encoding="unicode").split(f"    <{_CASES} />\n")
    cases = (f"    {_as_text(_case(result, verdict))}\n" for verdict in result.verdicts)
    return "".join(('<?xml version="1.0" encoding="utf-8"?>\n', before, *cases, after, "\n"))


def _as_text(case: ElementTree.Element) -> str:
    """A case as it stands in the file. Each by itself: as elements, many take ten times the memory of their text."""
    ElementTree.indent(case, level=2)
    return ElementTree.tostring(case, encoding="unicode").rstrip()


def _of_suite(result: SuiteResult) -> Iterator[tuple[str, str]]:
    named = ("environment", "target", "account", "region", "commit")
    yield from ((name, getattr(result, name)) for name in named if getattr(result, name))


def _case(result: SuiteResult, verdict: Verdict) -> ElementTree.Element:
    area = verdict.control.partition(".")[0]
    attributes = {
        "classname": f"{result.suite}.{result.environment}.{area}",
        "name": f"{verdict.control}[{verdict.address}]",
        "time": "0.000",
    }
    if verdict.location:
        attributes |= {"file": verdict.location.file, "line": str(verdict.location.line)}
    case = ElementTree.Element("testcase", {name: _legal(text) for name, text in attributes.items()})
    _properties(case, _of_case(verdict))
    tag = _TAGS.get(verdict.outcome)
    if tag == "skipped":
        message = f"{verdict.outcome.value.replace('_', ' ')}: {verdict.message}"
        ElementTree.SubElement(case, tag, {"message": _legal(message), "type": verdict.outcome.value})
    elif tag:
        wrong = ElementTree.SubElement(case, tag, {"message": _legal(verdict.message), "type": verdict.severity})
        wrong.text = _legal(_explained(verdict))
    return case


def _of_case(verdict: Verdict) -> Iterator[tuple[str, str]]:
    yield "severity", verdict.severity
    yield "lens", verdict.lens
    if verdict.region:
        yield "region", verdict.region
    if verdict.title:
        yield "title", verdict.title
    for ref in verdict.refs:
        if ref.startswith("REQ "):
            yield "requirement", ref.removeprefix("REQ ")
        else:
            yield "standard", ref


def _explained(verdict: Verdict) -> str:
    where = f"{verdict.location}: " if verdict.location else ""
    return f"{where}{verdict.where}: {verdict.message}\n{verdict.control} ({verdict.severity}): {verdict.title}"


def _properties(parent: ElementTree.Element, pairs: Iterator[tuple[str, str]]) -> None:
    items = list(pairs)
    if items:
        properties = ElementTree.SubElement(parent, "properties")
        for name, value in items:
            ElementTree.SubElement(properties, "property", {"name": name, "value": _legal(value)})


def _legal(text: str) -> str:
    """The text with characters that XML 1.0 cannot hold (https://www.w3.org/TR/xml/#charsets) shown as ``\\x1b``."""
    return _ILLEGAL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)
