"""A large estate as real Terraform: services on one cluster, each with what a service has, written as flat files.

``skyworthy.sandbox.fill`` puts the same estate into a sandbox; their test holds the two together.
"""

from pathlib import Path
from string import Template

from skyworthy.sandbox.fill import extent_of

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
  cidr_block        = cidrsubnet(aws_vpc.main.cidr_block, 2, count.index)
}

resource "aws_subnet" "private" {
  count = 2

  vpc_id            = aws_vpc.main.id
  availability_zone = "${var.region}${element(["a", "b"], count.index)}"
  cidr_block        = cidrsubnet(aws_vpc.main.cidr_block, 2, count.index + 2)
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

resource "aws_kms_key" "main" {
  description         = "Data of the estate"
  enable_key_rotation = true
}

resource "aws_kms_alias" "main" {
  name          = "alias/estate"
  target_key_id = aws_kms_key.main.key_id
}

resource "aws_db_subnet_group" "main" {
  name        = "estate"
  description = "Databases"
  subnet_ids  = aws_subnet.private[*].id
}

resource "aws_security_group" "data" {
  name        = "estate-data"
  description = "Databases"
  vpc_id      = aws_vpc.main.id
}

resource "aws_security_group" "alb" {
  name        = "estate-alb"
  description = "Load balancers"
  vpc_id      = aws_vpc.main.id
}
"""

_GROUP = Template("""\
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
    type = "fixed-response"

    fixed_response {
      content_type = "text/plain"
      message_body = "no such service"
      status_code  = "404"
    }
  }
}

resource "aws_db_instance" "$name" {
  identifier                  = "estate-$name"
  engine                      = "postgres"
  engine_version              = "17.2"
  instance_class              = "db.t4g.micro"
  allocated_storage           = 20
  storage_encrypted           = true
  kms_key_id                  = aws_kms_key.main.arn
  db_subnet_group_name        = aws_db_subnet_group.main.name
  vpc_security_group_ids      = [aws_security_group.data.id]
  username                    = "estate"
  manage_master_user_password = true
  backup_retention_period     = 7
  skip_final_snapshot         = true
}
""")

_SERVICE = Template("""\
resource "aws_cloudwatch_log_group" "$name" {
  name              = "/ecs/estate/$name"
  retention_in_days = 30
  kms_key_id        = aws_kms_key.main.arn
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
      { Effect = "Allow", Action = "kms:Decrypt", Resource = aws_kms_key.main.arn },
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
  kms_key_id = aws_kms_key.main.arn
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

resource "aws_lb_listener_rule" "$name" {
  listener_arn = aws_lb_listener.$group.arn
  priority     = $priority

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.$name.arn
  }

  condition {
    host_header {
      values = ["$name.example.com"]
    }
  }
}

resource "aws_sns_topic" "$name" {
  name = "estate-$name"
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
  alarm_actions       = [aws_sns_topic.$name.arn]

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
    extent = extent_of(resources)
    (directory / "main.tf").write_text(_SHARED, "utf-8")
    for name in extent.groups:
        (directory / f"{name}.tf").write_text(_GROUP.substitute(name=name), "utf-8")
    for service in extent.services:
        text = _SERVICE.substitute(name=service.name, port=service.port, group=service.group, priority=service.priority)
        (directory / f"{service.name}.tf").write_text(text, "utf-8")
    return extent.resources
