locals {
  gib               = 1024 * 1024 * 1024
  metrics_namespace = "OhMyCoins/${var.name}"

  application_error_metric = "ApplicationErrors"

  # Redis processes are always the only node of their cluster.
  redis_cache_node_id = "0001"
}

resource "aws_sns_topic" "alarms" {
  name              = "${var.name}-alarms"
  kms_master_key_id = var.kms_key_arn
}

resource "aws_sns_topic_policy" "alarms" {
  arn = aws_sns_topic.alarms.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AlarmsOfThisAccount"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.alarms.arn
        Condition = {
          StringEquals = { "aws:SourceAccount" = var.account_id }
        }
      },
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.alarms.arn
        Condition = {
          Bool = { "aws:SecureTransport" = "false" }
        }
      },
    ]
  })
}

resource "aws_sns_topic_subscription" "email" {
  for_each = toset(var.alarm_emails)

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.value
}

# Metrics that are always there: silence is not a breach, but somebody is told that nothing is seen any more.

resource "aws_cloudwatch_metric_alarm" "ecs_cpu" {
  for_each = var.service_names

  alarm_name          = "${var.name}-${each.key}-cpu"
  alarm_description   = "CPU of the service ${each.key} above ${var.ecs_cpu_percent} % for 5 minutes"
  namespace           = "AWS/ECS"
  metric_name         = "CPUUtilization"
  statistic           = "Average"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.ecs_cpu_percent
  period              = 60
  evaluation_periods  = 5
  treat_missing_data  = "missing"

  dimensions = {
    ClusterName = var.cluster_name
    ServiceName = each.value
  }

  alarm_actions             = [aws_sns_topic.alarms.arn]
  ok_actions                = [aws_sns_topic.alarms.arn]
  insufficient_data_actions = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "ecs_memory" {
  for_each = var.service_names

  alarm_name          = "${var.name}-${each.key}-memory"
  alarm_description   = "Memory of the service ${each.key} above ${var.ecs_memory_percent} % for 5 minutes"
  namespace           = "AWS/ECS"
  metric_name         = "MemoryUtilization"
  statistic           = "Average"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.ecs_memory_percent
  period              = 60
  evaluation_periods  = 5
  treat_missing_data  = "missing"

  dimensions = {
    ClusterName = var.cluster_name
    ServiceName = each.value
  }

  alarm_actions             = [aws_sns_topic.alarms.arn]
  ok_actions                = [aws_sns_topic.alarms.arn]
  insufficient_data_actions = [aws_sns_topic.alarms.arn]
}

# Counts of errors are published only when there are any: no data means no errors.

resource "aws_cloudwatch_metric_alarm" "alb_target_5xx" {
  alarm_name          = "${var.name}-alb-target-5xx"
  alarm_description   = "The application answered more than ${var.alb_5xx_count} requests with 5xx in 5 minutes"
  namespace           = "AWS/ApplicationELB"
  metric_name         = "HTTPCode_Target_5XX_Count"
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.alb_5xx_count
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"

  dimensions = {
    LoadBalancer = var.load_balancer_arn_suffix
  }

  alarm_actions = [aws_sns_topic.alarms.arn]
  ok_actions    = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "alb_5xx" {
  alarm_name          = "${var.name}-alb-5xx"
  alarm_description   = "The load balancer itself answered more than ${var.alb_5xx_count} requests with 5xx in 5 minutes"
  namespace           = "AWS/ApplicationELB"
  metric_name         = "HTTPCode_ELB_5XX_Count"
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.alb_5xx_count
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"

  dimensions = {
    LoadBalancer = var.load_balancer_arn_suffix
  }

  alarm_actions = [aws_sns_topic.alarms.arn]
  ok_actions    = [aws_sns_topic.alarms.arn]
}

# Published only while targets are registered: no data means that nobody serves.
resource "aws_cloudwatch_metric_alarm" "unhealthy_targets" {
  for_each = var.target_group_arn_suffixes

  alarm_name          = "${var.name}-${each.key}-unhealthy-targets"
  alarm_description   = "More than ${var.unhealthy_target_count} unhealthy targets of the ${each.key} for 3 minutes"
  namespace           = "AWS/ApplicationELB"
  metric_name         = "UnHealthyHostCount"
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.unhealthy_target_count
  period              = 60
  evaluation_periods  = 3
  treat_missing_data  = "breaching"

  dimensions = {
    LoadBalancer = var.load_balancer_arn_suffix
    TargetGroup  = each.value
  }

  alarm_actions = [aws_sns_topic.alarms.arn]
  ok_actions    = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "response_time" {
  alarm_name          = "${var.name}-alb-response-time"
  alarm_description   = "One request in twenty took longer than ${var.response_time_seconds} s for 5 minutes"
  namespace           = "AWS/ApplicationELB"
  metric_name         = "TargetResponseTime"
  extended_statistic  = "p95"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.response_time_seconds
  period              = 60
  evaluation_periods  = 5
  treat_missing_data  = "notBreaching"

  dimensions = {
    LoadBalancer = var.load_balancer_arn_suffix
  }

  alarm_actions = [aws_sns_topic.alarms.arn]
  ok_actions    = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "rds_cpu" {
  alarm_name          = "${var.name}-rds-cpu"
  alarm_description   = "CPU of the database above ${var.rds_cpu_percent} % for 10 minutes"
  namespace           = "AWS/RDS"
  metric_name         = "CPUUtilization"
  statistic           = "Average"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.rds_cpu_percent
  period              = 60
  evaluation_periods  = 10
  treat_missing_data  = "missing"

  dimensions = {
    DBInstanceIdentifier = var.db_instance_identifier
  }

  alarm_actions             = [aws_sns_topic.alarms.arn]
  ok_actions                = [aws_sns_topic.alarms.arn]
  insufficient_data_actions = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "rds_free_storage" {
  alarm_name          = "${var.name}-rds-free-storage"
  alarm_description   = "Less than ${var.rds_free_storage_gib} GiB of free storage for the database"
  namespace           = "AWS/RDS"
  metric_name         = "FreeStorageSpace"
  statistic           = "Minimum"
  comparison_operator = "LessThanThreshold"
  threshold           = var.rds_free_storage_gib * local.gib
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "missing"

  dimensions = {
    DBInstanceIdentifier = var.db_instance_identifier
  }

  alarm_actions             = [aws_sns_topic.alarms.arn]
  ok_actions                = [aws_sns_topic.alarms.arn]
  insufficient_data_actions = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "rds_connections" {
  alarm_name          = "${var.name}-rds-connections"
  alarm_description   = "More than ${var.rds_connections} connections to the database for 5 minutes"
  namespace           = "AWS/RDS"
  metric_name         = "DatabaseConnections"
  statistic           = "Average"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.rds_connections
  period              = 60
  evaluation_periods  = 5
  treat_missing_data  = "missing"

  dimensions = {
    DBInstanceIdentifier = var.db_instance_identifier
  }

  alarm_actions             = [aws_sns_topic.alarms.arn]
  ok_actions                = [aws_sns_topic.alarms.arn]
  insufficient_data_actions = [aws_sns_topic.alarms.arn]
}

# From hits and misses and not from the published rate: an idle cache divides by zero, gives no data and stays quiet.
resource "aws_cloudwatch_metric_alarm" "redis_hit_rate" {
  for_each = toset(var.redis_node_ids)

  alarm_name          = "${var.name}-redis-hit-rate-${each.key}"
  alarm_description   = "Hit rate of the cache node ${each.key} below ${var.redis_hit_rate_percent} % for 15 minutes"
  comparison_operator = "LessThanThreshold"
  threshold           = var.redis_hit_rate_percent
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "hit_rate"
    label       = "Hit rate"
    expression  = "100 * hits / (hits + misses)"
    return_data = true
  }

  metric_query {
    id          = "hits"
    return_data = false

    metric {
      namespace   = "AWS/ElastiCache"
      metric_name = "CacheHits"
      stat        = "Sum"
      period      = 300

      dimensions = {
        CacheClusterId = each.value
        CacheNodeId    = local.redis_cache_node_id
      }
    }
  }

  metric_query {
    id          = "misses"
    return_data = false

    metric {
      namespace   = "AWS/ElastiCache"
      metric_name = "CacheMisses"
      stat        = "Sum"
      period      = 300

      dimensions = {
        CacheClusterId = each.value
        CacheNodeId    = local.redis_cache_node_id
      }
    }
  }

  alarm_actions = [aws_sns_topic.alarms.arn]
  ok_actions    = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "redis_engine_cpu" {
  for_each = toset(var.redis_node_ids)

  alarm_name          = "${var.name}-redis-engine-cpu-${each.key}"
  alarm_description   = "CPU of the Redis process on ${each.key} above ${var.redis_engine_cpu_percent} % for 5 minutes"
  namespace           = "AWS/ElastiCache"
  metric_name         = "EngineCPUUtilization"
  statistic           = "Average"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.redis_engine_cpu_percent
  period              = 60
  evaluation_periods  = 5
  treat_missing_data  = "missing"

  dimensions = {
    CacheClusterId = each.value
    CacheNodeId    = local.redis_cache_node_id
  }

  alarm_actions             = [aws_sns_topic.alarms.arn]
  ok_actions                = [aws_sns_topic.alarms.arn]
  insufficient_data_actions = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_log_metric_filter" "application_errors" {
  name           = "${var.name}-application-errors"
  log_group_name = var.application_log_group_name
  pattern        = var.application_error_pattern

  metric_transformation {
    namespace     = local.metrics_namespace
    name          = local.application_error_metric
    value         = "1"
    default_value = "0"
    unit          = "Count"
  }
}

resource "aws_cloudwatch_metric_alarm" "application_errors" {
  alarm_name          = "${var.name}-application-errors"
  alarm_description   = "The application logged more than ${var.application_error_count} errors in a minute"
  namespace           = local.metrics_namespace
  metric_name         = local.application_error_metric
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.application_error_count
  period              = 60
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"

  alarm_actions = [aws_sns_topic.alarms.arn]
  ok_actions    = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name

  dashboard_body = jsonencode({
    widgets = [
      {
        type   = "metric"
        x      = 0
        y      = 0
        width  = 12
        height = 6
        properties = {
          title  = "ECS CPU and memory"
          region = var.region
          view   = "timeSeries"
          stat   = "Average"
          period = 60
          yAxis  = { left = { min = 0, max = 100, label = "Percent" } }
          metrics = concat(
            [for key, service in var.service_names : ["AWS/ECS", "CPUUtilization", "ClusterName", var.cluster_name, "ServiceName", service, { label = "${key} CPU" }]],
            [for key, service in var.service_names : ["AWS/ECS", "MemoryUtilization", "ClusterName", var.cluster_name, "ServiceName", service, { label = "${key} memory" }]],
          )
        }
      },
      {
        type   = "metric"
        x      = 12
        y      = 0
        width  = 12
        height = 6
        properties = {
          title  = "ALB response time"
          region = var.region
          view   = "timeSeries"
          period = 60
          yAxis  = { left = { min = 0, label = "Seconds" } }
          metrics = [
            ["AWS/ApplicationELB", "TargetResponseTime", "LoadBalancer", var.load_balancer_arn_suffix, { stat = "Average", label = "average" }],
            ["AWS/ApplicationELB", "TargetResponseTime", "LoadBalancer", var.load_balancer_arn_suffix, { stat = "p95", label = "p95" }],
            ["AWS/ApplicationELB", "TargetResponseTime", "LoadBalancer", var.load_balancer_arn_suffix, { stat = "p99", label = "p99" }],
          ]
        }
      },
      {
        type   = "metric"
        x      = 0
        y      = 6
        width  = 12
        height = 6
        properties = {
          title  = "ALB answers"
          region = var.region
          view   = "timeSeries"
          stat   = "Sum"
          period = 60
          yAxis  = { left = { min = 0, label = "Requests" } }
          metrics = [
            ["AWS/ApplicationELB", "HTTPCode_Target_2XX_Count", "LoadBalancer", var.load_balancer_arn_suffix, { label = "2xx" }],
            ["AWS/ApplicationELB", "HTTPCode_Target_4XX_Count", "LoadBalancer", var.load_balancer_arn_suffix, { label = "4xx" }],
            ["AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "LoadBalancer", var.load_balancer_arn_suffix, { label = "5xx" }],
            ["AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "LoadBalancer", var.load_balancer_arn_suffix, { label = "5xx of the load balancer" }],
          ]
        }
      },
      {
        type   = "metric"
        x      = 12
        y      = 6
        width  = 12
        height = 6
        properties = {
          title  = "RDS CPU, connections and storage"
          region = var.region
          view   = "timeSeries"
          stat   = "Average"
          period = 60
          metrics = [
            ["AWS/RDS", "CPUUtilization", "DBInstanceIdentifier", var.db_instance_identifier, { label = "CPU (percent)" }],
            ["AWS/RDS", "DatabaseConnections", "DBInstanceIdentifier", var.db_instance_identifier, { label = "connections" }],
            ["AWS/RDS", "FreeStorageSpace", "DBInstanceIdentifier", var.db_instance_identifier, { label = "free storage (bytes)", yAxis = "right" }],
          ]
        }
      },
      {
        type   = "metric"
        x      = 0
        y      = 12
        width  = 12
        height = 6
        properties = {
          title  = "Redis hit rate, connections and CPU"
          region = var.region
          view   = "timeSeries"
          stat   = "Average"
          period = 60
          metrics = concat(
            [for node in var.redis_node_ids : ["AWS/ElastiCache", "CacheHitRate", "CacheClusterId", node, "CacheNodeId", local.redis_cache_node_id, { label = "${node} hit rate (percent)" }]],
            [for node in var.redis_node_ids : ["AWS/ElastiCache", "EngineCPUUtilization", "CacheClusterId", node, "CacheNodeId", local.redis_cache_node_id, { label = "${node} CPU (percent)" }]],
            [for node in var.redis_node_ids : ["AWS/ElastiCache", "CurrConnections", "CacheClusterId", node, "CacheNodeId", local.redis_cache_node_id, { label = "${node} connections", yAxis = "right" }]],
          )
        }
      },
      {
        type   = "metric"
        x      = 12
        y      = 12
        width  = 12
        height = 6
        properties = {
          title  = "ECS tasks, desired and running"
          region = var.region
          view   = "timeSeries"
          stat   = "Average"
          period = 60
          yAxis  = { left = { min = 0, label = "Tasks" } }
          metrics = concat(
            [for key, service in var.service_names : ["ECS/ContainerInsights", "DesiredTaskCount", "ClusterName", var.cluster_name, "ServiceName", service, { label = "${key} desired" }]],
            [for key, service in var.service_names : ["ECS/ContainerInsights", "RunningTaskCount", "ClusterName", var.cluster_name, "ServiceName", service, { label = "${key} running" }]],
          )
        }
      },
    ]
  })
}
