locals {
  # The agent behind ECS Exec writes below these two folders, also where the root file system is read-only.
  exec_volumes = {
    "exec-lib" = "/var/lib/amazon"
    "exec-log" = "/var/log/amazon"
  }

  exec_mount_points = [
    for volume, path in local.exec_volumes : { sourceVolume = volume, containerPath = path, readOnly = false }
  ]

  services = {
    backend = {
      name      = aws_ecs_service.backend.name
      min_tasks = var.backend_min_tasks
      max_tasks = var.backend_max_tasks
    }
    frontend = {
      name      = aws_ecs_service.frontend.name
      min_tasks = var.frontend_min_tasks
      max_tasks = var.frontend_max_tasks
    }
  }
}

resource "aws_cloudwatch_log_group" "backend" {
  name              = "/ecs/${var.name}/backend"
  retention_in_days = var.log_retention_in_days
  kms_key_id        = var.logs_kms_key_arn
}

resource "aws_cloudwatch_log_group" "frontend" {
  name              = "/ecs/${var.name}/frontend"
  retention_in_days = var.log_retention_in_days
  kms_key_id        = var.logs_kms_key_arn
}

resource "aws_cloudwatch_log_group" "exec" {
  name              = "/ecs/${var.name}/exec"
  retention_in_days = var.log_retention_in_days
  kms_key_id        = var.logs_kms_key_arn
}

resource "aws_ecs_cluster" "this" {
  name = var.name

  setting {
    name  = "containerInsights"
    value = "enabled"
  }

  configuration {
    execute_command_configuration {
      kms_key_id = var.logs_kms_key_arn
      logging    = "OVERRIDE"

      log_configuration {
        cloud_watch_encryption_enabled = true
        cloud_watch_log_group_name     = aws_cloudwatch_log_group.exec.name
      }
    }
  }
}

resource "aws_ecs_task_definition" "backend" {
  family                   = "${var.name}-backend"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = tostring(var.backend_cpu)
  memory                   = tostring(var.backend_memory)
  execution_role_arn       = var.execution_role_arn
  task_role_arn            = var.task_role_arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "X86_64"
  }

  volume {
    name = "tmp"
  }

  volume {
    name = "exec-lib"
  }

  volume {
    name = "exec-log"
  }

  container_definitions = jsonencode([
    {
      name                   = "backend"
      image                  = var.backend_image
      essential              = true
      user                   = var.backend_user
      readonlyRootFilesystem = true
      stopTimeout            = 60

      portMappings = [{ containerPort = var.backend_port, hostPort = var.backend_port, protocol = "tcp" }]

      linuxParameters = { initProcessEnabled = true }

      mountPoints = concat(
        [{ sourceVolume = "tmp", containerPath = "/tmp", readOnly = false }],
        local.exec_mount_points,
      )

      environment = [
        { name = "ENVIRONMENT", value = var.environment },
        { name = "PROJECT_NAME", value = var.project_name },
        { name = "DOMAIN", value = var.domain },
        { name = "FRONTEND_HOST", value = var.frontend_url },
        { name = "FIRST_SUPERUSER", value = var.first_superuser },
        { name = "POSTGRES_SERVER", value = var.postgres_host },
        { name = "POSTGRES_PORT", value = tostring(var.postgres_port) },
        { name = "POSTGRES_DB", value = var.postgres_database },
        { name = "POSTGRES_USER", value = var.postgres_user },
        { name = "REDIS_HOST", value = var.redis_host },
        { name = "REDIS_PORT", value = tostring(var.redis_port) },
        { name = "OPENAI_MODEL", value = var.openai_model },
        { name = "AGENT_MAX_ITERATIONS", value = tostring(var.agent_max_iterations) },
        { name = "AGENT_TIMEOUT_SECONDS", value = tostring(var.agent_timeout_seconds) },
        { name = "AGENT_CODE_EXECUTION_TIMEOUT", value = tostring(var.agent_code_execution_timeout) },
        { name = "AWS_SECRET_ARN", value = var.secret_arn },
        { name = "AWS_REGION", value = var.region },
        { name = "APP_VERSION", value = var.backend_version },
      ]

      secrets = [
        { name = "OPENAI_API_KEY", valueFrom = "${var.secret_arn}:OPENAI_API_KEY::" },
        { name = "ANTHROPIC_API_KEY", valueFrom = "${var.secret_arn}:ANTHROPIC_API_KEY::" },
        { name = "POSTGRES_PASSWORD", valueFrom = "${var.secret_arn}:POSTGRES_PASSWORD::" },
        { name = "SECRET_KEY", valueFrom = "${var.secret_arn}:SECRET_KEY::" },
        { name = "FIRST_SUPERUSER_PASSWORD", valueFrom = "${var.secret_arn}:FIRST_SUPERUSER_PASSWORD::" },
        { name = "REDIS_AUTH_TOKEN", valueFrom = "${var.secret_arn}:REDIS_AUTH_TOKEN::" },
        { name = "SMTP_HOST", valueFrom = "${var.secret_arn}:SMTP_HOST::" },
        { name = "SMTP_USER", valueFrom = "${var.secret_arn}:SMTP_USER::" },
        { name = "SMTP_PASSWORD", valueFrom = "${var.secret_arn}:SMTP_PASSWORD::" },
        { name = "SENTRY_DSN", valueFrom = "${var.secret_arn}:SENTRY_DSN::" },
      ]

      # The image carries Python, but not necessarily curl.
      healthCheck = {
        command = [
          "CMD",
          "python",
          "-c",
          "import urllib.request; urllib.request.urlopen('http://127.0.0.1:${var.backend_port}${var.backend_health_path}', timeout=4)",
        ]
        interval    = 30
        timeout     = 5
        retries     = 3
        startPeriod = 60
      }

      logConfiguration = {
        logDriver = "awslogs"
        options = {
          "awslogs-group"         = aws_cloudwatch_log_group.backend.name
          "awslogs-region"        = var.region
          "awslogs-stream-prefix" = "backend"
        }
      }
    },
  ])
}

