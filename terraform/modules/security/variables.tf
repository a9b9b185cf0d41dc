variable "name" {
  description = "Prefix of all names, project and environment, for example `ohmycoins-staging`."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}$", var.name))
    error_message = "name must be 3 to 31 lower-case letters, digits and hyphens, starting with a letter."
  }
}

variable "vpc_id" {
  description = "Id of the VPC that holds the groups."
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

variable "frontend_port" {
  description = "Port on which the frontend container listens."
  type        = number
  default     = 80

  validation {
    condition     = var.frontend_port >= 1 && var.frontend_port <= 65535
    error_message = "frontend_port must be a TCP port between 1 and 65535."
  }
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

variable "redis_port" {
  description = "Port of the cache."
  type        = number
  default     = 6379

  validation {
    condition     = var.redis_port >= 1 && var.redis_port <= 65535
    error_message = "redis_port must be a TCP port between 1 and 65535."
  }
}
