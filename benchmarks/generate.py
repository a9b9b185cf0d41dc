"""A large estate as real Terraform: services on one cluster, each with what a service has, written as flat files."""

from pathlib import Path
from string import Template

SHARED = 13
"""Resources of the shared file."""
PER_SERVICE = 20
"""Resources of each service."""

_SHARED = """\
terraform {
  required_version = ">= 1.10"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
  }
}

provider "aws" {
  region = var.region
}

variable "region" {
  description = "AWS region."
  type        = string
  default     = "us-east-1"
}

resource "aws_vpc" "main" {
  cidr_block           = "10.0.0.0/16"
  enable_dns_hostnames = true
}

resource "aws_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id
}

resource "aws_subnet" "public" {
  count = 2

  vpc_id            = aws_vpc.main.id
  availability_zone = "${var.region}${element(["a", "b"], count.index)}"
  cidr_block        = cidrsubnet(aws_vpc.main.cidr_block, 8, count.index)
}

resource "aws_subnet" "private" {
  count = 2

  vpc_id            = aws_vpc.main.id
  availability_zone = "${var.region}${element(["a", "b"], count.index)}"
  cidr_block        = cidrsubnet(aws_vpc.main.cidr_block, 8, count.index + 10)
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.main.id
}

resource "aws_route" "internet" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.main.id
}

resource "aws_route_table_association" "public" {
  count = 2

  subnet_id      = aws_subnet.public[count.index].id
  route_table_id = aws_route_table.public.id
}

resource "aws_ecs_cluster" "main" {
  name = "estate"

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_sns_topic" "alarms" {
  name = "estate-alarms"
}

resource "aws_security_group" "alb" {
  name        = "estate-alb"
  description = "Load balancers"
  vpc_id      = aws_vpc.main.id
}
"""

_SERVICE = Template("""\
resource "aws_kms_key" "$name" {
  description         = "Data of $name"
  enable_key_rotation = true
}

resource "aws_cloudwatch_log_group" "$name" {
  name              = "/ecs/estate/$name"
  retention_in_days = 30
  kms_key_id        = aws_kms_key.$name.arn
}

resource "aws_security_group" "$name" {
  name        = "estate-$name"
  description = "Tasks of $name"
  vpc_id      = aws_vpc.main.id
}

resource "aws_vpc_security_group_ingress_rule" "$name" {
  security_group_id            = aws_security_group.$name.id
  referenced_security_group_id = aws_security_group.alb.id
  ip_protocol                  = "tcp"
  from_port                    = $port
  to_port                      = $port
}

resource "aws_vpc_security_group_egress_rule" "$name" {
  security_group_id = aws_security_group.$name.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_iam_role" "${name}_execution" {
  name = "estate-$name-execution"

  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "ecs-tasks.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy" "${name}_execution" {
  name = "start"
  role = aws_iam_role.${name}_execution.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "ecr:GetAuthorizationToken", Resource = "*" },
      {
        Effect   = "Allow"
        Action   = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Resource = aws_ecr_repository.$name.arn
      },
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "$${aws_cloudwatch_log_group.$name.arn}:*"
      },
      { Effect = "Allow", Action = "secretsmanager:GetSecretValue", Resource = aws_secretsmanager_secret.$name.arn },
      { Effect = "Allow", Action = "kms:Decrypt", Resource = aws_kms_key.$name.arn },
    ]
  })
}

resource "aws_iam_role" "${name}_task" {
  name = "estate-$name-task"

  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "ecs-tasks.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy" "${name}_task" {
  name = "data"
  role = aws_iam_role.${name}_task.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:PutObject"]
      Resource = "$${aws_s3_bucket.$name.arn}/*"
    }]
  })
}

resource "aws_ecr_repository" "$name" {
  name                 = "estate/$name"
  image_tag_mutability = "IMMUTABLE"

  image_scanning_configuration {
    scan_on_push = true
  }
}

resource "aws_secretsmanager_secret" "$name" {
  name       = "estate-$name"
  kms_key_id = aws_kms_key.$name.arn
}

resource "aws_ecs_task_definition" "$name" {
  family                   = "estate-$name"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = "256"
  memory                   = "512"
  execution_role_arn       = aws_iam_role.${name}_execution.arn
  task_role_arn            = aws_iam_role.${name}_task.arn

  container_definitions = jsonencode([{
    name         = "app"
    image        = "$${aws_ecr_repository.$name.repository_url}:1.0.0"
    portMappings = [{ containerPort = $port }]
    environment  = [{ name = "BUCKET", value = aws_s3_bucket.$name.bucket }]
    secrets      = [{ name = "API_KEY", valueFrom = "$${aws_secretsmanager_secret.$name.arn}:API_KEY::" }]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        "awslogs-group"         = aws_cloudwatch_log_group.$name.name
        "awslogs-region"        = var.region
        "awslogs-stream-prefix" = "app"
      }
    }
  }])
}

resource "aws_ecs_service" "$name" {
  name            = "$name"
  cluster         = aws_ecs_cluster.main.id
  task_definition = aws_ecs_task_definition.$name.arn
  launch_type     = "FARGATE"
  desired_count   = 2

  network_configuration {
    subnets         = aws_subnet.private[*].id
    security_groups = [aws_security_group.$name.id]
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.$name.arn
    container_name   = "app"
    container_port   = $port
  }
}

resource "aws_lb_target_group" "$name" {
  name        = "$name"
  vpc_id      = aws_vpc.main.id
  target_type = "ip"
  protocol    = "HTTP"
  port        = $port

  health_check {
    path = "/health"
  }
}

resource "aws_lb" "$name" {
  name                       = "$name"
  load_balancer_type         = "application"
  subnets                    = aws_subnet.public[*].id
  security_groups            = [aws_security_group.alb.id]
  drop_invalid_header_fields = true
}

resource "aws_lb_listener" "$name" {
  load_balancer_arn = aws_lb.$name.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.$name.arn
  }
}

resource "aws_cloudwatch_metric_alarm" "${name}_cpu" {
  alarm_name          = "estate-$name-cpu"
  namespace           = "AWS/ECS"
  metric_name         = "CPUUtilization"
  statistic           = "Average"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 80
  period              = 60
  evaluation_periods  = 5
  alarm_actions       = [aws_sns_topic.alarms.arn]

  dimensions = {
    ClusterName = aws_ecs_cluster.main.name
    ServiceName = aws_ecs_service.$name.name
  }
}

resource "aws_s3_bucket" "$name" {
  bucket = "estate-$name"
}

resource "aws_s3_bucket_public_access_block" "$name" {
  bucket                  = aws_s3_bucket.$name.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "$name" {
  bucket = aws_s3_bucket.$name.id

  versioning_configuration {
    status = "Enabled"
  }
}
""")


def write(directory: Path, resources: int) -> int:
    """Write an estate of about as many resources as are wanted.

    Args:
        directory: an empty one.
        resources: how many; rounded up to whole services.

    Returns:
        How many there are.
    """
    services = max(1, -(-(resources - SHARED) // PER_SERVICE))
    (directory / "main.tf").write_text(_SHARED, "utf-8")
    for number in range(services):
        text = _SERVICE.substitute(name=f"svc{number:04}", port=8000 + number % 1000)
        (directory / f"svc{number:04}.tf").write_text(text, "utf-8")
    return SHARED + services * PER_SERVICE
