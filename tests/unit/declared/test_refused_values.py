"""Values of variables that Terraform refuses: the message says where the value is given."""

import pytest

from skyworthy import declared
from skyworthy.errors import BadInput

from .conftest import ReadText, Write

NUMBER = 'variable "size" {\n  type = number\n}\n'
CHECKED = """variable "name" {
  type    = string
  default = "main"

  validation {
    condition     = can(regex("^[^[:space:]]+$", var.name)) && length(var.name) < 8
    error_message = "A name of at most 7, not ${var.name}."
  }
}
"""
REFUSED = {
    "type in a tfvars file": (
        {"main.tf": NUMBER, "terraform.tfvars": '\nsize = "abc"\n'},
        "terraform.tfvars:2: variable size must be number: 'abc' is not a number",
    ),
    "list in a tfvars file": (
        {"main.tf": 'variable "a" {\n  type = list(string)\n}\n', "a.auto.tfvars.json": '{"a": "x"}'},
        "a.auto.tfvars.json:1: variable a must be list(string): a list is needed, not string",
    ),
    "type of a default": (
        {"main.tf": 'variable "a" {\n  type    = object({ x = string })\n  default = { y = 2 }\n}\n'},
        "main.tf:3: the default of variable a must be object({ x = string }): the attribute 'x' is required",
    ),
    "length of a tuple": (
        {"main.tf": 'variable "a" {\n  type    = tuple([string, number])\n  default = ["a"]\n}\n'},
        "main.tf:3: the default of variable a must be tuple([string, number]): a tuple of 2 is needed, not of 1",
    ),
    "sensitive": (
        {
            "main.tf": 'variable "pin" {\n  type      = number\n  sensitive = true\n}\n',
            "terraform.tfvars": 'pin = "twelve"\n',
        },
        "terraform.tfvars:1: variable pin must be number: the value does not fit",
    ),
    "of a module": (
        {"main.tf": 'module "m" {\n  source = "./m"\n  size   = "abc"\n}\n', "m/main.tf": NUMBER},
        "main.tf:3: variable size of module.m must be number: 'abc' is not a number",
    ),
    "reference in a default": (
        {"main.tf": 'variable "a" {\n  default = local.x\n}\nlocals {\n  x = 1\n}\n'},
        "main.tf:2: variable a: local.x cannot be referred to here",
    ),
    "function in a tfvars file": (
        {"main.tf": 'variable "a" {}\n', "terraform.tfvars": 'a = upper("x")\n'},
        "terraform.tfvars:1: variable a: the function upper cannot be called here",
    ),
    "validation of a default": (
        {"main.tf": CHECKED.replace('"main"', '"a b"')},
        "main.tf:1: variable name is refused by its validation at main.tf:5: A name of at most 7, not a b.",
    ),
    "validation of a given value": (
        {"main.tf": CHECKED, "terraform.tfvars": '\nname = "much too long"\n'},
        "terraform.tfvars:2: variable name is refused by its validation at main.tf:5:"
        " A name of at most 7, not much too long.",
    ),
    "validation in a module": (
        {"main.tf": 'module "m" {\n  source = "./m"\n  name   = "x y"\n}\n', "m/main.tf": CHECKED},
        "main.tf:3: variable name of module.m is refused by its validation at m/main.tf:5:"
        " A name of at most 7, not x y.",
    ),
}


@pytest.mark.parametrize(("files", "message"), REFUSED.values(), ids=REFUSED)
def test_values_that_terraform_refuses_are_bad_input(
    write: Write, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], message: str
) -> None:
    root = write(files)
    monkeypatch.chdir(root)
    with pytest.raises(BadInput) as error:
        declared.read(root)
    assert str(error.value) == message


def test_values_that_are_not_known_or_that_fit_are_let_through(read: ReadText) -> None:
    estate = read(
        CHECKED
        + """
        variable "times" {
          type = number
        }
        variable "on" {
          type    = bool
          default = "1"
        }
        variable "least" {
          type    = number
          default = -1 + 2
        }
        variable "checked" {
          type = string
          validation {
            condition     = var.checked == "a" || var.times > 3
            error_message = "No."
          }
        }
        module "perhaps" {
          source = "./m"
          count  = var.times
          name   = "much too long"
        }
        module "computed" {
          source = "./m"
          name   = test_thing.a.name
        }
        resource "test_thing" "a" {
          on    = var.on
          least = var.least
        }
        """,
        **{"m/main.tf": CHECKED},
    )
    thing = estate.of("test_thing")[0]
    assert (thing["on"], thing["least"]) == (True, 1)
