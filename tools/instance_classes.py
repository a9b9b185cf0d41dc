"""Write `behavior/instance_classes.toml`: the instance classes that AWS offers, by engine.

The facts are those of AWS's price lists, which the data of cfn-lint (MIT-0, in this environment beside moto) keeps by
region: `DBInstanceClass`, `DBClusterInstanceClass` and `CacheNodeType`. Here they stand as families and sizes, offered
in any region.

    python tools/instance_classes.py YEAR-MONTH     of the release of cfn-lint
"""

import argparse
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parents[1] / "src" / "skyworthy" / "behavior" / "instance_classes.toml"
_ENGINES = ("aurora-mysql", "aurora-postgresql", "mariadb", "mysql", "postgres")
_OTHERS = "others"
_SIZES = ("micro", "small", "medium", "large", "xlarge")


def offered() -> dict[str, dict[str, set[str]]]:
    """Kind (database, cluster, cache) -> engine, or others -> classes."""
    found: dict[str, dict[str, set[str]]] = {}
    for kind, folder, file, property in (
        ("database", "aws_rds_dbinstance", "dbinstanceclass_enum", "DBInstanceClass"),
        ("cluster", "aws_rds_dbcluster", "dbclusterinstanceclass_enum", "DBClusterInstanceClass"),
        ("cache", "aws_elasticache_cachecluster", "cachenodetype_enum", ""),
    ):
        source = resources.files("cfnlint.data.schemas.extensions") / folder / f"{file}.json"
        regions = [item for item in json.loads(source.read_text("utf-8")).values() if isinstance(item, Mapping)]
        by_engine = found.setdefault(kind, defaultdict(set))
        for engine, names in (row for region in regions for row in _rows(region, property)):
            by_engine[engine if engine in _ENGINES else _OTHERS] |= names
    return found


def _rows(region: Mapping[str, Any], property: str) -> Iterator[tuple[str, set[str]]]:
    """The engines of a region, each with its classes."""
    if not property:
        yield _OTHERS, set(region["enum"])
    for rule in region.get("allOf", ()):
        yield rule["if"]["properties"]["Engine"]["const"], set(rule["then"]["properties"][property]["enum"])


def table(as_of: str) -> str:
    """The file."""
    lines = [
        "# The instance classes that AWS offers in any region: what holds them, engines, family -> sizes.",
        "# Written by tools/instance_classes.py; the facts are those of AWS's price lists.",
        f'as_of = "{as_of}"',
    ]
    for kind, by_engine in offered().items():
        alike: dict[frozenset[str], list[str]] = defaultdict(list)
        for engine, names in sorted(by_engine.items()):
            alike[frozenset(names)].append(engine)
        for names, engines in alike.items():
            lines += ["", f"[[{kind}]]", f"engines = {json.dumps(engines)}", *_families(names)]
    return "\n".join(lines) + "\n"


def _families(names: frozenset[str]) -> Iterator[str]:
    sizes: dict[str, list[str]] = defaultdict(list)
    for name in names:
        family, _, size = name.partition(".")[2].partition(".")
        sizes[family].append(size)
    for family in sorted(sizes):
        yield f'classes.{family} = "{" ".join(sorted(sizes[family], key=_order))}"'


def _order(size: str) -> tuple[int, int, str]:
    match = re.match(r"(\d*)([a-z]+)", size)
    if match is None:
        return (0, 0, size)
    return (_SIZES.index(match[2]) if match[2] in _SIZES else 0, int(match[1] or 1), size)


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("as_of", help="year and month of the data")
    TABLE.write_text(table(parser.parse_args().as_of), "utf-8")


if __name__ == "__main__":
    main()
