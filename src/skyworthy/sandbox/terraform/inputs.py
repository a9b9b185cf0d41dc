"""Values of a root module's variables: what is given, what lacks, and placeholders for that."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from skyworthy.declared.evaluation.conversion import convert
from skyworthy.declared.evaluation.expressions import evaluate
from skyworthy.declared.evaluation.modules import Module
from skyworthy.declared.evaluation.values import Failure, to_bool
from skyworthy.declared.hcl import Block
from skyworthy.declared.reader import deep_expressions, open_root
from skyworthy.declared.sources import Loader, ModuleSource, literal
from skyworthy.declared.variables import Inputs, assigned
from skyworthy.errors import BadInput
from skyworthy.estate import Value
from skyworthy.sandbox.terraform.placeholders import Candidates, candidates

FILLED = "filled.tfvars.json"


def lacking(source: ModuleSource, inputs: Inputs) -> list[Block]:
    """The variables of a root module that demand a value and have none, in the order of the files."""
    given = assigned(Loader(), source, inputs)
    return [
        block
        for block in source.of("variable")
        if "default" not in block.body.attributes and block.labels[0] not in given
    ]


def refuse(missing: Sequence[Block], root: Path) -> BadInput:
    """The error that lists variables without a value."""
    listed = "\n".join(f"- {_described(block)}" for block in missing)
    return BadInput(
        f"{root}: {len(missing)} required variable{'s have' if len(missing) > 1 else ' has'} no value:\n{listed}\n"
        "give them with --var NAME=VALUE or --var-file FILE, or let --fill make placeholders"
    )


def fill(
    missing: Sequence[Block], root: Path, home: Path, inputs: Inputs, guess: Candidates
) -> tuple[Inputs, list[str]]:
    """Placeholders for variables without a value, in a file of their own.

    Args:
        missing: see `lacking`.
        root: the root module.
        home: where the file goes.
        inputs: what is given.
        guess: values for names, from what the sandbox holds.

    Returns:
        The inputs with the new file, and one line for each variable.

    Raises:
        BadInput: no placeholder is found that a variable's validation accepts.
    """
    values = {block.labels[0]: _placeholder(block, root, inputs, guess) for block in missing}
    file = home / FILLED
    file.write_text(json.dumps(values, indent=2) + "\n")
    notes = [
        f"variable {block.labels[0]} ({block.file}:{block.line}) = {json.dumps(values[block.labels[0]])}"
        for block in missing
    ]
    return replace(inputs, var_files=(*inputs.var_files, file)), notes


def _described(block: Block) -> str:
    kind = block.body.attributes.get("type")
    described = literal(block.body.attributes.get("description"))
    text = f"{block.labels[0]} ({' '.join(kind.text.split()) if kind else 'any type'}, {block.file}:{block.line})"
    return f"{text}: {described}" if isinstance(described, str) and described else text


def _placeholder(block: Block, root: Path, inputs: Inputs, guess: Candidates) -> Value:
    refusals: list[str] = []
    for value in candidates(block, guess):
        with deep_expressions(root):
            reason = _refusal(block, value, root, inputs)
        if reason is None:
            return value
        refusals.append(reason)
    name = block.labels[0]
    raise BadInput(
        f"{block.file}:{block.line}: --fill finds no value for variable {name} that its validation accepts"
        f" ({refusals[0] if refusals else 'no type fits'}); give one with --var {name}=VALUE"
    )


def _refusal(block: Block, value: Value, root: Path, inputs: Inputs) -> str | None:
    """Why a value does not do for a variable; None where it does, or where that cannot be told here."""
    module = open_root(root, inputs, Loader())
    module.inputs[block.labels[0]] = lambda: value
    constraint = block.body.attributes.get("type")
    try:
        if constraint is not None:
            convert(value, constraint.expression)
    except Failure as failure:
        return str(failure)
    for condition, message in _conditions(block):
        if _is_false(module, condition):
            return message
    return None


def _conditions(block: Block) -> Iterator[tuple[Block, str]]:
    for validation in block.body.of("validation"):
        message = literal(validation.body.attributes.get("error_message"))
        yield validation, str(message or "its condition is false")


def _is_false(module: Module, validation: Block) -> bool:
    condition = validation.body.attributes.get("condition")
    if condition is None:
        return False
    try:
        return to_bool(evaluate(condition.expression, module.scope)) is False
    except Failure:
        return True  # an error in a condition is a refusal, too
