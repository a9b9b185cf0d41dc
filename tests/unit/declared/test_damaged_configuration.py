"""Whatever stands in a file, reading it gives an estate or one message, never another error."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skyworthy import declared
from skyworthy.errors import BadInput
from skyworthy.estate import Estate

IDIOMS = Path(__file__).parent / "examples" / "idioms"
TOKENS = re.findall(r"\w+|\s+|.", (IDIOMS / "main.tf").read_text("utf-8"))
WORDS = [number for number, token in enumerate(TOKENS) if re.fullmatch(r"\w+", token)]
VALUES = ["null", "[]", "{}", "true", "0", "[1]", "{ a = 1 }", "var.sizes", "aws_vpc.this", "toset([1])", "module.m"]
NAMES = ["length", "merge", "jsonencode", "keys", "lookup", "format", "join", "element", "templatefile", "setproduct"]
PIECES = ['"${', "%{ if", "<<A\n", "(", ")", "[*]", "...", "}", "=", ":", "?"]

swaps = st.tuples(st.sampled_from(WORDS), st.sampled_from([*VALUES, *NAMES]))
tears = st.tuples(st.integers(0, len(TOKENS) - 1), st.sampled_from(["", *PIECES]))


@settings(
    max_examples=150, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=st.one_of(st.lists(swaps, min_size=1, max_size=4), st.lists(tears, min_size=1, max_size=2)))
def test_a_damaged_configuration_is_read_or_refused(tmp_path: Path, changes: list[tuple[int, str]]) -> None:
    tokens = list(TOKENS)
    for position, text in changes:
        tokens[position] = text
    (tmp_path / "m").mkdir(exist_ok=True)
    (tmp_path / "m" / "main.tf").write_bytes((IDIOMS / "m" / "main.tf").read_bytes())
    (tmp_path / "main.tf").write_text("".join(tokens), "utf-8")
    try:
        estate = declared.read(tmp_path)
    except BadInput as error:
        assert re.match(rf"{re.escape(str(tmp_path))}/main\.tf:\d+: ", str(error))
    else:
        assert isinstance(estate, Estate)


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("merge([aws_vpc.a.id])", "merge([aws_vpc.a.id]) cannot be evaluated: merge: a map is needed, not list"),
        ("setsubtract([aws_vpc.a.id], [])", "aws_vpc.a.id is known after apply"),
        ("max(5...)", "max(5...) cannot be evaluated: number cannot be expanded into arguments"),
        ("substr(1, 2)", "substr(1, 2) cannot be evaluated: substr: substr() missing 1"),
    ],
)
def test_functions_refuse_what_they_cannot_take(expression: str, reason: str, tmp_path: Path) -> None:
    text = f'resource "aws_vpc" "a" {{}}\nresource "test_thing" "b" {{\n  v = {expression}\n}}\n'
    (tmp_path / "main.tf").write_text(text)
    thing = declared.read(tmp_path).of("test_thing")[0]
    assert thing.peek("v").reason.startswith(reason)


def test_tags_that_are_no_map_are_unknown(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('resource "aws_vpc" "a" {\n  tags = true\n}\n')
    reason = declared.read(tmp_path).resources[0].peek("tags_all").reason
    assert reason == "tags cannot be read: a map is needed, not bool"


def test_a_file_that_nests_too_deeply_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(f"locals {{\n  x = {'[' * 3000}{']' * 3000}\n}}\n")
    with pytest.raises(BadInput, match=r"its expressions are nested too deeply to be read$"):
        declared.find_roots(tmp_path)
