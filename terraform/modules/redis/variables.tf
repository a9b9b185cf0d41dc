variable "name" {
  description = "Prefix of all names, project and environment, for example `ohmycoins-staging`."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}$", var.name))
    error_message = "name must be 3 to 31 lower-case letters, digits and hyphens, starting with a letter."
  }
}

variable "subnet_ids" {
  description = "Ids of the database subnets, in at least two zones."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "subnet_ids must hold at least two subnets."
  }
}

variable "security_group_id" {
  description = "Id of the cache's security group."
  type        = string
}

variable "kms_key_arn" {
  description = "ARN of the KMS key that encrypts the cache and its snapshots."
  type        = string
}

variable "engine_version" {
  description = "Redis version, `7.0` or `7.1`."
  type        = string
  default     = "7.1"

  validation {
    condition     = contains(["7.0", "7.1"], var.engine_version)
    error_message = "engine_version must be 7.0 or 7.1."
  }
}

variable "node_type" {
  description = "Node type of the cache, for example `cache.t3.micro`."
  type        = string

  validation {
    condition     = startswith(var.node_type, "cache.")
    error_message = "node_type must start with cache."
  }
}

variable "node_count" {
  description = "Number of nodes: one primary, the others replicas."
  type        = number

  validation {
    condition     = var.node_count >= 1 && var.node_count <= 6
    error_message = "node_count must be between 1 and 6."
  }
}

variable "auth_token" {
  description = "First AUTH token, the value of REDIS_AUTH_TOKEN in the secret."
  type        = string
  sensitive   = true

  validation {
    condition     = can(regex("^[A-Za-z0-9!&#$^<>-]{16,128}$", var.auth_token))
    error_message = "auth_token must have 16 to 128 letters, digits and characters of !&#$^<>-, as ElastiCache demands."
  }
}

variable "port" {
  description = "Port of the cache."
  type        = number
  default     = 6379

  validation {
    condition     = var.port >= 1 && var.port <= 65535
    error_message = "port must be a TCP port between 1 and 65535."
  }
}

variable "automatic_failover" {
  description = "Promote a replica when the primary fails; needs two nodes."
  type        = bool

  validation {
    condition     = !var.automatic_failover || var.node_count >= 2
    error_message = "automatic_failover needs a node_count of at least 2."
  }
}

variable "multi_az" {
  description = "Spread the nodes over zones; needs automatic failover."
  type        = bool

  validation {
    condition     = !var.multi_az || var.automatic_failover
    error_message = "multi_az needs automatic_failover."
  }
}

variable "snapshot_retention_limit" {
  description = "Days that daily snapshots are kept; 0 switches them off."
  type        = number

  validation {
    condition     = var.snapshot_retention_limit >= 0 && var.snapshot_retention_limit <= 35
    error_message = "snapshot_retention_limit must be between 0 and 35."
  }
}

variable "skip_final_snapshot" {
  description = "Delete without a last snapshot."
  type        = bool
  default     = false
}

variable "apply_immediately" {
  description = "Apply changes at once instead of in the maintenance window."
  type        = bool
  default     = false
}

variable "log_retention_in_days" {
  description = "Days that log events are kept."
  type        = number

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731], var.log_retention_in_days)
    error_message = "log_retention_in_days must be a retention that CloudWatch Logs knows, such as 30, 90 or 365."
  }
}

variable "logs_kms_key_arn" {
  description = "ARN of the KMS key that encrypts the log groups; its policy must admit CloudWatch Logs."
  type        = string
}
