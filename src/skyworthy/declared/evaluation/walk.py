"""All resources below a module."""

from collections.abc import Iterator

from skyworthy.declared.evaluation.expansion import Keys
from skyworthy.declared.evaluation.inputs import check_inputs
from skyworthy.declared.evaluation.modules import Module
from skyworthy.declared.hcl import Block
from skyworthy.estate import Note, Unknown


def walk(module: Module, *, certain: bool = True) -> "Iterator[tuple[Module, Block, Keys | Unknown]]":
    """Every resource and data source block of a module and of those that it calls, with its instances.

    Calls that are not known or not here are entered as notes; blocks below a call of unknown count come with the
    reason why.

    Args:
        module: where to begin.
        certain: whether the module is known to be called at all; only then are the values of its variables checked.

    Raises:
        BadInput: where Terraform would refuse the value of a variable.
    """
    if certain:
        check_inputs(module)
    for block in module.source.of("resource", "data"):
        yield module, block, module.instances(block)
    for call in module.source.of("module"):
        children = module.children(call)
        if not isinstance(children, Unknown):
            for _, _, child in children:
                yield from walk(child, certain=certain)
            continue
        module.run.notes.append(_call_note(module, call, children))
        source = module.child_source(call)
        if not isinstance(source, Unknown):
            placeholder = module.child(call, source, "", {"count": children, "each": children})
            for inner, block, _ in walk(placeholder, certain=False):
                yield (
                    inner,
                    block,
                    Unknown(f"how often {module.address(call)} is called is not known: {children.reason}"),
                )


def _call_note(module: Module, call: Block, reason: Unknown) -> Note:
    keys = module.instances(call)
    message = f"count or for_each cannot be decided: {reason.reason}" if isinstance(keys, Unknown) else reason.reason
    return Note(message, call.file, call.line, module.address(call))
