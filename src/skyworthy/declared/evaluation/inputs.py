"""Values of variables that Terraform refuses: of the wrong type, no constants, or failing a validation."""

from typing import TYPE_CHECKING

from skyworthy.declared.evaluation.conversion import convert
from skyworthy.declared.evaluation.expressions import evaluate
from skyworthy.declared.evaluation.values import Failure, first_blank, to_bool
from skyworthy.declared.hcl import Attribute, Block
from skyworthy.declared.references import not_constant
from skyworthy.errors import BadInput

if TYPE_CHECKING:
    from skyworthy.declared.evaluation.modules import Module


def check_inputs(module: "Module") -> None:
    """Looks at the value of every variable of a module; what is not known is let through.

    Raises:
        BadInput: where Terraform would refuse a value, with the file and line that give it.
    """
    for block in module.source.of("variable"):
        default = block.body.attributes.get("default")
        if default is not None:
            _check_constant(block, default)
            _check_type(block, default, module, default)
        origin = module.origins.get(block.labels[0])
        if origin is not None:
            if not module.path:
                _check_constant(block, origin)
            _check_type(block, origin, module, None)
        for validation in block.body.of("validation"):
            _check_rule(module, block, validation, origin)


def _owner(module: "Module", name: str) -> str:
    return f"variable {name} of {module.path.rstrip('.')}" if module.path else f"variable {name}"


def _check_constant(block: Block, attribute: Attribute) -> None:
    reason = not_constant(attribute)
    if reason is not None:
        raise BadInput(f"{attribute.file}:{attribute.line}: variable {block.labels[0]}: {reason}")


def _check_type(block: Block, attribute: Attribute, module: "Module", default: Attribute | None) -> None:
    """Whether the default, or the value that is given, fits the variable's type."""
    constraint = block.body.attributes.get("type")
    name = block.labels[0]
    if constraint is None:
        return
    try:
        value = evaluate(default.expression, module.scope) if default else module.inputs[name]()
    except Failure:
        return  # what cannot be evaluated is unknown where it is used
    try:
        convert(value, constraint.expression)
    except Failure as failure:
        sensitive = "sensitive" in block.body.attributes
        reason = "the value does not fit" if sensitive else str(failure)
        subject = f"the default of {_owner(module, name)}" if default else _owner(module, name)
        kind = " ".join(constraint.text.split())
        raise BadInput(f"{attribute.file}:{attribute.line}: {subject} must be {kind}: {reason}") from failure


def _check_rule(module: "Module", block: Block, validation: Block, origin: Attribute | None) -> None:
    condition = validation.body.attributes.get("condition")
    if condition is None:
        return
    try:
        holds = to_bool(evaluate(condition.expression, module.scope))
    except Failure:
        return
    if holds is not False:
        return
    place = origin or block
    raise BadInput(
        f"{place.file}:{place.line}: {_owner(module, block.labels[0])} is refused by its validation at"
        f" {validation.file}:{validation.line}: {_error_message(module, validation)}"
    )


def _error_message(module: "Module", validation: Block) -> str:
    attribute = validation.body.attributes.get("error_message")
    if attribute is None:
        return "the condition is false"
    try:
        message = evaluate(attribute.expression, module.scope)
    except Failure:
        return attribute.text
    known = isinstance(message, str) and first_blank(message) is None
    return " ".join(message.split()) if known else attribute.text
