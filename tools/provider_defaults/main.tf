# One resource of each type whose defaults skyworthy wants to know, with as little set as the provider accepts, and with
# every nested block whose own defaults matter. Only planned, never applied: see ../provider_defaults.py.
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

provider "aws" {
  region                      = "us-east-1"
  access_key                  = "dummy"
  secret_key                  = "dummy"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = true
}

locals {
  arn      = "arn:aws:iam::123456789012:role/example"
  document = jsonencode({ Version = "2012-10-17", Statement = [] })
}

resource "aws_acm_certificate" "this" {
  domain_name       = "example.com"
  validation_method = "DNS"
}

resource "aws_appautoscaling_policy" "step" {
  name               = "step"
  policy_type        = "StepScaling"
  resource_id        = "service/cluster/service"
  scalable_dimension = "ecs:service:DesiredCount"
  service_namespace  = "ecs"
  step_scaling_policy_configuration {
    adjustment_type = "ChangeInCapacity"
    step_adjustment {
      scaling_adjustment = 1
    }
  }
}

resource "aws_appautoscaling_policy" "tracking" {
  name               = "tracking"
  policy_type        = "TargetTrackingScaling"
  resource_id        = "service/cluster/service"
  scalable_dimension = "ecs:service:DesiredCount"
  service_namespace  = "ecs"
  target_tracking_scaling_policy_configuration {
    target_value = 70
    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}

resource "aws_appautoscaling_target" "this" {
  min_capacity       = 1
  max_capacity       = 2
  resource_id        = "service/cluster/service"
  scalable_dimension = "ecs:service:DesiredCount"
  service_namespace  = "ecs"
}

resource "aws_backup_plan" "this" {
  name = "example"
  rule {
    rule_name         = "daily"
    target_vault_name = "example"
    lifecycle {
      delete_after = 30
    }
  }
}

resource "aws_backup_selection" "this" {
  name         = "example"
  iam_role_arn = local.arn
  plan_id      = "example"
}

resource "aws_backup_vault" "this" {
  name = "example"
}

resource "aws_budgets_budget" "this" {
  budget_type = "COST"
  time_unit   = "MONTHLY"
  notification {
    comparison_operator = "GREATER_THAN"
    notification_type   = "ACTUAL"
    threshold           = 80
    threshold_type      = "PERCENTAGE"
  }
}

resource "aws_cloudtrail" "this" {
  name           = "example"
  s3_bucket_name = "example"
  event_selector {}
}

resource "aws_cloudwatch_composite_alarm" "this" {
  alarm_name = "example"
  alarm_rule = "ALARM(a)"
}

resource "aws_cloudwatch_event_bus" "this" {
  name = "example"
}

resource "aws_cloudwatch_event_rule" "this" {
  schedule_expression = "rate(1 day)"
}

resource "aws_cloudwatch_event_target" "this" {
  rule = "example"
  arn  = "arn:aws:ecs:us-east-1:123456789012:cluster/example"
  ecs_target {
    task_definition_arn = "arn:aws:ecs:us-east-1:123456789012:task-definition/example:1"
    network_configuration {
      subnets = ["subnet-00000000"]
    }
  }
  retry_policy {}
}

resource "aws_cloudwatch_log_group" "this" {
  name = "example"
}

resource "aws_cloudwatch_log_metric_filter" "this" {
  name           = "example"
  log_group_name = "example"
  pattern        = "ERROR"
  metric_transformation {
    name      = "Errors"
    namespace = "Example"
    value     = "1"
  }
}

resource "aws_cloudwatch_log_subscription_filter" "this" {
  name            = "example"
  log_group_name  = "example"
  filter_pattern  = ""
  destination_arn = "arn:aws:lambda:us-east-1:123456789012:function:example"
}

resource "aws_cloudwatch_metric_alarm" "simple" {
  alarm_name          = "simple"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  metric_name         = "CPUUtilization"
  namespace           = "AWS/ECS"
  period              = 60
  statistic           = "Average"
  threshold           = 80
}

resource "aws_cloudwatch_metric_alarm" "query" {
  alarm_name          = "query"
  comparison_operator = "LessThanThreshold"
  evaluation_periods  = 1
  threshold           = 80
  metric_query {
    id          = "rate"
    expression  = "hits"
    return_data = true
  }
  metric_query {
    id = "hits"
    metric {
      metric_name = "CacheHits"
      namespace   = "AWS/ElastiCache"
      period      = 60
      stat        = "Sum"
    }
  }
}

resource "aws_config_config_rule" "this" {
  name = "example"
  source {
    owner             = "AWS"
    source_identifier = "ENCRYPTED_VOLUMES"
  }
}

resource "aws_config_configuration_recorder" "this" {
  role_arn = local.arn
  recording_group {}
}

resource "aws_config_configuration_recorder_status" "this" {
  name       = "example"
  is_enabled = true
}

resource "aws_config_delivery_channel" "this" {
  s3_bucket_name = "example"
}

resource "aws_db_instance" "this" {
  identifier          = "example"
  engine              = "postgres"
  instance_class      = "db.t3.micro"
  allocated_storage   = 20
  username            = "example"
  password            = "example-dummy"
  skip_final_snapshot = true
}

resource "aws_db_option_group" "this" {
  engine_name          = "mysql"
  major_engine_version = "8.0"
}

resource "aws_db_parameter_group" "this" {
  family = "postgres17"
  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }
}

