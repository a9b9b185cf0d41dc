"""``tools/prices.py``: prices that changed are written, what is not found keeps its price and is said."""

import datetime
import importlib.util
import json
import tomllib
from pathlib import Path
from typing import Any

import boto3
from botocore.stub import Stubber

REPOSITORY = Path(__file__).parents[3]
SPEC = importlib.util.spec_from_file_location("prices", REPOSITORY / "tools" / "prices.py")
assert SPEC is not None
assert SPEC.loader is not None
PRICES = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(PRICES)

TABLE = """\
region = "us-east-1"
date = 2025-06-01

[hour]
"nat" = 0.045
"rds.postgres.db.t3.micro" = 0.018
"cache.t3.micro" = 0.017

[month]
"rds.storage.gp3" = 0.115

[use]
"nat.gb" = 0.045
"""
PRODUCTS = {"hour": {"nat": {"service": "AmazonEC2", "usagetype": "NatGateway-Hours"}}}


def answer(*prices: str) -> dict[str, Any]:
    terms = {
        "OnDemand": {
            str(number): {"priceDimensions": {"0": {"pricePerUnit": {"USD": price}}}}
            for number, price in enumerate(prices)
        }
    }
    return {"FormatVersion": "aws_v1", "PriceList": [json.dumps({"product": {}, "terms": terms})]}


def asked(service: str, **attributes: str) -> dict[str, Any]:
    filters = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in attributes.items()]
    return {"ServiceCode": service, "Filters": filters}


def test_prices_that_changed_are_written_and_what_is_not_found_is_said() -> None:
    client = boto3.client("pricing", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    nat = asked("AmazonEC2", regionCode="us-east-1", usagetype="NatGateway-Hours")
    micro = {"regionCode": "us-east-1", "instanceType": "db.t3.micro", "databaseEngine": "PostgreSQL"}
    database = asked("AmazonRDS", **micro, deploymentOption="Single-AZ")
    node = asked("AmazonElastiCache", regionCode="us-east-1", instanceType="cache.t3.micro", cacheEngine="Redis")
    with Stubber(client) as stub:
        stub.add_response("get_products", answer("0.0480000000"), nat)
        stub.add_response("get_products", answer("0.018", "0.036"), database)
        stub.add_response("get_products", answer("0.0170000000"), node)
        text, told = PRICES.refreshed(TABLE, client, PRODUCTS, datetime.date(2026, 11, 21))
        stub.assert_no_pending_responses()
    assert told == ["nat: 0.045 -> 0.048", "rds.postgres.db.t3.micro: 2 prices found, it stays at 0.018"]
    assert text == TABLE.replace('"nat" = 0.045', '"nat" = 0.048').replace("2025-06-01", "2026-11-21")


def test_every_product_is_one_of_the_table() -> None:
    table = tomllib.loads(PRICES.TABLE.read_text("utf-8"))
    products = tomllib.loads(PRICES.PRODUCTS.read_text("utf-8"))
    assert [f"{section}.{key}" for section in products for key in products[section] if key not in table[section]] == []
