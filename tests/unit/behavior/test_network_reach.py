"""Reachability over real Terraform: every style of rule, both kinds of answer, and what stays open."""

from collections.abc import Callable
from pathlib import Path

import pytest

from skyworthy import declared
from skyworthy.behavior.network import INTERNET, network_of, reaches
from skyworthy.behavior.network import Path as Way
from skyworthy.estate import Undecidable

STACK = """
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
  count = 2

  vpc_id     = aws_vpc.main.id
  cidr_block = cidrsubnet("10.0.0.0/16", 8, 10 + count.index)
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.main.id
}

resource "aws_route" "public" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.main.id
}

resource "aws_route_table_association" "public" {
  subnet_id      = aws_subnet.public.id
  route_table_id = aws_route_table.public.id
}

resource "aws_lb" "main" {
  name            = "main"
  security_groups = [aws_security_group.alb.id]
  subnets         = [aws_subnet.public.id]
}

resource "aws_ecs_service" "api" {
  name = "api"

  network_configuration {
    subnets         = aws_subnet.private[*].id
    security_groups = [aws_security_group.tasks.id]
  }
}
"""
CLOSED = """
resource "aws_security_group" "alb" {
  vpc_id = aws_vpc.main.id
}

resource "aws_security_group" "tasks" {
  vpc_id = aws_vpc.main.id
}
"""

Ask = Callable[[str, str, int], Way]


@pytest.fixture
def ask(tmp_path: Path) -> Callable[[str], Ask]:
    def of(rules: str) -> Ask:
        (tmp_path / "main.tf").write_text(STACK + rules, "utf-8")
        network = network_of(declared.read(tmp_path))

        def place(address: str) -> object:
            resource = network.estate.get(address)
            assert resource is not None
            return network.place(resource)

        def answer(source: str, target: str, port: int) -> Way:
            ends = [INTERNET if name == "internet" else place(name) for name in (source, target)]
            return reaches(network, ends[0], ends[1], port)  # type: ignore[arg-type]

        return answer

    return of


OUT = 'egress {\n protocol = "tcp"\n from_port = 8000\n to_port = 8000\n'
INTO = 'ingress {\n protocol = "tcp"\n from_port = 8000\n to_port = 8000\n'
BY_GROUP = f"""
resource "aws_security_group" "alb" {{
  vpc_id = aws_vpc.main.id
  {OUT} cidr_blocks = aws_subnet.private[*].cidr_block }}
}}

resource "aws_security_group" "tasks" {{
  vpc_id = aws_vpc.main.id
  {INTO} security_groups = [aws_security_group.alb.id] }}
}}
"""
BY_CIDR = f"""
resource "aws_security_group" "alb" {{
  vpc_id = aws_vpc.main.id
  {OUT} cidr_blocks = ["10.0.10.0/23"] }}
}}

resource "aws_security_group" "tasks" {{
  vpc_id = aws_vpc.main.id
  {INTO} cidr_blocks = ["192.168.0.0/16", "10.0.0.0/24"] }}
}}
"""
BY_RULE = (
    CLOSED
    + """
resource "aws_security_group_rule" "out" {
  security_group_id        = aws_security_group.alb.id
  type                     = "egress"
  protocol                 = "-1"
  from_port                = 0
  to_port                  = 0
  source_security_group_id = aws_security_group.tasks.id
}

resource "aws_security_group_rule" "in" {
  security_group_id = aws_security_group.tasks.id
  type              = "ingress"
  protocol          = "6"
  from_port         = 7000
  to_port           = 9000
  cidr_blocks       = [aws_vpc.main.cidr_block]
}
"""
)
BY_VPC_RULE = (
    CLOSED
    + """
resource "aws_vpc_security_group_egress_rule" "out" {
  security_group_id = aws_security_group.alb.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}

resource "aws_vpc_security_group_ingress_rule" "in" {
  security_group_id            = aws_security_group.tasks.id
  referenced_security_group_id = aws_security_group.alb.id
  ip_protocol                  = "tcp"
  from_port                    = 8000
  to_port                      = 8000
}
"""
)
BY_SELF = """
resource "aws_security_group" "alb" {
  vpc_id = aws_vpc.main.id
}

locals {
  alb_group = aws_security_group.alb.id
}

resource "aws_security_group" "tasks" {
  vpc_id = aws_vpc.main.id
}

resource "aws_security_group_rule" "any" {
  for_each = toset(["ingress", "egress"])

  security_group_id = local.alb_group
  type              = each.value
  protocol          = "tcp"
  from_port         = 0
  to_port           = 65535
  self              = true
}
"""


@pytest.mark.parametrize(
    "rules",
    [BY_GROUP, BY_CIDR, BY_RULE, BY_VPC_RULE],
    ids=["inline groups", "inline CIDRs", "security_group_rule", "vpc_security_group rules"],
)
def test_every_style_of_rule_lets_it_pass(ask: Callable[[str], Ask], rules: str) -> None:
    assert ask(rules)("aws_lb.main", "aws_ecs_service.api", 8000).open