resource "aws_db_proxy" "this" {
  name           = "example"
  engine_family  = "POSTGRESQL"
  role_arn       = local.arn
  vpc_subnet_ids = ["subnet-00000000"]
  auth {
    secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:example"
  }
}

resource "aws_db_subnet_group" "this" {
  subnet_ids = ["subnet-00000000"]
}

resource "aws_dynamodb_table" "this" {
  name         = "example"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "LockID"
  attribute {
    name = "LockID"
    type = "S"
  }
  point_in_time_recovery {
    enabled = true
  }
  server_side_encryption {
    enabled = true
  }
}

resource "aws_ecr_lifecycle_policy" "this" {
  repository = "example"
  policy     = jsonencode({ rules = [] })
}

resource "aws_ecr_repository" "this" {
  name = "example"
  encryption_configuration {}
  image_scanning_configuration {
    scan_on_push = true
  }
}

resource "aws_ecs_capacity_provider" "this" {
  name = "example"
  auto_scaling_group_provider {
    auto_scaling_group_arn = "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:a:autoScalingGroupName/example"
    managed_scaling {}
  }
}

resource "aws_ecs_cluster" "this" {
  name = "example"
  configuration {
    execute_command_configuration {
      log_configuration {
        cloud_watch_log_group_name = "example"
      }
    }
  }
}

resource "aws_ecs_cluster_capacity_providers" "this" {
  cluster_name = "example"
  default_capacity_provider_strategy {
    capacity_provider = "FARGATE"
  }
}

resource "aws_ecs_service" "this" {
  name            = "example"
  cluster         = "example"
  task_definition = "example"
  network_configuration {
    subnets = ["subnet-00000000"]
  }
  capacity_provider_strategy {
    capacity_provider = "FARGATE"
  }
  load_balancer {
    target_group_arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/example/0123456789abcdef"
    container_name   = "example"
    container_port   = 80
  }
  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }
  deployment_controller {}
}

resource "aws_ecs_task_definition" "this" {
  family                = "example"
  container_definitions = jsonencode([{ name = "example", image = "example" }])
  runtime_platform {}
  volume {
    name = "data"
    efs_volume_configuration {
      file_system_id = "fs-00000000"
    }
  }
}

resource "aws_efs_file_system" "this" {}

resource "aws_efs_mount_target" "this" {
  file_system_id = "fs-00000000"
  subnet_id      = "subnet-00000000"
}

resource "aws_eip" "this" {
  domain = "vpc"
}

resource "aws_elasticache_cluster" "this" {
  cluster_id      = "example"
  engine          = "redis"
  node_type       = "cache.t3.micro"
  num_cache_nodes = 1
}

resource "aws_elasticache_parameter_group" "this" {
  name   = "example"
  family = "redis7"
}

resource "aws_elasticache_replication_group" "this" {
  replication_group_id = "example"
  description          = "example"
  node_type            = "cache.t3.micro"
}

