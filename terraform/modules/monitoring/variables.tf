variable "name" {
  description = "Prefix of all names, project and environment, for example `ohmycoins-staging`."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}$", var.name))
    error_message = "name must be 3 to 31 lower-case letters, digits and hyphens, starting with a letter."
  }
}

variable "region" {
  description = "AWS region of the metrics."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must look like us-east-1."
  }
}

variable "account_id" {
  description = "Id of the AWS account, the only one whose alarms may publish to the topic."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id must have 12 digits."
  }
}

variable "kms_key_arn" {
  description = "ARN of the KMS key that encrypts the topic, whose policy must admit CloudWatch; null leaves the topic unencrypted."
  type        = string
  default     = null
}

variable "alarm_emails" {
  description = "Addresses that every alarm notifies; each must confirm its subscription."
  type        = list(string)

  validation {
    condition     = length(var.alarm_emails) > 0 && alltrue([for email in var.alarm_emails : can(regex("^[^@[:space:]]+@[^@[:space:]]+$", email))])
    error_message = "alarm_emails must hold at least one e-mail address."
  }
}

variable "cluster_name" {
  description = "Name of the ECS cluster."
  type        = string
}

variable "service_names" {
  description = "Names of the ECS services, by a short name."
  type        = map(string)

  validation {
    condition     = length(var.service_names) > 0
    error_message = "service_names must not be empty."
  }
}

variable "load_balancer_arn_suffix" {
  description = "`arn_suffix` of the load balancer."
  type        = string
}

variable "target_group_arn_suffixes" {
  description = "`arn_suffix` of the target groups, by a short name."
  type        = map(string)

  validation {
    condition     = length(var.target_group_arn_suffixes) > 0
    error_message = "target_group_arn_suffixes must not be empty."
  }
}

variable "db_instance_identifier" {
  description = "Identifier of the database (not its resource id)."
  type        = string
}

variable "redis_node_ids" {
  description = "Ids of the cache's nodes, such as `ohmycoins-staging-redis-001`."
  type        = list(string)

  validation {
    condition     = length(var.redis_node_ids) > 0
    error_message = "redis_node_ids must not be empty."
  }
}

variable "application_log_group_name" {
  description = "Log group whose error lines are counted."
  type        = string
}

variable "application_error_pattern" {
  description = "CloudWatch Logs filter pattern of an error line."
  type        = string
  default     = "?ERROR ?CRITICAL ?Traceback"
}

variable "ecs_cpu_percent" {
  description = "CPU utilization of a service, in percent, above which it is alarming for 5 minutes."
  type        = number
  default     = 80

  validation {
    condition     = var.ecs_cpu_percent > 0 && var.ecs_cpu_percent <= 100
    error_message = "ecs_cpu_percent must be more than 0 and at most 100 percent."
  }
}

variable "ecs_memory_percent" {
  description = "Memory utilization of a service, in percent, above which it is alarming for 5 minutes."
  type        = number
  default     = 80

  validation {
    condition     = var.ecs_memory_percent > 0 && var.ecs_memory_percent <= 100
    error_message = "ecs_memory_percent must be more than 0 and at most 100 percent."
  }
}

variable "alb_5xx_count" {
  description = "Number of 5xx answers in 5 minutes above which it is alarming."
  type        = number
  default     = 10

  validation {
    condition     = var.alb_5xx_count >= 0
    error_message = "alb_5xx_count must not be negative."
  }
}

variable "unhealthy_target_count" {
  description = "Number of unhealthy targets above which it is alarming for 3 minutes."
  type        = number
  default     = 0

  validation {
    condition     = var.unhealthy_target_count >= 0
    error_message = "unhealthy_target_count must not be negative."
  }
}

variable "response_time_seconds" {
  description = "95th percentile of the response time, in seconds, above which it is alarming for 5 minutes."
  type        = number
  default     = 2

  validation {
    condition     = var.response_time_seconds > 0
    error_message = "response_time_seconds must be more than 0."
  }
}

variable "rds_cpu_percent" {
  description = "CPU utilization of the database, in percent, above which it is alarming for 10 minutes."
  type        = number
  default     = 80

  validation {
    condition     = var.rds_cpu_percent > 0 && var.rds_cpu_percent <= 100
    error_message = "rds_cpu_percent must be more than 0 and at most 100 percent."
  }
}

variable "rds_free_storage_gib" {
  description = "Free storage of the database, in GiB, below which it is alarming."
  type        = number
  default     = 10

  validation {
    condition     = var.rds_free_storage_gib > 0
    error_message = "rds_free_storage_gib must be more than 0."
  }
}

variable "rds_connections" {
  description = "Number of connections to the database above which it is alarming for 5 minutes; below what the instance class admits."
  type        = number
  default     = 80

  validation {
    condition     = var.rds_connections > 0
    error_message = "rds_connections must be more than 0."
  }
}

variable "redis_hit_rate_percent" {
  description = "Hit rate of the cache, in percent, below which it is alarming for 15 minutes."
  type        = number
  default     = 70

  validation {
    condition     = var.redis_hit_rate_percent > 0 && var.redis_hit_rate_percent <= 100
    error_message = "redis_hit_rate_percent must be more than 0 and at most 100 percent."
  }
}

variable "redis_engine_cpu_percent" {
  description = "CPU utilization of the Redis process, in percent, above which it is alarming for 5 minutes."
  type        = number
  default     = 70

  validation {
    condition     = var.redis_engine_cpu_percent > 0 && var.redis_engine_cpu_percent <= 100
    error_message = "redis_engine_cpu_percent must be more than 0 and at most 100 percent."
  }
}

variable "application_error_count" {
  description = "Number of error lines in a minute above which it is alarming."
  type        = number
  default     = 10

  validation {
    condition     = var.application_error_count >= 0
    error_message = "application_error_count must not be negative."
  }
}
