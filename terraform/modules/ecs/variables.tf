variable "name" {
  description = "Prefix of all names and name of the cluster, project and environment, for example `ohmycoins-staging`."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}$", var.name))
    error_message = "name must be 3 to 31 lower-case letters, digits and hyphens, starting with a letter."
  }
}

variable "environment" {
  description = "Name of the environment: `staging` or `production`."
  type        = string

  validation {
    condition     = contains(["staging", "production"], var.environment)
    error_message = "environment must be staging or production."
  }
}

variable "region" {
  description = "AWS region of the environment."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must look like us-east-1."
  }
}

variable "private_subnet_ids" {
  description = "Ids of the private subnets of the tasks, in at least two zones."
  type        = list(string)

  validation {
    condition     = length(var.private_subnet_ids) >= 2
    error_message = "private_subnet_ids must hold at least two subnets."
  }
}

variable "security_group_id" {
  description = "Id of the tasks' security group."
  type        = string
}

variable "execution_role_arn" {
  description = "ARN of the task execution role."
  type        = string
}

variable "task_role_arn" {
  description = "ARN of the task role."
  type        = string
}

variable "logs_kms_key_arn" {
  description = "ARN of the KMS key that encrypts the log groups and ECS Exec sessions; its policy must admit CloudWatch Logs."
  type        = string
}

variable "log_retention_in_days" {
  description = "Days that log events are kept."
  type        = number

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731], var.log_retention_in_days)
    error_message = "log_retention_in_days must be a retention that CloudWatch Logs knows, such as 30, 90 or 365."
  }
}

variable "backend_image" {
  description = "Image of the backend with a fixed tag."
  type        = string

  validation {
    condition     = can(regex(":[A-Za-z0-9_][A-Za-z0-9._-]*$", var.backend_image)) && !endswith(var.backend_image, ":latest")
    error_message = "backend_image must carry a tag, and not latest: a tag that moves cannot be rolled back to."
  }
}

variable "backend_version" {
  description = "Version that the backend reports, as a rule the tag of its image."
  type        = string
}

variable "backend_port" {
  description = "Port on which the backend container listens."
  type        = number
  default     = 8000

  validation {
    condition     = var.backend_port >= 1 && var.backend_port <= 65535
    error_message = "backend_port must be a TCP port between 1 and 65535."
  }
}

variable "backend_health_path" {
  description = "Path that answers 200 while the backend can serve."
  type        = string
  default     = "/api/v1/utils/health-check/"

  validation {
    condition     = startswith(var.backend_health_path, "/")
    error_message = "backend_health_path must start with a slash."
  }
}

variable "backend_user" {
  description = "User and group, as numbers, under which the backend runs; the image's `/tmp`, `/var/lib/amazon` and `/var/log/amazon` must be declared as volumes."
  type        = string
  default     = "1000:1000"

  validation {
    condition     = can(regex("^[1-9][0-9]*(:[0-9]+)?$", var.backend_user))
    error_message = "backend_user must be a numeric user other than root, for example 1000:1000."
  }
}

variable "backend_cpu" {
  description = "CPU units of a backend task, 1024 being one vCPU."
  type        = number

  validation {
    condition     = contains([256, 512, 1024, 2048, 4096], var.backend_cpu)
    error_message = "backend_cpu must be a Fargate size: 256, 512, 1024, 2048 or 4096."
  }
}

variable "backend_memory" {
  description = "Memory of a backend task in MiB, a size that Fargate offers with backend_cpu."
  type        = number

  validation {
    condition = contains(lookup({
      "256"  = [512, 1024, 2048]
      "512"  = range(1024, 4097, 1024)
      "1024" = range(2048, 8193, 1024)
      "2048" = range(4096, 16385, 1024)
      "4096" = range(8192, 30721, 1024)
    }, tostring(var.backend_cpu), []), var.backend_memory)
    error_message = "backend_memory must be a size that Fargate offers with backend_cpu, for example 1024 MiB with 512 units."
  }
}

variable "backend_target_group_arn" {
  description = "ARN of the backend's target group."
  type        = string
}

