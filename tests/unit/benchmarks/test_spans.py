"""The parser with positions: every span holds what it says, in every file of the reference stack."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from benchmarks.mutation.spans import Source, parse

from skyworthy.declared.hcl.nodes import Attribute, Block, Body, TupleConstructor

REPOSITORY = Path(__file__).parents[3]
FILES = sorted((REPOSITORY / "terraform").rglob("*.tf"))


def items_of(body: Body) -> Iterator[Attribute | Block]:
    yield from body.attributes.values()
    for block in body.blocks:
        yield block
        yield from items_of(block.body)


def written(source: Source, span: tuple[int, int]) -> str:
    return source.text[span[0] : span[1]]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_spans_hold_what_was_parsed(path: Path) -> None:
    source = parse(path, path.read_text("utf-8"))
    for item in items_of(source.body):
        text = written(source, source.item(item))
        if isinstance(item, Attribute):
            assert source.written(item.expression) == item.text
            assert text.startswith(item.name)
            assert text.endswith(item.text)
            assert source.line(source.item(item)[0]) == item.line
        else:
            assert text.startswith(item.type)
            assert text.endswith("}")


def test_comments_and_blanks_around_an_expression_are_left_out() -> None:
    source = parse(Path("a.tf"), 'locals {\n  a = [ # first\n    "x" , // one\n    (1 + 2)  /* two */\n  ] # last\n}\n')
    attribute = source.body.blocks[0].body.attributes["a"]
    assert isinstance(attribute.expression, TupleConstructor)
    assert [source.written(item) for item in attribute.expression.items] == ['"x"', "(1 + 2)"]
    assert written(source, source.item(attribute)).endswith("]")