def test_several_ranges_together_cover_the_other_side(ask: Callable[[str], Ask]) -> None:
    each = BY_CIDR.replace('["10.0.10.0/23"]', "aws_subnet.private[*].cidr_block")
    assert ask(each)("aws_lb.main", "aws_ecs_service.api", 8000).open


def test_a_route_in_the_main_table_of_the_vpc(ask: Callable[[str], Ask]) -> None:
    route = """
resource "aws_route" "main" {
  route_table_id         = aws_vpc.main.main_route_table_id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.main.id
}

resource "aws_nat_gateway" "main" {
  allocation_id = "eipalloc-12345678"
  subnet_id     = aws_subnet.public.id
}
"""
    assert ask(OPEN_OUT + route)("aws_ecs_service.api", "internet", 443).open


def test_the_path_names_the_rules(ask: Callable[[str], Ask]) -> None:
    way = ask(BY_VPC_RULE)("aws_lb.main", "aws_ecs_service.api", 8000)
    assert [hop.what for hop in way.hops] == [
        "aws_vpc_security_group_egress_rule.out lets port 8000 out",
        "aws_vpc_security_group_ingress_rule.in lets port 8000 in",
    ]
    assert way.hops[0].location is not None
    assert Path(way.hops[0].location.file).name == "main.tf"


@pytest.mark.parametrize(
    ("rules", "port", "blocked"),
    [
        (BY_GROUP, 8001, "aws_security_group.alb lets nothing out to port 8001 of aws_ecs_service.api"),
        (BY_RULE, 9001, "aws_security_group.tasks lets nothing in to port 9001 from aws_lb.main"),
        (BY_CIDR.replace("10.0.10.0/23", "10.0.10.0/24"), 8000, "aws_security_group.alb lets nothing out to port 8000"),
        (BY_VPC_RULE.replace('"tcp"', '"udp"'), 8000, "aws_security_group.tasks lets nothing in to port 8000"),
        (BY_SELF, 8000, "aws_security_group.alb lets nothing out to port 8000"),
        (CLOSED, 8000, "aws_security_group.alb lets nothing out to port 8000"),
    ],
)
def test_the_answer_names_the_hop_that_blocks(ask: Callable[[str], Ask], rules: str, port: int, blocked: str) -> None:
    way = ask(rules)("aws_lb.main", "aws_ecs_service.api", port)
    assert not way.open
    assert way.blocked is not None
    assert way.blocked.what.startswith(blocked)


UNKNOWN = (
    BY_VPC_RULE.replace("aws_security_group.tasks.id\n  referenced", "var.group\n  referenced")
    + 'variable "group" {}\n'
)


def test_a_rule_whose_group_is_unknown_leaves_the_question_open(ask: Callable[[str], Ask]) -> None:
    answer = ask(UNKNOWN)
    with pytest.raises(
        Undecidable, match=r"whose rule aws_vpc_security_group_ingress_rule\.in is: variable group has no"
    ):
        answer("aws_lb.main", "aws_ecs_service.api", 8000)


def test_an_unknown_rule_does_not_matter_where_another_one_lets_it_pass(ask: Callable[[str], Ask]) -> None:
    more = """
variable "ports" {}

resource "aws_security_group_rule" "more" {
  count = length(var.ports)

  security_group_id = aws_security_group.tasks.id
  type              = "ingress"
  protocol          = "tcp"
  from_port         = var.ports[count.index]
  to_port           = var.ports[count.index]
  self              = true
}
"""
    assert ask(BY_VPC_RULE + more)("aws_lb.main", "aws_ecs_service.api", 8000).open


def test_only_what_has_a_public_address_is_reached_from_the_internet(ask: Callable[[str], Ask]) -> None:
    opened = CLOSED.replace("vpc_id", 'ingress {\n protocol = "-1"\n from_port = 0\n to_port = 0\n'
                                      ' cidr_blocks = ["0.0.0.0/0"]\n}\n vpc_id')  # fmt: skip
    answer = ask(opened)
    assert answer("internet", "aws_lb.main", 443).open
    way = answer("internet", "aws_ecs_service.api", 443)
    assert str(way.blocked).startswith("aws_ecs_service.api has no public address (main.tf:")


NAT = """
resource "aws_nat_gateway" "main" {
  allocation_id = "eipalloc-12345678"
  subnet_id     = aws_subnet.SUBNET.id
}

resource "aws_default_route_table" "main" {
  default_route_table_id = aws_vpc.main.default_route_table_id

  route {
    cidr_block     = "0.0.0.0/0"
    nat_gateway_id = aws_nat_gateway.main.id
  }
}
"""
OPEN_OUT = CLOSED + BY_VPC_RULE[len(CLOSED) :].replace(
    "aws_security_group.alb.id\n  cidr", "aws_security_group.tasks.id\n  cidr"
)


