"""What an estate finds by an address."""

from pathlib import Path

import pytest

from skyworthy import declared
from skyworthy.estate import Estate

CODE = """
resource "aws_sqs_queue" "one" {
  count = 1
  name  = "one"
}

resource "aws_sqs_queue" "two" {
  count = 2
  name  = "two-${count.index}"
}

resource "aws_sqs_queue" "odd" {
  for_each = toset(["a[0].b"])
  name     = "odd"
}

module "shop" {
  for_each = toset(["x"])
  source   = "./shop"
}
"""
SHOP = """
resource "aws_sqs_queue" "own" {
  count = 1
  name  = "own"
}
"""


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    (tmp_path / "shop").mkdir()
    (tmp_path / "main.tf").write_text(CODE, "utf-8")
    (tmp_path / "shop" / "main.tf").write_text(SHOP, "utf-8")
    return declared.read(tmp_path)


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("aws_sqs_queue.one[0]", "aws_sqs_queue.one[0]"),
        ("aws_sqs_queue.one", "aws_sqs_queue.one[0]"),
        ("aws_sqs_queue.two[1]", "aws_sqs_queue.two[1]"),
        ("aws_sqs_queue.two", None),
        ("aws_sqs_queue.odd", 'aws_sqs_queue.odd["a[0].b"]'),
        ('module.shop["x"].aws_sqs_queue.own', 'module.shop["x"].aws_sqs_queue.own[0]'),
        ("aws_sqs_queue.o", None),
        ("aws_sqs_queue.none", None),
    ],
)
def test_an_address_without_an_index_finds_the_only_instance(estate: Estate, address: str, found: str | None) -> None:
    resource = estate.get(address)
    assert (resource and resource.address) == found


def test_types_are_listed_by_address_whatever_their_order(estate: Estate) -> None:
    listed = [item.address for item in estate.of("aws_vpc", "aws_sqs_queue")]
    assert listed == [item.address for item in estate.of("aws_sqs_queue")] == sorted(listed)
    assert len(listed) == 5
