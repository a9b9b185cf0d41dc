variable "environment" {
  description = "Name of the environment: `staging` or `production`."
  type        = string

  validation {
    condition     = contains(["staging", "production"], var.environment)
    error_message = "environment must be staging or production."
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

variable "secret_keys" {
  description = "Keys that the JSON of the secret holds; task definitions may refer to these and to no others."
  type        = list(string)
  default = [
    "OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",
    "POSTGRES_PASSWORD",
    "SECRET_KEY",
    "FIRST_SUPERUSER_PASSWORD",
    "REDIS_AUTH_TOKEN",
    "SMTP_HOST",
    "SMTP_USER",
    "SMTP_PASSWORD",
    "SENTRY_DSN",
  ]

  validation {
    condition     = alltrue([for key in var.secret_keys : can(regex("^[A-Z][A-Z0-9_]*$", key))])
    error_message = "secret_keys must be names of environment variables: upper-case letters, digits and underscores."
  }
}

variable "secret_values" {
  description = "First value of every key of the secret. Later values are rotated in Secrets Manager and never read back."
  type        = map(string)
  sensitive   = true

  validation {
    condition     = alltrue([for key in var.secret_keys : try(length(trimspace(var.secret_values[key])) > 0, false)])
    error_message = "secret_values must hold a value that is not empty for every key in secret_keys."
  }
}

variable "recovery_window_in_days" {
  description = "Days in which a deleted secret can be restored; 0 deletes at once."
  type        = number
  default     = 30

  validation {
    condition     = var.recovery_window_in_days == 0 || (var.recovery_window_in_days >= 7 && var.recovery_window_in_days <= 30)
    error_message = "recovery_window_in_days must be 0 or between 7 and 30."
  }
}
