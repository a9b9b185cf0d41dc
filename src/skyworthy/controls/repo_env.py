"""The template of environment variables against everything that reads one."""

from collections.abc import Iterator, Mapping

from skyworthy.behavior.plaintext import named_like_a_secret
from skyworthy.behavior.secrets import containers, environment, injections
from skyworthy.config import BadInput, EnvTemplate, Variable, load_env_template
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import STACK, control, not_applicable
from skyworthy.estate import Estate
from skyworthy.repository import Repository
from skyworthy.repository.credentials import search

COMPOSE = "compose"
"""What the template calls compose files among its readers."""
_STANDING_IN = frozenset(
    {"changethis", "changeme", "change-me", "change_me", "placeholder", "secret", "password", "xxx"}
)


@control("repo.env-template-complete", on=STACK, severity="medium", refs=["REQ SEC-7"], lenses=("repository",))
def template_is_complete(repository: Repository) -> None:
    """The template of environment variables holds every variable that is read, explained, and nothing else.

    Why: a variable that nobody knows of is missed at the first start elsewhere, and a stale one is looked for in vain.
    Fix: add it to .env.template under a section, with a comment and a mark such as `# required: backend`, or delete it.
    """
    findings = Findings()
    readers: dict[str, dict[str, str]] = {}
    for name, reader, place in _reads(repository, findings):
        readers.setdefault(name, {}).setdefault(reader, place)
    template = _template(repository)
    if template is None:
        if not readers:
            findings.conclude()
            not_applicable("nothing reads an environment variable")
        raise AssertionError(f"there is no .env.template, and {_first(readers)} are read")
    held = {item.name: item for item in template.variables}
    for name in sorted(readers.keys() - held.keys()):
        findings.add(f"{name} is not in {template.path.name}; it is read by {', '.join(readers[name].values())}")
    for item in template.variables:
        for problem in _problems(item, readers.get(item.name, {}), repository):
            findings.add(f"{template.path.name}:{item.line}: {item.name} {problem}")
    findings.conclude()


def _template(repository: Repository) -> EnvTemplate | None:
    if repository.env_template is not None:
        return repository.env_template
    own = next((name for name in repository.templates if "/" not in name), None)
    if own is None:
        return None
    try:
        return load_env_template(repository.directory / own)
    except BadInput as problem:
        raise AssertionError(str(problem).removeprefix(f"{repository.directory}/")) from problem


def _reads(repository: Repository, findings: Findings) -> Iterator[tuple[str, str, str]]:
    """Variable, reader and place of everything that reads one; what cannot be known stays open in the findings."""
    for read in repository.variables_in_compose:
        yield read.name, COMPOSE, read.place
    for read in repository.variables_in_sources:
        yield read.name, "sources", read.place
    estates: Mapping[str, Estate] = {}
    with findings.question():
        estates = repository.estates
    for root, estate in estates.items():
        for task in estate.of("aws_ecs_task_definition"):
            with findings.question():
                for container in containers(task):
                    for name in environment(container):
                        yield name, str(container.get("name")), f"{task.address} of {root}"
                for item in injections(task):
                    if item.name.isidentifier():
                        yield item.name, item.container, f"{task.address} of {root}"


def _problems(item: Variable, readers: Mapping[str, str], repository: Repository) -> Iterator[str]:
    if not readers:
        yield "is read by nothing"
    elif COMPOSE in item.readers and COMPOSE not in readers:
        yield "is not read by any compose file"
    if not item.section:
        yield "stands in no section"
    if not item.comment:
        yield "has no comment that says what it is for"
    demanded = next(
        (read for read in repository.variables_in_sources if _demands(read.name, item, read.has_default)), None
    )
    if demanded:
        yield f"is marked optional, and {demanded.place} does not start without it"
    if _is_real(item):
        yield "has a value that looks real: leave it empty"


def _demands(name: str, item: Variable, has_default: bool) -> bool:
    return name == item.name and item.need == "optional" and not has_default


def _is_real(item: Variable) -> bool:
    value = item.value.strip("\"'")
    if any(search(f"{item.name}={value}\n".encode())):
        return True
    standing_in = value.lower() in _STANDING_IN or value.startswith(("<", "$"))
    return bool(value) and named_like_a_secret(item.name) and not standing_in


def _first(readers: Mapping[str, Mapping[str, str]]) -> str:
    names = sorted(readers)
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
