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


def test_the_id_of_a_part_finds_what_it_is_a_part_of(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(
        """
        resource "aws_s3_bucket" "logs" {
          bucket = "logs"
        }
        resource "aws_s3_bucket_policy" "logs" {
          bucket = aws_s3_bucket.logs.id
          policy = "{}"
        }
        resource "test_thing" "to" {
          bucket = aws_s3_bucket_policy.logs.id
          other  = aws_s3_bucket_policy.logs.policy_id
        }
        """,
        "utf-8",
    )
    estate = declared.read(tmp_path)
    thing = estate.of("test_thing")[0]
    found = estate.find(thing["bucket"], "aws_s3_bucket")
    assert found is not None and found.address == "aws_s3_bucket.logs"
    assert estate.find(thing["bucket"], "aws_s3_bucket_policy") is estate.get("aws_s3_bucket_policy.logs")
    assert estate.find(thing["bucket"], "aws_sqs_queue") is None
    assert estate.find(thing["other"], "aws_s3_bucket") is None
