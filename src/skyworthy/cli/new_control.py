"""`skyworthy new-control`: a control with its examples, ready to be tried and widened."""

from pathlib import Path
from typing import get_args

import click

from skyworthy.controls import find_control
from skyworthy.controls.registry import Severity
from skyworthy.controls.requirements import FIXTURES, requirements
from skyworthy.errors import BadInput
from skyworthy.estate import type_of
from skyworthy.files import write_whole

CONTROLS = Path("src/skyworthy/controls")

_MODULE = '''"""Controls of {area}."""

from skyworthy.controls.registry import control
from skyworthy.estate import Resource
'''
_FUNCTION = '''

@control("{id}", on="{type}", severity="{severity}", refs={refs})
def {function}({argument}: Resource) -> None:
    """Say in one sentence what must hold.

    Why: what goes wrong without it.
    Fix: set `{attribute} = true`.
    """
    assert {argument}["{attribute}"], "{attribute} is not set"
'''
_EXAMPLE = """{head}resource "{type}" "main" {{
  {attribute} = {value}
}}
{tail}"""


@click.command("new-control")
@click.argument("id")
@click.option("--on", "type", required=True, help="The Terraform type that it judges.")
@click.option("--attribute", required=True, help="The attribute that must be true; change the assertion afterwards.")
@click.option(
    "--ref", "refs", multiple=True, required=True, help="'REQ DAT-1', 'FSBP RDS.3', 'CKV_AWS_16'; repeatable."
)
@click.option("--severity", type=click.Choice(get_args(Severity)), default="medium", show_default=True)
def new_control(id: str, type: str, attribute: str, refs: tuple[str, ...], severity: str) -> None:
    """Write a control and its good, bad and unknown example, in skyworthy's repository.

    What is written works: it demands that an attribute is true, and its examples pass their tests. Then change the
    assertion, the words and the examples to what you mean.

    \b
    Example:
      skyworthy new-control rds.copies-tags --on aws_db_instance --attribute copy_tags_to_snapshot --ref 'REQ DAT-1'
    """
    area, function = _checked(id, type, attribute, refs)
    module = CONTROLS / f"{area.replace('-', '_')}.py"
    text = module.read_text("utf-8") if module.exists() else _MODULE.format(area=area)
    written = _FUNCTION.format(
        id=id,
        type=type,
        severity=severity,
        refs="[" + ", ".join(f'"{ref}"' for ref in refs) + "]",
        function=function,
        argument=type.rpartition("_")[2],
        attribute=attribute,
    )
    examples = {FIXTURES / id / f"{kind}.tf": _example(kind, type, attribute) for kind in ("good", "bad", "unknown")}
    for path, example in examples.items():
        write_whole(path, example)
    write_whole(module, text.rstrip("\n") + "\n" + written)
    for path in (module, *examples):
        click.echo(f"wrote {path}")
    click.echo(f"next: change them to what you mean, then pytest tests/unit/controls -k {id}, and make docs")


def _checked(id: str, type: str, attribute: str, refs: tuple[str, ...]) -> tuple[str, str]:
    area, _, rule = id.partition(".")
    if not (CONTROLS.is_dir() and FIXTURES.is_dir()):
        raise BadInput(f"{Path.cwd()} is not skyworthy's repository: it holds no {CONTROLS}")
    if not all(part.replace("-", "").isalnum() and part == part.lower() for part in (area, rule)):
        raise BadInput(f"{id!r} is not area.rule in kebab case, such as rds.encrypted-at-rest")
    if find_control(id) is not None:
        raise BadInput(f"{id} is in the catalogue already: skyworthy explain {id}")
    kinds = type_of(type).kinds
    if kinds is None:
        raise BadInput(f"{type} is no type of the AWS provider that is known here")
    if attribute not in kinds.bools:
        raise BadInput(f"{type} has no boolean attribute {attribute}; it has: {', '.join(sorted(kinds.bools))}")
    known = {line.id for line in requirements()}
    named = [ref.removeprefix("REQ ") for ref in refs if ref.startswith("REQ ")]
    if not named or not known.issuperset(named):
        raise BadInput(
            f"--ref must name a requirement that exists (REQ {next(iter(known))}); skyworthy coverage lists them"
        )
    return area, rule.replace("-", "_")


def _example(kind: str, type: str, attribute: str) -> str:
    said = {
        "good": "",
        "bad": f"# expect: fail {type}.main: {attribute} is not set\n\n",
        "unknown": f"# expect: unknown {type}.main: {attribute} of {type}.main: variable setting has no value\n\n",
    }
    value = {"good": "true", "bad": "false", "unknown": "var.setting"}[kind]
    tail = '\nvariable "setting" {}\n' if kind == "unknown" else ""
    return _EXAMPLE.format(head=said[kind], type=type, attribute=attribute, value=value, tail=tail)