variable "backend_min_tasks" {
  description = "Least number of backend tasks, also the number to start with."
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

variable "frontend_image" {
  description = "Image of the frontend with a fixed tag."
  type        = string

  validation {
    condition     = can(regex(":[A-Za-z0-9_][A-Za-z0-9._-]*$", var.frontend_image)) && !endswith(var.frontend_image, ":latest")
    error_message = "frontend_image must carry a tag, and not latest: a tag that moves cannot be rolled back to."
  }
}

variable "frontend_version" {
  description = "Version that the frontend reports, as a rule the tag of its image."
  type        = string
}

variable "frontend_port" {
  description = "Port on which the frontend container listens."
  type        = number
  default     = 80

  validation {
    condition     = var.frontend_port >= 1 && var.frontend_port <= 65535
    error_message = "frontend_port must be a TCP port between 1 and 65535."
  }
}

variable "frontend_health_path" {
  description = "Path that answers 200 while the frontend can serve."
  type        = string
  default     = "/"

  validation {
    condition     = startswith(var.frontend_health_path, "/")
    error_message = "frontend_health_path must start with a slash."
  }
}

variable "frontend_user" {
  description = "User and group, as numbers, under which the frontend runs; the image's `/tmp`, `/var/lib/amazon` and `/var/log/amazon` must be declared as volumes."
  type        = string
  default     = "101:101"

  validation {
    condition     = can(regex("^[1-9][0-9]*(:[0-9]+)?$", var.frontend_user))
    error_message = "frontend_user must be a numeric user other than root, for example 101:101."
  }
}

variable "frontend_cpu" {
  description = "CPU units of a frontend task, 1024 being one vCPU."
  type        = number

  validation {
    condition     = contains([256, 512, 1024, 2048, 4096], var.frontend_cpu)
    error_message = "frontend_cpu must be a Fargate size: 256, 512, 1024, 2048 or 4096."
  }
}

variable "frontend_memory" {
  description = "Memory of a frontend task in MiB, a size that Fargate offers with frontend_cpu."
  type        = number

  validation {
    condition = contains(lookup({
      "256"  = [512, 1024, 2048]
      "512"  = range(1024, 4097, 1024)
      "1024" = range(2048, 8193, 1024)
      "2048" = range(4096, 16385, 1024)
      "4096" = range(8192, 30721, 1024)
    }, tostring(var.frontend_cpu), []), var.frontend_memory)
    error_message = "frontend_memory must be a size that Fargate offers with frontend_cpu, for example 1024 MiB with 512 units."
  }
}

variable "frontend_target_group_arn" {
  description = "ARN of the frontend's target group."
  type        = string
}

variable "frontend_min_tasks" {
  description = "Least number of frontend tasks, also the number to start with."
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

variable "target_cpu_percent" {
  description = "Average CPU utilization, in percent, that autoscaling aims at; below the alarm's threshold."
  type        = number
  default     = 60

  validation {
    condition     = var.target_cpu_percent > 0 && var.target_cpu_percent < 100
    error_message = "target_cpu_percent must lie between 0 and 100."
  }
}

variable "target_memory_percent" {
  description = "Average memory utilization, in percent, that autoscaling aims at; below the alarm's threshold."
  type        = number
  default     = 70

  validation {
    condition     = var.target_memory_percent > 0 && var.target_memory_percent < 100
    error_message = "target_memory_percent must lie between 0 and 100."
  }
}

variable "secret_arn" {
  description = "ARN of the JSON secret whose keys become environment variables of the backend."
  type        = string
}

variable "project_name" {
  description = "Name of the application, as users see it."
  type        = string
  default     = "Oh My Coins"
}

variable "domain" {
  description = "Domain of the application."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9-]+(\\.[a-z0-9-]+)+$", var.domain))
    error_message = "domain must be a domain name such as example.com."
  }
}

variable "frontend_url" {
  description = "Address of the dashboard, which the API admits as an origin."
  type        = string

  validation {
    condition     = can(regex("^https?://[a-z0-9.-]+$", var.frontend_url))
    error_message = "frontend_url must be an address without path, such as https://dashboard.example.com."
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

variable "postgres_host" {
  description = "Host name of the database."
  type        = string
}

variable "postgres_port" {
  description = "Port of the database."
  type        = number
  default     = 5432

  validation {
    condition     = var.postgres_port >= 1 && var.postgres_port <= 65535
    error_message = "postgres_port must be a TCP port between 1 and 65535."
  }
}

variable "postgres_database" {
  description = "Name of the database."
  type        = string
}

variable "postgres_user" {
  description = "User under which the backend connects to the database."
  type        = string
}

variable "redis_host" {
  description = "Host name of the cache."
  type        = string
}

variable "redis_port" {
  description = "Port of the cache."
  type        = number
  default     = 6379

  validation {
    condition     = var.redis_port >= 1 && var.redis_port <= 65535
    error_message = "redis_port must be a TCP port between 1 and 65535."
  }
}

variable "openai_model" {
  description = "Model that the agents use."
  type        = string
  default     = "gpt-4o-mini"
}

variable "agent_max_iterations" {
  description = "Greatest number of steps of an agent run."
  type        = number
  default     = 10

  validation {
    condition     = var.agent_max_iterations >= 1
    error_message = "agent_max_iterations must be at least 1."
  }
}

variable "agent_timeout_seconds" {
  description = "Seconds after which an agent run is stopped."
  type        = number
  default     = 300

  validation {
    condition     = var.agent_timeout_seconds >= 1
    error_message = "agent_timeout_seconds must be at least 1."
  }
}

variable "agent_code_execution_timeout" {
  description = "Seconds after which code that an agent runs is stopped."
  type        = number
  default     = 60

  validation {
    condition     = var.agent_code_execution_timeout >= 1
    error_message = "agent_code_execution_timeout must be at least 1."
  }
}
