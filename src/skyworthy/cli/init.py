"""``skyworthy init``: take skyworthy up in a repository that holds Terraform."""

from pathlib import Path

import click

from skyworthy.config import SETTINGS_FILE, Environment, Settings
from skyworthy.errors import BadInput
from skyworthy.files import write_whole
from skyworthy.operations.scaffold import COUNTED, WORKFLOW, Found, files_for, repository_above


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, exists=True, file_okay=False), default=Path())
@click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing.")
def init(directory: Path, dry_run: bool) -> None:
    """Find the root modules of a repository, and write settings, thin suites and a workflow for them.

    What is there already is never overwritten.

    \b
    Examples:
      skyworthy init
      skyworthy init ../their-repo --dry-run
    """
    from skyworthy.declared.roots import terragrunt_units
    from skyworthy.suites.selection import environments_below

    if (directory / SETTINGS_FILE).exists():
        raise BadInput(
            f"{directory / SETTINGS_FILE} is there already: nothing was written; edit it, or delete it first"
        )
    roots = environments_below(Settings(directory), directory)
    found = [_look(environment) for environment in roots]
    for each in found:
        counted = ", ".join(f"{count} {name}" for name, count in sorted(each.counts.items()))
        said = each.problem or counted or f"no {', '.join(COUNTED[:-1])} or {COUNTED[-1]}"
        values = "".join(f" with {name}" for name in each.environment.var_files)
        click.echo(f"found {each.environment.root}{values} ({each.environment.policy_name} policy): {said}")
    for unit in terragrunt_units(directory):
        click.echo(
            f"left out: {unit}, of which Terragrunt makes the Terraform: `terragrunt init`, then name what it made"
        )
    for name, content in files_for(directory, found).items():
        path = directory / name
        if path.exists():
            click.echo(f"left alone: {name}")
            continue
        if not dry_run:
            write_whole(path, content)
        click.echo(f"{'would write' if dry_run else 'wrote'}: {name}")
    if root := repository_above(directory):
        click.echo(f"left out: {WORKFLOW}, which GitHub reads in the root of the repository alone, {root}")
    click.echo(
        "next: skyworthy static           what the Terraform declares\n"
        "      pytest tests/static        the same, by pytest\n"
        "      skyworthy live --target aws --env NAME\n"
        "      skyworthy doctor           what is missing for which suite\n"
        "keep .skyworthy/ and reports/ out of git"
    )


def _look(environment: Environment) -> Found:
    from skyworthy import declared
    from skyworthy.declared.variables import inputs_of

    try:
        inputs = inputs_of(environment)
        estate = declared.read(environment.root, inputs)
        configuration = declared.configuration(environment.root, inputs)
    except BadInput as error:
        return Found(environment, problem=str(error))
    counts = {name: len(estate.of(name)) for name in COUNTED if any(item.type == name for item in estate)}
    regions = {
        region
        for provider in configuration.providers
        if provider.name == "aws"
        and provider.alias is None
        and isinstance(region := provider.attributes.get("region"), str)
    }
    return Found(environment, counts, regions.pop() if len(regions) == 1 else "")
