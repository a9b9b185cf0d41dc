variable "name" {
  description = "Name of the web ACL, project and environment, for example `ohmycoins-staging`."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,100}$", var.name))
    error_message = "name must be 3 to 101 lower-case letters, digits and hyphens, starting with a letter."
  }
}

variable "load_balancer_arn" {
  description = "ARN of the application load balancer whose requests are filtered."
  type        = string
}

variable "rate_limit" {
  description = "Requests of one address in five minutes above which that address is refused for a while."
  type        = number
  default     = 2000

  validation {
    condition     = var.rate_limit >= 10 && var.rate_limit <= 2000000000
    error_message = "rate_limit must be between 10 and 2000000000 requests in five minutes."
  }
}

variable "common_rules_counted" {
  description = "Rules of the common rule set that only count what they match, for requests that they refuse wrongly, for example `SizeRestrictions_BODY`."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for name in var.common_rules_counted : can(regex("^[A-Za-z0-9]+_[A-Za-z0-9_]+$", name))])
    error_message = "common_rules_counted must hold names of rules such as SizeRestrictions_BODY."
  }
}

variable "log_retention_in_days" {
  description = "Days that the log of inspected requests is kept."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731], var.log_retention_in_days)
    error_message = "log_retention_in_days must be a retention that CloudWatch Logs knows, such as 30, 90 or 365."
  }
}

variable "logs_kms_key_arn" {
  description = "ARN of the KMS key that encrypts the log group; its policy must admit CloudWatch Logs."
  type        = string
}
