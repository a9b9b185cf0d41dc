variable "region" {
  description = "AWS region of the environment."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must look like us-east-1."
  }
}

variable "availability_zones" {
  description = "The zones of the environment, two or three, all in the region."
  type        = list(string)

  validation {
    condition     = length(var.availability_zones) >= 2 && length(var.availability_zones) <= 3
    error_message = "availability_zones must name two or three zones."
  }
}

variable "vpc_cidr" {
  description = "IPv4 range of the VPC, /16."
  type        = string

  validation {
    condition     = can(cidrhost(var.vpc_cidr, 0)) && endswith(var.vpc_cidr, "/16")
    error_message = "vpc_cidr must be an IPv4 range in CIDR notation with the prefix length /16."
  }
}

variable "single_nat_gateway" {
  description = "One NAT gateway for all zones instead of one per zone."
  type        = bool
}

variable "enable_https" {
  description = "Serve over HTTPS and redirect HTTP to it; false serves plain HTTP."
  type        = bool
}

variable "domain" {
  description = "Domain of the application."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9-]+(\\.[a-z0-9-]+)+$", var.domain))
    error_message = "domain must be a domain name such as example.com."
  }
}

variable "api_host" {
  description = "Host name of the API."
  type        = string

  validation {
    condition     = endswith(var.api_host, var.domain)
    error_message = "api_host must lie in the domain."
  }
}

variable "dashboard_host" {
  description = "Host name of the dashboard."
  type        = string

  validation {
    condition     = endswith(var.dashboard_host, var.domain)
    error_message = "dashboard_host must lie in the domain."
  }
}

variable "certificate_domain" {
  description = "Domain name of the issued ACM certificate that covers both hosts; looked up when HTTPS is on."
  type        = string

  validation {
    condition     = can(regex("^(\\*\\.)?[a-z0-9-]+(\\.[a-z0-9-]+)+$", var.certificate_domain))
    error_message = "certificate_domain must be a domain name, as a rule a wildcard such as *.example.com."
  }
}

variable "enable_waf" {
  description = "Filter the requests to the load balancer by a web ACL."
  type        = bool
}

variable "waf_rate_limit" {
  description = "Requests of one address in five minutes above which that address is refused for a while."
  type        = number

  validation {
    condition     = var.waf_rate_limit >= 10
    error_message = "waf_rate_limit must be at least 10 requests in five minutes."
  }
}

variable "backend_image_tag" {
  description = "Tag of the backend's image in its repository."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$", var.backend_image_tag)) && var.backend_image_tag != "latest"
    error_message = "backend_image_tag must be a fixed tag, not latest."
  }
}

variable "backend_cpu" {
  description = "CPU units of a backend task, 1024 being one vCPU."
  type        = number

  validation {
    condition     = var.backend_cpu >= 256
    error_message = "backend_cpu must be at least 256."
  }
}

variable "backend_memory" {
  description = "Memory of a backend task in MiB, a size that Fargate offers with backend_cpu."
  type        = number

  validation {
    condition     = var.backend_memory >= 256
    error_message = "backend_memory must be at least 256."
  }
}

variable "backend_min_tasks" {
  description = "Least number of backend tasks."
  type        = number

  validation {
    condition     = var.backend_min_tasks >= 1
    error_message = "backend_min_tasks must be at least 1."
  }
}

variable "backend_max_tasks" {
  description = "Greatest number of backend tasks."
  type        = number

  validation {
    condition     = var.backend_max_tasks >= var.backend_min_tasks
    error_message = "backend_max_tasks must not be less than backend_min_tasks."
  }
}

variable "frontend_image_tag" {
  description = "Tag of the frontend's image in its repository."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$", var.frontend_image_tag)) && var.frontend_image_tag != "latest"
    error_message = "frontend_image_tag must be a fixed tag, not latest."
  }
}

variable "frontend_cpu" {
  description = "CPU units of a frontend task, 1024 being one vCPU."
  type        = number

  validation {
    condition     = var.frontend_cpu >= 256
    error_message = "frontend_cpu must be at least 256."
  }
}

variable "frontend_memory" {
  description = "Memory of a frontend task in MiB, a size that Fargate offers with frontend_cpu."
  type        = number

  validation {
    condition     = var.frontend_memory >= 256
    error_message = "frontend_memory must be at least 256."
  }
}

variable "frontend_min_tasks" {
  description = "Least number of frontend tasks."
  type        = number

  validation {
    condition     = var.frontend_min_tasks >= 1
    error_message = "frontend_min_tasks must be at least 1."
  }
}

variable "frontend_max_tasks" {
  description = "Greatest number of frontend tasks."
  type        = number

  validation {
    condition     = var.frontend_max_tasks >= var.frontend_min_tasks
    error_message = "frontend_max_tasks must not be less than frontend_min_tasks."
  }
}

