"""Idioms of real stacks in one configuration; the expected outputs are those of Terraform's own plan of it."""

import json
from pathlib import Path

from skyworthy import declared
from skyworthy.estate import Unknown

from .conftest import ReadText

ROOT = Path(__file__).parent / "examples" / "idioms"


def test_outputs_are_those_of_terraforms_plan() -> None:
    assert declared.outputs(ROOT) == json.loads((ROOT / "outputs.json").read_text("utf-8"))
    assert [resource.address for resource in declared.read(ROOT)] == [
        'aws_ecs_task_definition.svc["api"]',
        'aws_ecs_task_definition.svc["web"]',
        'aws_security_group.svc["api"]',
        'aws_security_group.svc["web"]',
        'aws_ssm_parameter.pair["api-A"]',
        'aws_ssm_parameter.pair["api-B"]',
        'aws_subnet.this["us-east-1a"]',
        'aws_subnet.this["us-east-1b"]',
        "aws_vpc.this[0]",
        'module.m["api"].aws_lb_target_group.this',
    ]


def test_a_certificate_is_validated_by_one_record_for_each_of_its_names(read: ReadText) -> None:
    estate = read("""
        variable "domain" {
          default = "example.com"
        }
        resource "aws_acm_certificate" "main" {
          domain_name               = var.domain
          subject_alternative_names = ["*.${var.domain}"]
          validation_method         = "DNS"
        }
        resource "aws_route53_record" "main" {
          for_each = { for item in aws_acm_certificate.main.domain_validation_options : item.domain_name => item }
          name     = each.value.resource_record_name
        }
        """)
    records = [resource for resource in estate if resource.type == "aws_route53_record"]
    assert [item.address for item in records] == [
        'aws_route53_record.main["*.example.com"]',
        'aws_route53_record.main["example.com"]',
    ]
    value = records[0].attributes["name"]
    assert isinstance(value, Unknown)
    assert value.reason == "aws_acm_certificate.main.domain_validation_options is known after apply"
    assert not estate.notes


def test_names_that_are_not_known_leave_the_records_open(read: ReadText) -> None:
    estate = read("""
        variable "domain" {}
        resource "aws_acm_certificate" "main" {
          domain_name       = var.domain
          validation_method = "DNS"
        }
        resource "aws_route53_record" "main" {
          for_each = { for item in aws_acm_certificate.main.domain_validation_options : item.domain_name => item }
          name     = each.value.resource_record_name
        }
        """)
    assert "aws_route53_record.main" in [resource.address for resource in estate]
