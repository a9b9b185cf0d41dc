variable "name" {
  description = "Prefix of all names, project and environment, for example `ohmycoins-staging`."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}$", var.name))
    error_message = "name must be 3 to 31 lower-case letters, digits and hyphens, starting with a letter."
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

variable "backend_repository_arn" {
  description = "ARN of the backend's image repository."
  type        = string
}

variable "frontend_repository_arn" {
  description = "ARN of the frontend's image repository."
  type        = string
}

variable "secret_read_policy" {
  description = "IAM policy document (JSON) that allows to read this environment's secret, from the module `secrets`."
  type        = string
}

variable "logs_kms_key_arn" {
  description = "ARN of the KMS key that encrypts ECS Exec sessions and their log group."
  type        = string
}

variable "create_oidc_provider" {
  description = "Create GitHub's OIDC provider. An account can hold it once: false where another environment has created it."
  type        = bool
}

variable "github_repository" {
  description = "The one GitHub repository that may deploy, `owner/name`."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$", var.github_repository))
    error_message = "github_repository must be owner/name, without wildcards."
  }
}

variable "github_subject" {
  description = "What of the repository may deploy: `environment:NAME` or `ref:refs/heads/BRANCH`."
  type        = string

  validation {
    condition     = can(regex("^(environment:[A-Za-z0-9._-]+|ref:refs/heads/[A-Za-z0-9._/-]+)$", var.github_subject))
    error_message = "github_subject must be environment:NAME or ref:refs/heads/BRANCH, without wildcards."
  }
}
