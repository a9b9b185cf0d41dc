locals {
  credentials = jsondecode(data.aws_secretsmanager_secret_version.database.secret_string)
}

data "terraform_remote_state" "network" {
  backend = "s3"

  config = {
    bucket = "acme-tfstate"
    key    = "network/terraform.tfstate"
    region = "eu-west-1"
  }
}

data "aws_availability_zones" "all" {}

data "aws_caller_identity" "current" {}

data "aws_vpc" "shared" {
  tags = { Name = "shared" }
}

data "aws_subnets" "private" {
  filter {
    name   = "vpc-id"
    values = [data.aws_vpc.shared.id]
  }

  filter {
    name   = "tag:Tier"
    values = ["*private*"]
  }
}

data "aws_security_group" "bastion" {
  vpc_id = data.aws_vpc.shared.id
  name   = "bastion"
}

data "aws_acm_certificate" "cdn" {
  provider = aws.virginia
  domain   = "cdn.acme.test"
}

data "aws_route53_zone" "site" {
  name = "acme.test."
}

data "aws_iam_openid_connect_provider" "github" {
  url = "https://token.actions.githubusercontent.com"
}

data "aws_iam_policy" "execution" {
  name = "AmazonECSTaskExecutionRolePolicy"
}

data "aws_iam_policy" "boundary" {
  name = "acme-boundary"
}

data "aws_iam_role" "deploy" {
  name = "acme-deploy"
}

data "aws_secretsmanager_secret" "database" {
  name = "acme/database"
}

data "aws_secretsmanager_secret_version" "database" {
  secret_id = data.aws_secretsmanager_secret.database.id
}

data "aws_ecr_repository" "app" {
  name = "acme/app"
}

# The stack makes this one itself: it must not be there before.
data "aws_ecr_repository" "worker" {
  name = aws_ecr_repository.worker.name
}

data "aws_ssm_parameter" "flag" {
  name = "/acme/feature-flag"
}

data "aws_kms_alias" "rds" {
  name = "alias/aws/rds"
}

data "aws_kms_alias" "data" {
  name = "alias/acme-data"
}

data "aws_sns_topic" "ops" {
  name = "ops"
}

data "aws_db_snapshot" "latest" {
  db_instance_identifier = "acme-db"
  most_recent            = true
}

data "aws_ami" "ubuntu" {
  most_recent = true
  owners      = ["099720109477"]

  filter {
    name   = "name"
    values = ["ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*"]
  }

  filter {
    name   = "virtualization-type"
    values = ["hvm"]
  }
}

data "aws_s3_bucket" "logs" {
  bucket = "acme-logs"
}

data "aws_ecs_cluster" "shared" {
  cluster_name = "shared"
}
