"""The operators: general ways to break Terraform, none of which knows what is judged."""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

from benchmarks.mutation.mutant import Edit, Mutant, make
from benchmarks.mutation.places import Place, table
from benchmarks.mutation.tree import Declared, Tree, dotted, expressions_of, names_in
from skyworthy.declared.hcl.nodes import (
    Conditional,
    Expression,
    ForList,
    ForMap,
    Literal,
    TemplateText,
    TupleConstructor,
    Unary,
)

_META = frozenset({"count", "for_each"})
_CANDIDATES = 1
_SECRET_KEY = re.compile(r"(?<=:)[A-Z][A-Z0-9_]*(?=:)|^\"[A-Z][A-Z0-9_]*\"$")
_NUMBER = re.compile(r"\d+(\.\d+)?")


def mutants(tree: Tree, places: list[Place]) -> list[Mutant]:
    """Every mutant that the operators make of some places, those that come out alike once."""
    found: dict[tuple[Path, str], Mutant] = {}
    for place in places:
        for name, operator in OPERATORS.items():
            for edits in operator(place, tree):
                mutant = make(place, name, edits, tree.roots_of(place.directory))
                if mutant.text != place.source.text:
                    found.setdefault((mutant.file, mutant.text), mutant)
    return list(found.values())


def _replace(place: Place, replacement: str) -> list[Edit]:
    assert isinstance(place.node, Expression)
    return [(*place.source.span(place.node), replacement)]


def _literal(place: Place) -> object:
    return place.node.value if isinstance(place.node, Literal) else None


def drop_attribute(place: Place, _: Tree) -> Iterator[list[Edit]]:
    """An attribute or an item of an object is left out."""
    if place.role in ("attribute", "item") and place.span and place.key not in _META:
        yield [(*place.span, "")]


def drop_block(place: Place, _: Tree) -> Iterator[list[Edit]]:
    """A nested block is left out."""
    if place.role == "block" and place.span:
        yield [(*place.span, "")]


def drop_element(place: Place, _: Tree) -> Iterator[list[Edit]]:
    """An element of a list is left out."""
    if place.role == "element" and place.span:
        yield [(*place.span, "")]


def delete_resource(place: Place, tree: Tree) -> Iterator[list[Edit]]:
    """A resource that nothing takes a value from is left out, and with it its name in ``depends_on``."""
    if place.role != "resource" or not place.span:
        return
    edits: list[Edit] = [(*place.span, "")]
    for declared in tree.blocks(place.directory, "resource", "data", "module", "output", "locals"):
        if declared.block is place.block:
            continue
        named = [e for e in expressions_of(declared.block) if any(_is(place, name) for name in names_in(e))]
        order = declared.block.body.attributes.get("depends_on")
        if any(order is None or expression is not order.expression for expression in named):
            return
        if named and declared.source is not place.source:
            return
        edits += [edit for expression in named for edit in _elements(place, declared, expression)]
    yield edits


def _is(place: Place, name: str) -> bool:
    return name == place.owner or name.startswith(f"{place.owner}.")


def _elements(place: Place, declared: Declared, expression: Expression) -> Iterator[Edit]:
    assert isinstance(expression, TupleConstructor)
    for item in expression.items:
        if any(_is(place, name) for name in names_in(item)):
            yield (*declared.source.span(item), "")


def flip_boolean(place: Place, _: Tree) -> Iterator[list[Edit]]:
    """True becomes false and false true, also of a condition and of what is written as text."""
    node, value = place.node, _literal(place)
    if isinstance(value, bool):
        yield _replace(place, str(not value).lower())
    elif value in ("true", "false"):
        yield _replace(place, '"false"' if value == "true" else '"true"')
    elif isinstance(node, Conditional):
        start, end = place.source.span(node.condition)
        yield [(start, end, f"!({place.source.text[start:end]})")]
    elif isinstance(node, Unary) and node.operator == "!":
        yield _replace(place, place.source.written(node.operand))
    elif place.kind == "bool" and place.role == "attribute" and isinstance(node, Expression) and _is_own(place):
        yield _replace(place, f"!({place.source.written(node)})")


def _is_own(place: Place) -> bool:
    """Whether it is more than the name of something whose own places are changed."""
    assert isinstance(place.node, Expression)
    return not isinstance(place.node, Literal) and (place.block is not None or dotted(place.node) is None)


def factor(place: Place, _: Tree) -> Iterator[list[Edit]]:
    """A number becomes ten times as large, or as small."""
    value = _literal(place)
    quoted = isinstance(value, str) and bool(_NUMBER.fullmatch(value))
    number = float(str(value)) if quoted or (isinstance(value, (int, float)) and not isinstance(value, bool)) else None
    if number is None or place.key in _META:
        return
    for result in _scaled(number):
        yield _replace(place, f'"{result:g}"' if quoted else f"{result:.12g}")


def _scaled(number: float) -> list[float]:
    if number == 0:
        return [10]
    smaller = number // 10 if number.is_integer() else number / 10
    return [number * 10, smaller]


def swap_word(place: Place, _: Tree) -> Iterator[list[Edit]]:
    """A word of an enumeration becomes another one."""
    value = _literal(place)
    if isinstance(value, str) and value in _words():
        yield _replace(place, f'"{_words()[value]}"')


@cache
def _words() -> Mapping[str, str]:
    words: Mapping[str, str] = tomllib.loads(Path(__file__).with_name("words.toml").read_text("utf-8"))["opposites"]
    return words


