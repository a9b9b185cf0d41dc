"""Ask the AWS Price List API for the prices of ``behavior/cost/prices.toml``, and write those that changed.

    python tools/prices.py             needs credentials that may pricing:GetProducts
    python tools/prices.py --dry-run   says what would change

A product that is not found, or found several times with several prices, is said and keeps its price; nothing is
guessed. The answers were learnt from AWS's documentation and a stubbed client: no account stands behind this
repository's tests.
"""

import argparse
import datetime
import json
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "src" / "skyworthy" / "behavior" / "cost" / "prices.toml"
PRODUCTS = Path(__file__).with_suffix(".toml")
_RDS = re.compile(r"rds\.(?P<engine>\w+)\.(?P<type>db\..+)")
_CACHE = re.compile(r"cache\..+\..+")


def product_of(section: str, key: str, products: Mapping[str, Any]) -> dict[str, str] | None:
    """Service code and attributes that tell a product; None where its price is not asked for."""
    if rds := _RDS.fullmatch(key):
        engine = {"postgres": "PostgreSQL", "mysql": "MySQL"}[rds["engine"]]
        return {
            "service": "AmazonRDS", "instanceType": rds["type"], "databaseEngine": engine,
            "deploymentOption": "Single-AZ",
        }  # fmt: skip
    if section == "hour" and _CACHE.fullmatch(key):
        return {"service": "AmazonElastiCache", "instanceType": key, "cacheEngine": "Redis"}
    found: dict[str, str] | None = products.get(section, {}).get(key)
    return found


def price_of(client: Any, region: str, product: Mapping[str, str]) -> float | str:
    """The on-demand price of a unit in US dollars, or why there is none."""
    attributes = {"regionCode": region, **{name: value for name, value in product.items() if name != "service"}}
    filters = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in attributes.items()]
    pages = client.get_paginator("get_products").paginate(ServiceCode=product["service"], Filters=filters)
    prices = {price for page in pages for text in page["PriceList"] for price in _on_demand(json.loads(text))}
    if len(prices) != 1:
        return f"{len(prices)} prices found"
    return prices.pop()


def _on_demand(product: Mapping[str, Any]) -> Iterator[float]:
    for term in product.get("terms", {}).get("OnDemand", {}).values():
        for dimension in term["priceDimensions"].values():
            price = float(dimension["pricePerUnit"].get("USD", 0))
            if price:
                yield price


def refreshed(text: str, client: Any, products: Mapping[str, Any], today: datetime.date) -> tuple[str, list[str]]:
    """The table with the prices of today, and a line for each that changed or was not found.

    Args:
        text: of the table.
        client: of the Price List API.
        products: see ``prices.toml`` beside this file.
        today: the date that the table gets.
    """
    data = tomllib.loads(text)
    told = []
    for section in ("hour", "month", "use"):
        for key, old in data[section].items():
            product = product_of(section, key, products)
            if product is None:
                continue
            new = price_of(client, data["region"], product)
            if isinstance(new, str):
                told.append(f"{key}: {new}, it stays at {old}")
            elif new != old:
                told.append(f"{key}: {old} -> {new}")
                text = re.sub(
                    rf'^("{re.escape(key)}" = ){re.escape(repr(old))}\b.*$', rf"\g<1>{new}", text, flags=re.MULTILINE
                )
    return re.sub(r"^date = .*$", f"date = {today}", text, flags=re.MULTILINE), told


def main() -> int:
    """Write the table anew."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dry-run", action="store_true", help="write nothing")
    dry = parser.parse_args().dry_run
    client = boto3.client("pricing", region_name="us-east-1")
    products = tomllib.loads(PRODUCTS.read_text("utf-8"))
    text, told = refreshed(TABLE.read_text("utf-8"), client, products, datetime.datetime.now(datetime.UTC).date())
    sys.stdout.write("".join(f"{line}\n" for line in told) or "every price is as it was\n")
    if not dry:
        TABLE.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
