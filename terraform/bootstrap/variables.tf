variable "region" {
  description = "AWS region of bucket and table."
  type        = string
  default     = "us-east-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must look like us-east-1."
  }
}

variable "project" {
  description = "Name of the project, first part of all names."
  type        = string
  default     = "ohmycoins"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,20}$", var.project))
    error_message = "project must be 3 to 21 lower-case letters, digits and hyphens, starting with a letter."
  }
}

variable "environment" {
  description = "Environment whose state the bucket holds: `staging` or `production`."
  type        = string

  validation {
    condition     = contains(["staging", "production"], var.environment)
    error_message = "environment must be staging or production."
  }
}

variable "noncurrent_version_days" {
  description = "Days that earlier versions of the state can be restored."
  type        = number
  default     = 90

  validation {
    condition     = var.noncurrent_version_days >= 30
    error_message = "noncurrent_version_days must be at least 30."
  }
}
