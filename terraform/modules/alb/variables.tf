variable "name" {
  description = "Prefix of all names, project and environment, for example `ohmycoins-staging`."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,22}$", var.name))
    error_message = "name must be 3 to 23 lower-case letters, digits and hyphens, starting with a letter."
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

variable "account_id" {
  description = "Id of the AWS account."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id must have 12 digits."
  }
}

variable "vpc_id" {
  description = "Id of the VPC of the target groups."
  type        = string
}

variable "public_subnet_ids" {
  description = "Ids of the public subnets of the load balancer, in at least two zones."
  type        = list(string)

  validation {
    condition     = length(var.public_subnet_ids) >= 2
    error_message = "public_subnet_ids must hold at least two subnets."
  }
}

variable "security_group_id" {
  description = "Id of the load balancer's security group."
  type        = string
}

variable "enable_https" {
  description = "Serve over HTTPS and redirect HTTP to it; false serves plain HTTP, for a staging without a certificate."
  type        = bool
  default     = true
}

variable "certificate_arn" {
  description = "ARN of the ACM certificate for both hosts; needed with HTTPS."
  type        = string
  default     = null

  validation {
    condition     = !var.enable_https || var.certificate_arn != null
    error_message = "certificate_arn is needed when enable_https is true."
  }
}

variable "api_host" {
  description = "Host name of the API."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9-]+(\\.[a-z0-9-]+)+$", var.api_host))
    error_message = "api_host must be a host name such as api.example.com."
  }
}

variable "dashboard_host" {
  description = "Host name of the dashboard."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9-]+(\\.[a-z0-9-]+)+$", var.dashboard_host)) && var.dashboard_host != var.api_host
    error_message = "dashboard_host must be a host name such as dashboard.example.com, and not that of the API."
  }
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

variable "frontend_port" {
  description = "Port on which the frontend container listens."
  type        = number
  default     = 80

  validation {
    condition     = var.frontend_port >= 1 && var.frontend_port <= 65535
    error_message = "frontend_port must be a TCP port between 1 and 65535."
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

variable "frontend_health_path" {
  description = "Path that answers 200 while the frontend can serve."
  type        = string
  default     = "/"

  validation {
    condition     = startswith(var.frontend_health_path, "/")
    error_message = "frontend_health_path must start with a slash."
  }
}

variable "deletion_protection" {
  description = "Refuse to delete the load balancer."
  type        = bool
  default     = true
}

variable "idle_timeout" {
  description = "Seconds after which an idle connection is closed; agent runs answer slowly."
  type        = number
  default     = 120

  validation {
    condition     = var.idle_timeout >= 1 && var.idle_timeout <= 4000
    error_message = "idle_timeout must be between 1 and 4000 seconds."
  }
}

variable "access_log_retention_in_days" {
  description = "Days that access logs are kept."
  type        = number
  default     = 90

  validation {
    condition     = var.access_log_retention_in_days >= 1
    error_message = "access_log_retention_in_days must be at least 1."
  }
}

variable "force_destroy_logs" {
  description = "Delete the log bucket with its contents when the environment is destroyed."
  type        = bool
  default     = false
}
