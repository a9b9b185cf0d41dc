variable "name" {
  description = "Prefix of all names, project and environment, for example `ohmycoins-staging`."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}$", var.name))
    error_message = "name must be 3 to 31 lower-case letters, digits and hyphens, starting with a letter."
  }
}

variable "account_id" {
  description = "Id of the AWS account, the only one for which RDS may assume the monitoring role."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id must have 12 digits."
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
  description = "Id of the database's security group."
  type        = string
}

variable "kms_key_arn" {
  description = "ARN of the KMS key that encrypts storage, backups and Performance Insights."
  type        = string
}

variable "engine_version" {
  description = "PostgreSQL version: `17`, or `17.x` to pin the minor version."
  type        = string
  default     = "17"

  validation {
    condition     = can(regex("^17(\\.[0-9]+)?$", var.engine_version))
    error_message = "engine_version must be 17 or 17.x."
  }
}

variable "instance_class" {
  description = "Instance class of the database, for example `db.t3.micro`."
  type        = string

  validation {
    condition     = startswith(var.instance_class, "db.")
    error_message = "instance_class must start with db."
  }
}

variable "allocated_storage" {
  description = "Storage in GiB at creation."
  type        = number
  default     = 20

  validation {
    condition     = var.allocated_storage >= 20
    error_message = "allocated_storage must be at least 20 GiB, the least that gp3 offers."
  }
}

variable "max_allocated_storage" {
  description = "Storage in GiB up to which RDS grows the volume by itself."
  type        = number
  default     = 100

  validation {
    condition     = var.max_allocated_storage > var.allocated_storage
    error_message = "max_allocated_storage must be more than allocated_storage."
  }
}

variable "database_name" {
  description = "Name of the database."
  type        = string
  default     = "ohmycoins"

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,62}$", var.database_name))
    error_message = "database_name must be 1 to 63 lower-case letters, digits and underscores, starting with a letter."
  }
}

variable "username" {
  description = "Name of the master user."
  type        = string
  default     = "ohmycoins"

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,62}$", var.username)) && !contains(["admin", "postgres", "rdsadmin"], var.username)
    error_message = "username must be 1 to 63 lower-case letters, digits and underscores, and none of admin, postgres, rdsadmin."
  }
}

variable "password" {
  description = "First password of the master user, the value of POSTGRES_PASSWORD in the secret."
  type        = string
  sensitive   = true

  validation {
    condition     = can(regex("^[!#-.0-?A-~]{12,128}$", var.password))
    error_message = "password must have 12 to 128 printable characters, without slash, double quote, at sign or space."
  }
}

variable "port" {
  description = "Port of the database."
  type        = number
  default     = 5432

  validation {
    condition     = var.port >= 1 && var.port <= 65535
    error_message = "port must be a TCP port between 1 and 65535."
  }
}

variable "multi_az" {
  description = "Keep a standby in a second zone."
  type        = bool
}

variable "create_read_replica" {
  description = "Create a read replica."
  type        = bool
  default     = false
}

variable "backup_retention_period" {
  description = "Days of automated backups, which are also the reach of point-in-time recovery."
  type        = number

  validation {
    condition     = var.backup_retention_period >= 1 && var.backup_retention_period <= 35
    error_message = "backup_retention_period must be between 1 and 35 days; 0 would switch backups off."
  }
}

variable "deletion_protection" {
  description = "Refuse to delete the database, and keep its automated backups if it is deleted all the same."
  type        = bool
  default     = true
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

variable "monitoring_interval" {
  description = "Seconds between two samples of enhanced monitoring; 0 switches it off."
  type        = number
  default     = 0

  validation {
    condition     = contains([0, 1, 5, 10, 15, 30, 60], var.monitoring_interval)
    error_message = "monitoring_interval must be 0, 1, 5, 10, 15, 30 or 60."
  }
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
