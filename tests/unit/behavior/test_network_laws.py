"""Laws of reachability: what opens never closes, and the other way round. Estates are real HCL less some resources."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skyworthy import declared
from skyworthy.behavior.network import INTERNET, Place, journeys, network_of, reaches
from skyworthy.estate import Estate, Resource, Undecidable

BASE = """
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id
}

resource "aws_subnet" "public" {
  vpc_id     = aws_vpc.main.id
  cidr_block = "10.0.0.0/24"
}

resource "aws_subnet" "private" {
  vpc_id     = aws_vpc.main.id
  cidr_block = "10.0.1.0/24"
}

resource "aws_nat_gateway" "main" {
  subnet_id = aws_subnet.public.id
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.main.id
}

resource "aws_route_table" "private" {
  vpc_id = aws_vpc.main.id
}

resource "aws_route_table_association" "public" {
  subnet_id      = aws_subnet.public.id
  route_table_id = aws_route_table.public.id
}

resource "aws_route_table_association" "private" {
  subnet_id      = aws_subnet.private.id
  route_table_id = aws_route_table.private.id
}

resource "aws_security_group" "alb" {
  vpc_id = aws_vpc.main.id
}

resource "aws_security_group" "tasks" {
  vpc_id = aws_vpc.main.id
}

resource "aws_security_group" "store" {
  vpc_id = aws_vpc.main.id
}

resource "aws_lb" "main" {
  name            = "main"
  subnets         = [aws_subnet.public.id]
  security_groups = [aws_security_group.alb.id]
}

resource "aws_ecs_service" "api" {
  name = "api"

  network_configuration {
    subnets         = [aws_subnet.private.id]
    security_groups = [aws_security_group.tasks.id]
  }
}

resource "aws_db_subnet_group" "main" {
  subnet_ids = [aws_subnet.private.id]
}

resource "aws_db_instance" "main" {
  engine                 = "postgres"
  db_subnet_group_name   = aws_db_subnet_group.main.name
  vpc_security_group_ids = [aws_security_group.store.id]
}
"""
ROUTES = """
resource "aws_route" "public" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.main.id
}

resource "aws_route" "private" {
  route_table_id         = aws_route_table.private.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.main.id
}
"""
GROUPS = ("alb", "tasks", "store")
PEERS = (
    'cidr_ipv4 = "0.0.0.0/0"',
    'cidr_ipv4 = "10.0.0.0/16"',
    'cidr_ipv4 = "10.0.1.0/25"',
    *(f"referenced_security_group_id = aws_security_group.{group}.id" for group in GROUPS),
)
PORTS = ((443, 443), (5432, 5432), (8000, 8100))
VARIED = ("aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule", "aws_route")


def rules() -> str:
    """A rule for each direction, group, peer and span of ports."""
    return "\n".join(
        f'resource "aws_vpc_security_group_{direction}_rule" "r{number}_{group}_{first}" {{\n'
        f"  security_group_id = aws_security_group.{group}.id\n  {peer}\n"
        f'  ip_protocol = "tcp"\n  from_port = {first}\n  to_port = {last}\n}}\n'
        for direction in ("ingress", "egress")
        for group in GROUPS
        for number, peer in enumerate(PEERS)
        for first, last in PORTS
    )


@cache
def everything() -> Estate:
    with TemporaryDirectory() as directory:
        (Path(directory) / "main.tf").write_text(BASE + ROUTES + rules(), "utf-8")
        return declared.read(Path(directory))


def with_only(chosen: set[str]) -> Estate:
    return Estate(tuple(item for item in everything() if item.type not in VARIED or item.address in chosen))


def varied() -> list[str]:
    return [item.address for item in everything() if item.type in VARIED]


def place(estate: Estate, address: str) -> Place:
    found = estate.get(address)
    return INTERNET if found is None else network_of(estate).place(found)


def answer(estate: Estate, source: str, target: str, port: int) -> str:
    try:
        path = reaches(network_of(estate), place(estate, source), place(estate, target), port)
    except Undecidable:
        return "unknown"
    return "open" if path.open else "blocked"


PLACES = ["internet", "aws_lb.main", "aws_ecs_service.api", "aws_db_instance.main"]
WAYS = st.tuples(st.sampled_from(PLACES), st.sampled_from(PLACES)).filter(lambda way: way[0] != way[1])
CHOSEN = st.deferred(lambda: st.sets(st.sampled_from(varied()), max_size=60))
PORT = st.sampled_from([443, 5432, 8000, 8050, 22])


@settings(deadline=None)
@given(CHOSEN, st.deferred(lambda: st.sampled_from(varied())), WAYS, PORT)
def test_adding_an_allow_rule_or_a_route_never_closes_a_way(
    chosen: set[str], more: str, way: tuple[str, str], port: int
) -> None:
    before = answer(with_only(chosen - {more}), *way, port)
    after = answer(with_only(chosen | {more}), *way, port)
    assert ("blocked", "unknown", "open").index(after) >= ("blocked", "unknown", "open").index(before)


@pytest.mark.parametrize("route", ["aws_route.public", "aws_route.private"])
@settings(deadline=None)
@given(CHOSEN, st.sampled_from(["aws_ecs_service.api", "aws_db_instance.main"]), PORT)
def test_removing_a_route_never_opens_the_way_out(route: str, chosen: set[str], source: str, port: int) -> None:
    routes = {"aws_route.public", "aws_route.private"}
    if answer(with_only(chosen | routes), source, "internet", port) == "blocked":
        assert answer(with_only((chosen | routes) - {route}), source, "internet", port) == "blocked"


@settings(deadline=None)
@given(CHOSEN, WAYS, PORT)
def test_a_way_is_open_by_rules_that_stand_in_the_code(chosen: set[str], way: tuple[str, str], port: int) -> None:
    """Every hop of an open way is written somewhere or follows from a place; a blocked one names what blocks."""
    estate = with_only(chosen)
    source, target = (estate.get(name) for name in way)
    for journey in journeys(network_of(estate), source, target, port):
        for leg in journey.legs:
            if leg.path is not None and leg.path.open:
                assert leg.path.hops
            elif leg.path is not None and leg.path.blocked is not None:
                assert leg.path.blocked.what


def both_rules(source: str, target: str) -> tuple[Resource, ...]:
    wanted = (
        f"aws_vpc_security_group_egress_rule.r{3 + GROUPS.index(target)}_{source}_5432",
        f"aws_vpc_security_group_ingress_rule.r{3 + GROUPS.index(source)}_{target}_5432",
    )
    found = tuple(item for item in everything() if item.address in wanted)
    assert len(found) == 2
    return found


def test_one_rule_at_each_end_is_needed_and_enough() -> None:
    pair = {rule.address for rule in both_rules("tasks", "store")}
    way = ("aws_ecs_service.api", "aws_db_instance.main", 5432)
    assert answer(with_only(pair), *way) == "open"
    for rule in pair:
        assert answer(with_only(pair - {rule}), *way) == "blocked"