variable "first_superuser" {
  description = "E-mail address of the first superuser."
  type        = string

  validation {
    condition     = can(regex("^[^@[:space:]]+@[^@[:space:]]+$", var.first_superuser))
    error_message = "first_superuser must be an e-mail address."
  }
}

variable "openai_model" {
  description = "Model that the agents use."
  type        = string
}

variable "db_instance_class" {
  description = "Instance class of the database."
  type        = string

  validation {
    condition     = startswith(var.db_instance_class, "db.")
    error_message = "db_instance_class must start with db."
  }
}

variable "db_allocated_storage" {
  description = "Storage of the database in GiB at creation."
  type        = number

  validation {
    condition     = var.db_allocated_storage >= 20
    error_message = "db_allocated_storage must be at least 20 GiB."
  }
}

variable "db_multi_az" {
  description = "Keep a standby of the database in a second zone."
  type        = bool
}

variable "db_create_read_replica" {
  description = "Create a read replica of the database."
  type        = bool
}

variable "db_backup_retention_period" {
  description = "Days of automated backups and of point-in-time recovery."
  type        = number

  validation {
    condition     = var.db_backup_retention_period >= 1 && var.db_backup_retention_period <= 35
    error_message = "db_backup_retention_period must be between 1 and 35 days."
  }
}

variable "db_monitoring_interval" {
  description = "Seconds between two samples of enhanced monitoring; 0 switches it off."
  type        = number

  validation {
    condition     = contains([0, 1, 5, 10, 15, 30, 60], var.db_monitoring_interval)
    error_message = "db_monitoring_interval must be 0, 1, 5, 10, 15, 30 or 60."
  }
}

variable "redis_node_type" {
  description = "Node type of the cache."
  type        = string

  validation {
    condition     = startswith(var.redis_node_type, "cache.")
    error_message = "redis_node_type must start with cache."
  }
}

variable "redis_node_count" {
  description = "Number of nodes of the cache; two or more fail over to each other, across zones."
  type        = number

  validation {
    condition     = var.redis_node_count >= 1
    error_message = "redis_node_count must be at least 1."
  }
}

variable "redis_snapshot_retention_limit" {
  description = "Days that daily snapshots of the cache are kept."
  type        = number

  validation {
    condition     = var.redis_snapshot_retention_limit >= 0 && var.redis_snapshot_retention_limit <= 35
    error_message = "redis_snapshot_retention_limit must be between 0 and 35."
  }
}

variable "deletion_protection" {
  description = "Refuse to delete load balancer and database."
  type        = bool
}

variable "secret_recovery_window_in_days" {
  description = "Days in which the deleted secret can be restored; 0 deletes at once."
  type        = number

  validation {
    condition     = var.secret_recovery_window_in_days == 0 || (var.secret_recovery_window_in_days >= 7 && var.secret_recovery_window_in_days <= 30)
    error_message = "secret_recovery_window_in_days must be 0 or between 7 and 30."
  }
}

variable "log_retention_in_days" {
  description = "Days that log events are kept."
  type        = number

  validation {
    condition     = contains([7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731], var.log_retention_in_days)
    error_message = "log_retention_in_days must be a retention that CloudWatch Logs knows, such as 30, 90 or 365."
  }
}

variable "access_log_retention_in_days" {
  description = "Days that access logs of the load balancer are kept."
  type        = number

  validation {
    condition     = var.access_log_retention_in_days >= 1
    error_message = "access_log_retention_in_days must be at least 1."
  }
}

variable "rds_connections_alarm" {
  description = "Number of database connections above which it is alarming; below what the instance class admits."
  type        = number

  validation {
    condition     = var.rds_connections_alarm > 0
    error_message = "rds_connections_alarm must be more than 0."
  }
}

variable "alarm_emails" {
  description = "Addresses that alarms and budget notify."
  type        = list(string)

  validation {
    condition     = length(var.alarm_emails) > 0
    error_message = "alarm_emails must hold at least one address."
  }
}

variable "monthly_budget_usd" {
  description = "Budget of a month in US dollars."
  type        = number

  validation {
    condition     = var.monthly_budget_usd > 0
    error_message = "monthly_budget_usd must be more than 0."
  }
}

variable "github_repository" {
  description = "The one GitHub repository that may deploy, `owner/name`."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$", var.github_repository))
    error_message = "github_repository must be owner/name, without wildcards."
  }
}

variable "create_oidc_provider" {
  description = "Create GitHub's OIDC provider; false where the account already holds it."
  type        = bool
}

variable "secret_values" {
  description = "First value of every key of the secret, from `TF_VAR_secret_values`; never written to a file of the repository."
  type        = map(string)
  sensitive   = true
}