@pytest.mark.parametrize(
    ("nat", "blocked"),
    [
        (NAT.replace("SUBNET", "public"), None),
        (
            NAT.replace("SUBNET", "private[0]"),
            "aws_nat_gateway.main stands in aws_subnet.private[0], which has no route",
        ),
        ("", "aws_subnet.private[0] has no route to the internet"),
    ],
    ids=["NAT in a public subnet", "NAT in a private subnet", "no NAT"],
)
def test_private_tasks_reach_the_internet_over_nat(ask: Callable[[str], Ask], nat: str, blocked: str | None) -> None:
    way = ask(OPEN_OUT + nat)("aws_ecs_service.api", "internet", 443)
    assert way.open == (blocked is None)
    assert (way.blocked.what if way.blocked else "").startswith(blocked or "")


def test_a_task_without_a_public_address_in_a_public_subnet_is_cut_off(ask: Callable[[str], Ask]) -> None:
    text = (
        OPEN_OUT
        + """
resource "aws_main_route_table_association" "main" {
  vpc_id         = aws_vpc.main.id
  route_table_id = aws_route_table.public.id
}
"""
    )
    way = ask(text)("aws_ecs_service.api", "internet", 443)
    assert way.blocked is not None
    assert way.blocked.what == "aws_ecs_service.api has no public address in public aws_subnet.private[0]"


def entry(number: int, egress: bool, action: str, first: int, last: int, cidr: str = "10.0.0.0/16") -> str:
    way = "egress" if egress else "ingress"
    return f"""
  {way} {{
    rule_no    = {number}
    action     = "{action}"
    protocol   = "tcp"
    from_port  = {first}
    to_port    = {last}
    cidr_block = "{cidr}"
  }}
"""


def acl(*entries: str) -> str:
    """A network ACL of the tasks' subnets."""
    head = 'resource "aws_network_acl" "tasks" {\n  vpc_id = aws_vpc.main.id\n  subnet_ids = aws_subnet.private[*].id\n'
    return f"{head}{''.join(entries)}}}\n"


REQUESTS_IN = entry(100, False, "allow", 8000, 8000)
ANSWERS_OUT = entry(100, True, "allow", 1024, 65535)


@pytest.mark.parametrize(
    ("rules", "blocked"),
    [
        (acl(REQUESTS_IN, ANSWERS_OUT), None),
        (acl(), "aws_network_acl.tasks does not let port 8000 in from aws_lb.main at aws_subnet.private[0]"),
        (acl(REQUESTS_IN), "aws_network_acl.tasks does not let ports 1024-65535 out to aws_lb.main at"),
        (
            acl(REQUESTS_IN, entry(100, True, "allow", 32768, 65535)),
            "aws_network_acl.tasks does not let ports 1024-65535 out to aws_lb.main at",
        ),
        (
            acl(REQUESTS_IN, ANSWERS_OUT, entry(90, False, "deny", 0, 65535)),
            "aws_network_acl.tasks does not let port 8000 in from aws_lb.main at",
        ),
        (acl(REQUESTS_IN, ANSWERS_OUT, entry(110, False, "deny", 0, 65535)), None),
        (acl(entry(100, False, "allow", 8000, 8000, "10.0.1.0/24"), ANSWERS_OUT), "aws_network_acl.tasks does not let"),
    ],
    ids=["both ways", "no rules", "no answers", "too few answers", "denied first", "denied later", "another subnet"],
)
def test_network_acls_are_stateless_and_in_order(ask: Callable[[str], Ask], rules: str, blocked: str | None) -> None:
    way = ask(BY_VPC_RULE + rules)("aws_lb.main", "aws_ecs_service.api", 8000)
    assert way.open == (blocked is None)
    assert (way.blocked.what if way.blocked else "").startswith(blocked or "")


def test_rules_of_a_network_acl_may_stand_beside_it(ask: Callable[[str], Ask]) -> None:
    beside = """
resource "aws_network_acl_rule" "in" {
  network_acl_id = aws_network_acl.tasks.id
  rule_number    = 10
  egress         = false
  protocol       = "-1"
  rule_action    = "allow"
  cidr_block     = "0.0.0.0/0"
}
"""
    answer = ask(BY_VPC_RULE + acl(ANSWERS_OUT) + beside)
    assert answer("aws_lb.main", "aws_ecs_service.api", 8000).open


def test_a_rule_about_a_part_of_the_other_subnet_leaves_the_question_open(ask: Callable[[str], Ask]) -> None:
    answer = ask(BY_VPC_RULE + acl(entry(100, False, "allow", 8000, 8000, "10.0.0.0/25"), ANSWERS_OUT))
    with pytest.raises(Undecidable, match=r"a rule of aws_network_acl\.tasks is about a part of 10\.0\.0\.0/24 only"):
        answer("aws_lb.main", "aws_ecs_service.api", 8000)
