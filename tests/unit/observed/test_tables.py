"""The collector tables against botocore's service models and the provider's schema."""

import re
from pathlib import Path

import pytest

from skyworthy.errors import BadInput
from skyworthy.estate import type_of
from skyworthy.observed import Session
from skyworthy.observed.attributes import check
from skyworthy.observed.keys import key
from skyworthy.observed.model import NoSuchPlace, kind_of
from skyworthy.observed.scopes import Scopes
from skyworthy.observed.tables import CollectedType, Read, parse, tables

TABLES = tables()
SESSION = Session(endpoint_url="http://127.0.0.1:9", target="sandbox")
SCOPES = Scopes(TABLES, SESSION)
TYPES = [pytest.param(kind, id=name) for name, kind in sorted(TABLES.types.items())]
READS = [pytest.param(read, id=name) for name, read in sorted(TABLES.reads.items())]

ROOT = Path(__file__).parents[3] / "terraform"


def test_each_type_of_the_reference_stack_has_a_collector() -> None:
    files = [*ROOT.glob("modules/*/*.tf"), *ROOT.glob("environments/*/*.tf"), *ROOT.glob("bootstrap/*.tf")]
    types = {name for file in files for name in re.findall(r'^resource "(aws_\w+)"', file.read_text(), re.MULTILINE)}
    assert len(types) > 50
    assert sorted(types - TABLES.types.keys()) == []


@pytest.mark.parametrize("kind", TYPES)
def test_every_place_exists_in_the_answer(kind: CollectedType) -> None:
    scope = SCOPES.record(kind)
    for spec in kind.attributes.values():
        check(spec, scope)
    if kind.aws_made:
        kind_of(kind.aws_made, scope)


@pytest.mark.parametrize("kind", TYPES)
def test_keys_and_boundaries_name_attributes_that_are_read(kind: CollectedType) -> None:
    for name in (*(key(item).found for keys in kind.match for item in keys), *kind.inside):
        assert name.removeprefix("~").partition(".")[0] in kind.attributes
    assert kind.match or kind.via
    for via in kind.via:
        assert via.attribute in TABLES.types[via.type].attributes


@pytest.mark.parametrize("kind", TYPES)
def test_arguments_are_attributes_of_the_provider_and_not_read(kind: CollectedType) -> None:
    row = type_of(kind.name)
    known = row.unset | row.computed | row.blocks | row.lists | row.maps | row.defaults.keys()
    assert [name for name in kind.arguments if name not in known or name in kind.attributes] == []


@pytest.mark.parametrize("read", READS)
def test_parameters_exist_and_places_too(read: Read) -> None:
    shape = SESSION.service_model(read.service).operation_model(read.operation).input_shape
    given = {*read.arguments, *read.parameters} | ({read.batch_parameter} - {""})
    assert given <= set(shape.members if shape else ())
    kind_of(read.items, SCOPES.answer(read))
    if read.each:
        for place in read.arguments.values():
            kind_of(place, SCOPES.record(TABLES.types[read.each]))
    if read.batch:
        for place in (*read.arguments.values(), read.batch_value):
            kind_of(place, SCOPES.item(TABLES.reads[read.batch]))


def test_a_misspelt_place_is_noticed() -> None:
    with pytest.raises(NoSuchPlace, match="no member CidrBlok among"):
        check("CidrBlok", SCOPES.record(TABLES.types["aws_vpc"]))
    with pytest.raises(NoSuchPlace, match="no shape nonesuch"):
        check({"shape": "nonesuch"}, None)
    with pytest.raises(NoSuchPlace, match="no conversion nonesuch"):
        check({"path": "VpcId", "as": "nonesuch"}, SCOPES.record(TABLES.types["aws_vpc"]))


def test_a_misspelt_key_of_a_table_is_bad_input() -> None:
    with pytest.raises(BadInput, match=r"x.toml: reads.a: no such key: opperation"):
        parse([("x.toml", 'service = "ec2"\n[reads.a]\nopperation = "DescribeVpcs"\n')])
    with pytest.raises(BadInput, match=r"collectors: no such read: ec2\.b"):
        parse([("x.toml", 'service = "ec2"\n[types.aws_vpc]\nread = "b"\n')])
