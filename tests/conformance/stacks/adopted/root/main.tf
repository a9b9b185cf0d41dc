# A root module as somebody else keeps it: another account, older pins, no values, and much that must pre-exist.

terraform {
  # Nothing here is of this version.
  required_version = "~> 1.5.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 4.0, < 5.0"
    }
  }

  backend "s3" {
    bucket  = "acme-tfstate"
    key     = "app/terraform.tfstate"
    region  = "eu-west-1"
    profile = "acme"
  }
}

provider "aws" {
  region  = "eu-west-1"
  profile = "acme"

  assume_role {
    role_arn = "arn:aws:iam::111111111111:role/deployer"
  }

  default_tags {
    tags = { Environment = var.environment }
  }
}

provider "aws" {
  alias   = "virginia"
  region  = "us-east-1"
  profile = "acme"
}

variable "alert_email" {
  type = string

  validation {
    condition     = can(regex("^[^@]+@[^@]+$", var.alert_email))
    error_message = "Must be an address."
  }
}

variable "environment" {
  type = string

  validation {
    condition     = contains(["sandpit", "live"], var.environment)
    error_message = "Either sandpit or live."
  }
}

variable "db_password" {
  type      = string
  sensitive = true

  validation {
    condition     = length(var.db_password) >= 24
    error_message = "At least 24 characters."
  }
}

variable "subnet_ids" {
  type = list(string)
}

variable "certificate_arn" {
  type    = string
  default = "arn:aws:acm:eu-west-1:111111111111:certificate/11111111-2222-3333-4444-555555555555"
}

module "edge" {
  source = "../edge"

  email = var.alert_email

  providers = {
    aws    = aws
    aws.us = aws.virginia
  }
}

resource "aws_ssm_parameter" "network" {
  name = "/acme/network"
  type = "String"
  value = join(" ", [
    data.terraform_remote_state.network.outputs.vpc_id,
    data.terraform_remote_state.network.outputs.private_subnet_ids[0],
    join(" ", var.subnet_ids),
  ])
}

resource "aws_ssm_parameter" "certificate" {
  name  = "/acme/certificate"
  type  = "String"
  value = var.certificate_arn
}

resource "aws_ssm_parameter" "credentials" {
  name  = "/acme/credentials"
  type  = "String"
  value = "${local.credentials.username} ${local.credentials["password"]}"
}

resource "aws_iam_role_policy_attachment" "execution" {
  role       = data.aws_iam_role.deploy.name
  policy_arn = data.aws_iam_policy.execution.arn
}

resource "aws_route53_record" "app" {
  zone_id = data.aws_route53_zone.site.zone_id
  name    = "app.acme.test"
  type    = "CNAME"
  ttl     = 60
  records = ["example.com"]
}

resource "aws_ecr_repository" "worker" {
  name = "acme/worker"
}
