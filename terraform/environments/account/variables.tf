variable "region" {
  description = "AWS region of trail, detector and recorder, that of the environments in the account."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must look like us-east-1."
  }
}

variable "retention_in_days" {
  description = "Days that trail and configuration history are kept in the audit bucket."
  type        = number

  validation {
    condition     = var.retention_in_days >= 90
    error_message = "retention_in_days must be at least 90."
  }
}

variable "log_retention_in_days" {
  description = "Days that the events of the trail can be searched in CloudWatch Logs."
  type        = number

  validation {
    condition     = contains([90, 120, 150, 180, 365, 400, 545, 731], var.log_retention_in_days)
    error_message = "log_retention_in_days must be a retention that CloudWatch Logs knows, at least 90."
  }
}

variable "create_config_role" {
  description = "Create the service-linked role of AWS Config; false where the account already holds it."
  type        = bool
}