def widen(place: Place, _: Tree) -> Iterator[list[Edit]]:
    """A principal, an action, a resource, a claim or the other side of a rule becomes everybody and everything."""
    node = place.node
    if place.key == "referenced_security_group_id" and place.role == "attribute" and place.span and place.block:
        yield [(*place.span, 'cidr_ipv4 = "0.0.0.0/0"')]
    elif not isinstance(node, Expression) or _literal(place) == "*":
        return
    elif (
        (place.role == "item" and place.key in ("Principal", "Action", "Resource") and "Statement" in place.path)
        or (place.role == "item" and ".Condition." in place.path and isinstance(node, (Literal, TemplateText)))
        or (place.role == "attribute" and place.block is None and place.key.endswith(("_subject", "_repository")))
    ):
        yield _replace(place, '"*"')


def rename_secret_key(place: Place, _: Tree) -> Iterator[list[Edit]]:
    """A key of a secret gets another name, where it is kept or where it is asked for."""
    if "secret" not in f"{place.owner} {place.path}" or not isinstance(place.node, Expression):
        return
    start, _end = place.source.span(place.node)
    match = _SECRET_KEY.search(place.source.written(place.node))
    if match and place.role in ("item", "element"):
        key = match[0].strip('"')
        position = start + match.start() + match[0].index(key)
        yield [(position, position + len(key), f"{key}_OLD")]


def swap_reference(place: Place, tree: Tree) -> Iterator[list[Edit]]:
    """A name becomes that of its neighbour: another resource of the type, another variable, another output."""
    if not isinstance(place.node, Expression) or place.path in _META:
        return
    if isinstance(place.node, (ForList, ForMap)):
        return
    name = dotted(place.node)
    if name is None or name in table()["ignored"]["names"]:
        return
    for other, instead in _neighbours(place, tree, name)[:_CANDIDATES]:
        written = place.source.written(place.node)
        yield _replace(place, re.sub(rf"^{re.escape(other)}(?![\w-])", instead, written))


def _neighbours(place: Place, tree: Tree, name: str) -> list[tuple[str, str]]:
    root, _, rest = name.partition(".")
    first = rest.partition(".")[0]
    if root.startswith("aws_"):
        return [(f"{root}.{first}", f"{root}.{other}") for other in _resources(place, tree, root, first)]
    if root == "var":
        return [(f"var.{first}", f"var.{other}") for other in _variables(place, tree, first)]
    if root == "local":
        names = [n for item in tree.blocks(place.directory, "locals") for n in item.block.body.attributes]
        return [(f"local.{first}", f"local.{other}") for other in _alike(first, names)]
    if root == "module" and "." in rest:
        return _outputs(place, tree, *rest.split(".")[:2])
    return []


def _resources(place: Place, tree: Tree, type: str, name: str) -> list[str]:
    blocks = {d.block.labels[1]: d.block for d in tree.blocks(place.directory, "resource") if d.block.labels[0] == type}
    own = tuple(place.block.labels) if place.block else ()
    if name not in blocks:
        return []
    meta = _META & blocks[name].body.attributes.keys()
    return [
        other
        for other, block in blocks.items()
        if other != name and block.labels != own and _META & block.body.attributes.keys() == meta
    ]


def _variables(place: Place, tree: Tree, name: str) -> list[str]:
    types = {}
    for declared in tree.blocks(place.directory, "variable"):
        type = declared.block.body.attributes.get("type")
        types[declared.block.labels[0]] = type.text if type else ""
    ignored = {item.removeprefix("var.") for item in table()["ignored"]["names"]}
    return _alike(name, [n for n, type in types.items() if type == types.get(name) and n not in ignored])


def _outputs(place: Place, tree: Tree, module: str, output: str) -> list[tuple[str, str]]:
    calls = {d.block.labels[0]: d for d in tree.blocks(place.directory, "module")}
    outputs: dict[str, list[str]] = {}
    for name, declared in calls.items():
        source = declared.block.body.attributes["source"].expression
        directory = tree.directory(place.directory, str(getattr(source, "value", "")))
        outputs[name] = [item.block.labels[0] for item in tree.blocks(directory, "output")]
    same = [(f"module.{module}.{output}", f"module.{module}.{o}") for o in _alike(output, outputs.get(module, []))]
    others = [
        n for n, names in outputs.items() if n != module and output in names and not place.owner.endswith(f".{n}")
    ]
    return same + [(f"module.{module}.{output}", f"module.{n}.{output}") for n in others]


def _alike(name: str, names: list[str]) -> list[str]:
    """The names that end in the same word, those with more of it in common first."""
    words = name.split("_")

    def shared(other: str) -> int:
        count = 0
        for mine, theirs in zip(reversed(words), reversed(other.split("_")), strict=False):
            if mine != theirs:
                break
            count += 1
        return count

    found = [(shared(other), other) for other in names if other != name and shared(other)]
    return [other for _, other in sorted(found, key=lambda item: (-item[0], item[1]))]


OPERATORS: Mapping[str, Callable[[Place, Tree], Iterator[list[Edit]]]] = {
    "drop attribute": drop_attribute,
    "drop block": drop_block,
    "drop element": drop_element,
    "delete resource": delete_resource,
    "flip boolean": flip_boolean,
    "factor": factor,
    "swap word": swap_word,
    "widen": widen,
    "rename secret key": rename_secret_key,
    "swap reference": swap_reference,
}