resource "aws_elasticache_serverless_cache" "this" {
  name   = "example"
  engine = "redis"
}

resource "aws_elasticache_subnet_group" "this" {
  name       = "example"
  subnet_ids = ["subnet-00000000"]
}

resource "aws_elasticache_user" "this" {
  user_id       = "example"
  user_name     = "example"
  engine        = "REDIS"
  access_string = "on ~* +@all"
  passwords     = ["example-dummy-value"]
}

resource "aws_flow_log" "this" {
  traffic_type    = "ALL"
  vpc_id          = "vpc-00000000"
  log_destination = "arn:aws:logs:us-east-1:123456789012:log-group:example"
  iam_role_arn    = local.arn
  destination_options {}
}

resource "aws_guardduty_detector" "this" {}

resource "aws_iam_account_password_policy" "this" {}

resource "aws_iam_instance_profile" "this" {
  role = "example"
}

resource "aws_iam_openid_connect_provider" "this" {
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_policy" "this" {
  policy = local.document
}

resource "aws_iam_role" "this" {
  assume_role_policy = local.document
}

resource "aws_iam_user" "this" {
  name = "example"
}

resource "aws_instance" "this" {
  ami           = "ami-00000000"
  instance_type = "t3.micro"
  root_block_device {}
  ebs_block_device {
    device_name = "/dev/sdb"
  }
  metadata_options {}
}

resource "aws_kms_alias" "this" {
  name          = "alias/example"
  target_key_id = "00000000-0000-0000-0000-000000000000"
}

resource "aws_kms_key" "this" {}

resource "aws_lambda_function" "this" {
  function_name = "example"
  role          = local.arn
  package_type  = "Image"
  image_uri     = "123456789012.dkr.ecr.us-east-1.amazonaws.com/example:1"
  tracing_config {
    mode = "Active"
  }
}

resource "aws_launch_template" "this" {
  metadata_options {}
}

resource "aws_lb" "application" {
  name    = "application"
  subnets = ["subnet-00000000", "subnet-00000001"]
  access_logs {
    bucket = "example"
  }
  connection_logs {
    bucket = "example"
  }
}

resource "aws_lb_listener" "forward" {
  load_balancer_arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/example/0123456789abcdef"
  port              = 80
  default_action {
    type             = "forward"
    target_group_arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/example/0123456789abcdef"
  }
}

resource "aws_lb_listener" "redirect" {
  load_balancer_arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/example/0123456789abcdef"
  port              = 81
  default_action {
    type = "redirect"
    redirect {
      status_code = "HTTP_301"
    }
  }
}

resource "aws_lb_listener" "fixed" {
  load_balancer_arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/example/0123456789abcdef"
  port              = 82
  default_action {
    type = "fixed-response"
    fixed_response {
      content_type = "text/plain"
    }
  }
}

resource "aws_lb_listener" "weighted" {
  load_balancer_arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/example/0123456789abcdef"
  port              = 83
  default_action {
    type = "forward"
    forward {
      target_group {
        arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/a/0123456789abcdef"
      }
      target_group {
        arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/b/0123456789abcdef"
      }
      stickiness {
        duration = 60
      }
    }
  }
}

resource "aws_lb_listener_rule" "redirect" {
  listener_arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/example/0123456789abcdef/0123456789abcdef"
  action {
    type = "redirect"
    redirect {
      status_code = "HTTP_301"
    }
  }
  condition {
    host_header {
      values = ["example.com"]
    }
  }
}

resource "aws_lb_target_group" "ip" {
  name        = "ip"
  port        = 80
  protocol    = "HTTP"
  target_type = "ip"
  vpc_id      = "vpc-00000000"
  health_check {}
  stickiness {
    type = "lb_cookie"
  }
}

resource "aws_lb_target_group" "plain" {
  port     = 80
  protocol = "HTTP"
  vpc_id   = "vpc-00000000"
}

resource "aws_nat_gateway" "this" {
  subnet_id     = "subnet-00000000"
  allocation_id = "eipalloc-00000000"
}

resource "aws_network_acl_rule" "this" {
  network_acl_id = "acl-00000000"
  rule_number    = 100
  protocol       = "tcp"
  rule_action    = "allow"
  cidr_block     = "10.0.0.0/8"
}