resource "aws_ecs_task_definition" "frontend" {
  family                   = "${var.name}-frontend"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = tostring(var.frontend_cpu)
  memory                   = tostring(var.frontend_memory)
  execution_role_arn       = var.execution_role_arn
  task_role_arn            = var.task_role_arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "X86_64"
  }

  volume {
    name = "tmp"
  }

  volume {
    name = "exec-lib"
  }

  volume {
    name = "exec-log"
  }

  container_definitions = jsonencode([
    {
      name                   = "frontend"
      image                  = var.frontend_image
      essential              = true
      user                   = var.frontend_user
      readonlyRootFilesystem = true

      portMappings = [{ containerPort = var.frontend_port, hostPort = var.frontend_port, protocol = "tcp" }]

      linuxParameters = { initProcessEnabled = true }

      # Lets a user other than root listen on a port below 1024.
      systemControls = [{ namespace = "net.ipv4.ip_unprivileged_port_start", value = "0" }]

      mountPoints = concat(
        [{ sourceVolume = "tmp", containerPath = "/tmp", readOnly = false }],
        local.exec_mount_points,
      )

      environment = [
        { name = "ENVIRONMENT", value = var.environment },
        { name = "APP_VERSION", value = var.frontend_version },
      ]

      healthCheck = {
        command     = ["CMD-SHELL", "wget -q -O /dev/null http://127.0.0.1:${var.frontend_port}${var.frontend_health_path} || exit 1"]
        interval    = 30
        timeout     = 5
        retries     = 3
        startPeriod = 15
      }

      logConfiguration = {
        logDriver = "awslogs"
        options = {
          "awslogs-group"         = aws_cloudwatch_log_group.frontend.name
          "awslogs-region"        = var.region
          "awslogs-stream-prefix" = "frontend"
        }
      }
    },
  ])
}

resource "aws_ecs_service" "backend" {
  name             = "backend"
  cluster          = aws_ecs_cluster.this.id
  task_definition  = aws_ecs_task_definition.backend.arn
  launch_type      = "FARGATE"
  platform_version = "LATEST"
  desired_count    = var.backend_min_tasks

  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  health_check_grace_period_seconds  = 90
  enable_execute_command             = true
  enable_ecs_managed_tags            = true
  propagate_tags                     = "SERVICE"

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.private_subnet_ids
    security_groups  = [var.security_group_id]
    assign_public_ip = false
  }

  load_balancer {
    target_group_arn = var.backend_target_group_arn
    container_name   = "backend"
    container_port   = var.backend_port
  }

  # The number of tasks belongs to autoscaling, which revision runs to the deployment: an apply registers a new one,
  # the next deployment starts from it.
  lifecycle {
    ignore_changes = [desired_count, task_definition]
  }
}

resource "aws_ecs_service" "frontend" {
  name             = "frontend"
  cluster          = aws_ecs_cluster.this.id
  task_definition  = aws_ecs_task_definition.frontend.arn
  launch_type      = "FARGATE"
  platform_version = "LATEST"
  desired_count    = var.frontend_min_tasks

  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  health_check_grace_period_seconds  = 60
  enable_execute_command             = true
  enable_ecs_managed_tags            = true
  propagate_tags                     = "SERVICE"

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.private_subnet_ids
    security_groups  = [var.security_group_id]
    assign_public_ip = false
  }

  load_balancer {
    target_group_arn = var.frontend_target_group_arn
    container_name   = "frontend"
    container_port   = var.frontend_port
  }

  # The number of tasks belongs to autoscaling, which revision runs to the deployment: an apply registers a new one,
  # the next deployment starts from it.
  lifecycle {
    ignore_changes = [desired_count, task_definition]
  }
}

resource "aws_appautoscaling_target" "this" {
  for_each = local.services

  service_namespace  = "ecs"
  resource_id        = "service/${aws_ecs_cluster.this.name}/${each.value.name}"
  scalable_dimension = "ecs:service:DesiredCount"
  min_capacity       = each.value.min_tasks
  max_capacity       = each.value.max_tasks
}

resource "aws_appautoscaling_policy" "cpu" {
  for_each = local.services

  name               = "${var.name}-${each.key}-cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this[each.key].service_namespace
  resource_id        = aws_appautoscaling_target.this[each.key].resource_id
  scalable_dimension = aws_appautoscaling_target.this[each.key].scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value       = var.target_cpu_percent
    scale_in_cooldown  = 300
    scale_out_cooldown = 60

    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}

resource "aws_appautoscaling_policy" "memory" {
  for_each = local.services

  name               = "${var.name}-${each.key}-memory"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this[each.key].service_namespace
  resource_id        = aws_appautoscaling_target.this[each.key].resource_id
  scalable_dimension = aws_appautoscaling_target.this[each.key].scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value       = var.target_memory_percent
    scale_in_cooldown  = 300
    scale_out_cooldown = 60

    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageMemoryUtilization"
    }
  }
}
