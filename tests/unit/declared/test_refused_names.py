"""Names that are not declared, and cycles: refused as ``terraform validate`` and ``terraform plan`` refuse them."""

import pytest

from skyworthy.errors import BadInput

from .conftest import ReadText

REFUSED = {
    "variable": ('output "o" {\n  value = var.nope\n}\n', "main.tf:2: var.nope: variable nope is not declared"),
    "local": ('output "o" {\n  value = local.gone\n}\n', "main.tf:2: local.gone: local gone is not declared"),
    "resource": (
        'output "o" {\n  value = aws_vpc.other[*].id\n}\n',
        "main.tf:2: aws_vpc.other: resource aws_vpc.other is not declared",
    ),
    "data source": (
        'output "o" {\n  value = data.aws_vpc.other.id\n}\n',
        "main.tf:2: data.aws_vpc.other: data source aws_vpc.other is not declared",
    ),
    "module": ('output "o" {\n  value = module.gone.x\n}\n', "main.tf:2: module.gone: module gone is not declared"),
    "in try": (
        'output "o" {\n  value = try(aws_vpc.other.id, null)\n}\n',
        "main.tf:2: aws_vpc.other: resource aws_vpc.other is not declared",
    ),
    "in a branch that is never taken": (
        'output "o" {\n  value = true ? 1 : local.gone\n}\n',
        "main.tf:2: local.gone: local gone is not declared",
    ),
    "in a later line of a value": (
        'output "o" {\n  value = {\n    a = 1\n    b = "${local.gone}-x"\n  }\n}\n',
        "main.tf:4: local.gone: local gone is not declared",
    ),
    "depends_on": (
        'resource "test_thing" "a" {\n  depends_on = [aws_vpc.gone]\n}\n',
        "main.tf:2: aws_vpc.gone: resource aws_vpc.gone is not declared",
    ),
    "precondition": (
        'resource "test_thing" "a" {\n  lifecycle {\n    precondition {\n      condition     = var.gone\n'
        '      error_message = "No."\n    }\n  }\n}\n',
        "main.tf:4: var.gone: variable gone is not declared",
    ),
    "validation": (
        'variable "a" {\n  validation {\n    condition     = var.a != var.gone\n    error_message = "No."\n  }\n}\n',
        "main.tf:3: var.gone: variable gone is not declared",
    ),
    "iterator outside of its block": (
        'resource "test_thing" "a" {\n  name = rule.value\n  dynamic "rule" {\n    for_each = [1]\n'
        "    content {\n      port = rule.value\n    }\n  }\n}\n",
        "main.tf:2: rule.value: resource rule.value is not declared",
    ),
    "provider": (
        'provider "aws" {\n  region = var.gone\n}\nresource "aws_vpc" "a" {\n}\n',
        "main.tf:2: var.gone: variable gone is not declared",
    ),
    "no name at all": (
        'output "o" {\n  value = foo\n}\n',
        "main.tf:2: foo is no value; a resource is referred to by type and name",
    ),
    "several": (
        'output "o" {\n  value = [var.nope]\n}\noutput "p" {\n  value = local.gone\n}\n',
        "main.tf:2: var.nope: variable nope is not declared\nmain.tf:5: local.gone: local gone is not declared",
    ),
    "cycle of locals": (
        "locals {\n  a = local.b\n  b = [local.c]\n  c = local.a\n}\n",
        "main.tf:2: local.a depends on itself: local.a -> local.b -> local.c -> local.a",
    ),
    "cycle of resources": (
        'resource "test_thing" "a" {\n  v = local.b\n}\nlocals {\n  b = data.test_thing.b.id\n}\n'
        'data "test_thing" "b" {\n  v = test_thing.a.id\n}\n',
        "main.tf:1: test_thing.a depends on itself: test_thing.a -> local.b -> data.test_thing.b -> test_thing.a",
    ),
    "resource that names itself": (
        'resource "aws_security_group" "a" {\n  ingress {\n    security_groups = [aws_security_group.a.id]\n  }\n}\n',
        "main.tf:1: aws_security_group.a depends on itself: aws_security_group.a -> aws_security_group.a",
    ),
}


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED)
def test_names_that_terraform_refuses_are_bad_input(read: ReadText, text: str, message: str) -> None:
    with pytest.raises(BadInput) as error:
        read(text)
    assert str(error.value) == message


def test_names_in_a_called_module_are_looked_at_too(read: ReadText) -> None:
    with pytest.raises(BadInput) as error:
        read(
            'module "a" {\n  source = "./a"\n  count  = 0\n}\n',
            **{"a/main.tf": 'output "o" {\n  value = local.gone\n}\n'},
        )
    assert str(error.value) == "a/main.tf:2: local.gone: local gone is not declared"


def test_json_syntax_is_looked_at_where_a_name_cannot_be_an_iterator(read: ReadText) -> None:
    nested = '{"resource": {"test_thing": {"a": {"rule": {"dynamic": {"x": {"content": {"port": "${x.value}"}}}}}}}}'
    assert read("", **{"nested.tf.json": nested}).resources[0].address == "test_thing.a"
    with pytest.raises(BadInput) as error:
        read("", **{"other.tf.json": '{"output": {"o": {"value": "${var.nope}"}}}'})
    assert str(error.value) == "other.tf.json:1: var.nope: variable nope is not declared"


def test_what_terraform_accepts_is_accepted(read: ReadText) -> None:
    estate = read(
        """
        locals {
          own     = resource.test_thing.a.id
          words   = [for word in ["a"] : upper(word) if word != ""]
          lengths = { for place, word in ["a"] : word => place }
          text    = "%{ for word in ["a"] }${word}%{ endfor }"
        }
        resource "test_thing" "a" {
          provider = aws.west
          lifecycle {
            ignore_changes       = [tags, master_password]
            replace_triggered_by = [test_thing.b]
            postcondition {
              condition     = self.id != ""
              error_message = "No."
            }
          }
          provisioner "local-exec" {
            when       = destroy
            on_failure = continue
            command    = self.id
          }
        }
        resource "test_thing" "b" {
          count      = 2
          depends_on = [test_thing.b]
          where      = "${path.module}-${terraform.workspace}-${count.index}"
          dynamic "rule" {
            for_each = [1]
            iterator = it
            content {
              port = it.value
              dynamic "inner" {
                for_each = [it.key]
                content {
                  a = it.value
                  b = inner.value
                }
              }
            }
          }
        }
        resource "test_thing" "c" {
          for_each = { a = 1 }
          other    = try(test_thing.c["b"].id, each.value)
        }
        provider "aws" {
          alias  = "unused"
          region = var.removed
        }
        module "m" {
          source    = "./m"
          providers = { aws = aws.west }
        }
        check "lookup" {
          data "test_thing" "inside" {
          }
          assert {
            condition     = data.test_thing.inside.id != ""
            error_message = "No."
          }
        }
        """,
        **{"m/main.tf": 'variable "a" {\n  type    = any\n  default = null\n}\n'},
    )
    assert [item.address for item in estate] == [
        "test_thing.a",
        "test_thing.b[0]",
        "test_thing.b[1]",
        'test_thing.c["a"]',
    ]