resource "aws_rds_cluster" "this" {
  engine              = "aurora-postgresql"
  master_username     = "example"
  master_password     = "example-dummy"
  skip_final_snapshot = true
}

resource "aws_rds_cluster_instance" "this" {
  cluster_identifier = "example"
  engine             = "aurora-postgresql"
  instance_class     = "db.t3.medium"
}

resource "aws_rds_cluster_parameter_group" "this" {
  family = "aurora-postgresql17"
  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }
}

resource "aws_route" "this" {
  route_table_id         = "rtb-00000000"
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = "igw-00000000"
}

resource "aws_route53_health_check" "this" {
  type = "HTTPS"
  fqdn = "example.com"
}

resource "aws_route53_zone" "this" {
  name = "example.com"
}

resource "aws_s3_bucket" "this" {}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = "example"
  rule {
    id     = "expire"
    status = "Enabled"
    filter {}
    expiration {
      days = 1
    }
    noncurrent_version_expiration {
      noncurrent_days = 1
    }
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket = "example"
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = "example"
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "aws:kms"
    }
  }
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = "example"
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_secretsmanager_secret" "this" {
  name = "example"
}

resource "aws_secretsmanager_secret_rotation" "this" {
  secret_id           = "example"
  rotation_lambda_arn = "arn:aws:lambda:us-east-1:123456789012:function:example"
  rotation_rules {
    automatically_after_days = 30
  }
}

resource "aws_secretsmanager_secret_version" "this" {
  secret_id     = "example"
  secret_string = "example-dummy"
}

resource "aws_security_group" "this" {
  vpc_id = "vpc-00000000"
}

resource "aws_security_group" "inline" {
  vpc_id = "vpc-00000000"
  ingress {
    from_port   = 80
    to_port     = 80
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8"]
  }
  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["10.0.0.0/8"]
  }
}

resource "aws_security_group_rule" "this" {
  security_group_id = "sg-00000000"
  type              = "ingress"
  from_port         = 80
  to_port           = 80
  protocol          = "tcp"
  cidr_blocks       = ["10.0.0.0/8"]
}

resource "aws_service_discovery_service" "this" {
  name = "example"
  dns_config {
    namespace_id = "ns-00000000"
    dns_records {
      ttl  = 10
      type = "A"
    }
  }
}

resource "aws_sns_topic" "this" {}

resource "aws_sns_topic_subscription" "this" {
  topic_arn = "arn:aws:sns:us-east-1:123456789012:example"
  protocol  = "email"
  endpoint  = "platform@example.com"
}

resource "aws_sqs_queue" "this" {}

resource "aws_ssm_parameter" "this" {
  name  = "example"
  type  = "String"
  value = "example"
}

resource "aws_subnet" "this" {
  vpc_id     = "vpc-00000000"
  cidr_block = "10.0.0.0/24"
}

resource "aws_vpc" "this" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_vpc_endpoint" "this" {
  vpc_id       = "vpc-00000000"
  service_name = "com.amazonaws.us-east-1.s3"
}

resource "aws_vpc_security_group_egress_rule" "this" {
  security_group_id = "sg-00000000"
  ip_protocol       = "-1"
  cidr_ipv4         = "0.0.0.0/0"
}

resource "aws_vpc_security_group_ingress_rule" "this" {
  security_group_id = "sg-00000000"
  ip_protocol       = "tcp"
  from_port         = 80
  to_port           = 80
  cidr_ipv4         = "0.0.0.0/0"
}

resource "aws_wafv2_ip_set" "this" {
  name               = "example"
  scope              = "REGIONAL"
  ip_address_version = "IPV4"
  addresses          = []
}

resource "aws_wafv2_web_acl" "this" {
  name  = "example"
  scope = "REGIONAL"
  default_action {
    allow {}
  }
  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "example"
    sampled_requests_enabled   = true
  }
  rule {
    name     = "rate"
    priority = 1
    action {
      block {}
    }
    statement {
      rate_based_statement {
        limit = 2000
      }
    }
    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "rate"
      sampled_requests_enabled   = true
    }
  }
}
