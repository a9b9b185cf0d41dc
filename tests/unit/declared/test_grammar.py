"""Corners of HCL's grammar; the expected values are what Terraform 1.11 makes of the same text."""

from skyworthy import declared
from skyworthy.declared.hcl import parse_file
from skyworthy.declared.hcl.scanner import Scanner

from .conftest import ReadText, Write

LOCALS = r"""
locals { one_line = { a = 1, b = [1, 2,], "c" : 3 } }
locals {
  # a comment
  commented = [ // here
    1, # there
    /* and
       there */ 2,
  ]
  lines = {
    80        = "http"
    "b-c"     = "x", d = "y"
    (upper("e")) = { nested = true }
    "f-${1 + 1}" : null
    true_or   = (false ||
      true)
  }
  wide = (
    1 < 2
    && 2 < 3
    ? "yes"
    : "no"
  )
  chain = true ? "a" : false ? "b" : "c"
  broken = (true ?
    "a" :
    "b")
  call = join(
    ",",
    [
      for name in ["x", "y"] :
      upper(name)
      if name != "z"
    ],
  )
  heredoc = <<EOT
  two spaces stay
"quotes" \n stay
EOT
  indented = <<-EOT
    first
      second ${"third ${upper("x")}"}
    $${literal} %%{literal} 100% $5
  EOT
  in_list = [<<A
one
A
    , <<-B
      two
    B
  ]
  directive = <<-EOT
    %{ for key, value in { b = 1, a = 2 } ~}
    ${key}=${value}
    %{ endfor ~}
    %{ if false }
    never
    %{ else }
    always
    %{ endif }
  EOT
  strips = "a ${~ "b" ~} \n c%{ if true ~} d %{~ endif }${1}${true}"
  blanks = <<-EOT

      first
    ${"second"}

      third
  EOT
  escapes = "\t|\\|\"|\u00e9|$|%|$$|100%"
  dollars = "a$${b}c %%{d} $e"
  keys    = { for k, v in { a = { x = 1 } } : k => { for i, j in v : i => j + 1 } }
  minus   = [-1, - 2, 3 - -4, 2 -1]
  not     = !true || !(1 == 2)
  dashed-name = "dashed"
  ünï = "code"
  numbers = [1.5, 1e3, 2.5e-1, 0]
  access  = [{ a = ["x", "y"] }][0].a[1]
  legacy  = [{ a = ["x", "y"] }].0.a.1
}
"""

EXPECTED = {
    "one_line": {"a": 1, "b": [1, 2], "c": 3},
    "commented": [1, 2],
    "lines": {"80": "http", "E": {"nested": True}, "b-c": "x", "d": "y", "f-2": None, "true_or": True},
    "wide": "yes",
    "chain": "a",
    "broken": "a",
    "call": "X,Y",
    "heredoc": '  two spaces stay\n"quotes" \\n stay\n',
    "indented": "first\n  second third X\n${literal} %{literal} 100% $5\n",
    "in_list": ["one\n", "two\n"],
    "directive": "    a=2\n    b=1\n    \nalways\n\n",
    "strips": "abcd1true",
    "blanks": "\n  first\nsecond\n\n  third\n",
    "escapes": '\t|\\|"|é|$|%|$$|100%',
    "dollars": "a${b}c %{d} $e",
    "keys": {"a": {"x": 2}},
    "minus": [-1, -2, 7, 1],
    "not": True,
    "dashed-name": "dashed",
    "ünï": "code",
    "numbers": [1.5, 1000, 0.25, 0],
    "access": "y",
    "legacy": "y",
}


def test_values_are_written_in_many_ways(read: ReadText) -> None:
    names = "".join(f"  {name} = local.{name}\n" for name in EXPECTED)
    estate = read(LOCALS + f"resource test_thing this {{\n{names}}}\n")
    assert dict(estate.resources[0].attributes) == EXPECTED


def test_windows_line_ends_and_a_byte_order_mark_are_no_matter(write: Write) -> None:
    root = write({"main.tf": ""})
    text = '\ufeffresource "test_thing" "this" {\r\n  a = 1 # one\r\n  b = [\r\n    2,\r\n  ]\r\n}\r\n'
    (root / "main.tf").write_bytes(text.encode())
    assert dict(declared.read(root).resources[0].attributes) == {"a": 1, "b": [2]}


def test_blocks_that_make_no_resource_are_passed_over(read: ReadText) -> None:
    estate = read(
        """
        moved {
          from = aws_vpc.old
          to   = aws_vpc.new["a"]
        }
        import {
          to = aws_vpc.main
          id = "vpc-0"
        }
        removed {
          from = aws_vpc.gone
          lifecycle { destroy = false }
        }
        check "health" {
          data "http" "example" { url = "https://example.com" }
          assert {
            condition     = data.http.example.status_code == 200
            error_message = "down"
          }
        }
        resource "aws_vpc" "main" {
          provisioner "local-exec" { command = "echo ${self.id}" }
          connection { host = "x" }
        }
        """
    )
    assert [resource.address for resource in estate] == ["aws_vpc.main"]
    assert set(estate.resources[0].attributes) == {"tags_all"}


def test_lines_are_those_of_the_file() -> None:
    body = parse_file('# one\n\na = <<EOT\nx\nEOT\nb = {\n  c = 1\n}\nblock one "two" {\n  d = 1\n}\n', "f.tf")
    assert {name: item.line for name, item in body.attributes.items()} == {"a": 3, "b": 6}
    (block,) = body.blocks
    assert (block.type, block.labels, block.line, block.body.attributes["d"].line) == ("block", ("one", "two"), 9, 10)
    assert body.attributes["b"].text == "{\n  c = 1\n}"


class _Counted(str):
    """A text that knows how much of it was searched for newlines."""

    searched = 0

    def count(self, part: str, start: int = 0, end: int = 0) -> int:  # type: ignore[override]
        self.searched += end - start
        return super().count(part, start, end)


def test_lines_of_a_long_file_are_counted_once() -> None:
    text = _Counted('resource "aws_sqs_queue" "q" {}\n' * 1000)
    scanner = Scanner(text, "main.tf")
    lines = []
    for position in range(0, len(text), 32):
        scanner.position = position
        lines.append(scanner.line)
    assert lines == list(range(1, 1001))
    assert text.searched < len(text)
    scanner.position = 40
    assert scanner.line == 2, "a rule that gave up begins again further up"
