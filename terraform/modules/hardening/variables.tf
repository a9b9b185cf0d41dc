variable "name" {
  description = "Prefix of all names, for example `ohmycoins-account`; the trail and the recorder bear it."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,40}$", var.name))
    error_message = "name must be 3 to 41 lower-case letters, digits and hyphens, starting with a letter."
  }
}

variable "region" {
  description = "AWS region of trail, detector and recorder; the trail records the other regions too."
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

variable "retention_in_days" {
  description = "Days that trail and configuration history are kept in the audit bucket."
  type        = number
  default     = 90

  validation {
    condition     = var.retention_in_days >= 90
    error_message = "retention_in_days must be at least 90: an intruder is found late."
  }
}

variable "log_retention_in_days" {
  description = "Days that the events of the trail can be searched in CloudWatch Logs."
  type        = number
  default     = 90

  validation {
    condition     = contains([90, 120, 150, 180, 365, 400, 545, 731], var.log_retention_in_days)
    error_message = "log_retention_in_days must be a retention that CloudWatch Logs knows, at least 90."
  }
}

variable "create_config_role" {
  description = "Create the service-linked role of AWS Config; false where the account already holds it."
  type        = bool
  default     = true
}

variable "config_rules" {
  description = "AWS-managed rules by the name they get, each given by its identifier."
  type        = map(string)

  default = {
    alb-http-to-https-redirection         = "ALB_HTTP_TO_HTTPS_REDIRECTION_CHECK"
    alb-waf-enabled                       = "ALB_WAF_ENABLED"
    cloudtrail-enabled                    = "CLOUD_TRAIL_ENABLED"
    cloudtrail-encrypted                  = "CLOUD_TRAIL_ENCRYPTION_ENABLED"
    cloudtrail-log-file-validation        = "CLOUD_TRAIL_LOG_FILE_VALIDATION_ENABLED"
    cmk-rotation-enabled                  = "CMK_BACKING_KEY_ROTATION_ENABLED"
    default-security-group-closed         = "VPC_DEFAULT_SECURITY_GROUP_CLOSED"
    encrypted-volumes                     = "ENCRYPTED_VOLUMES"
    guardduty-enabled                     = "GUARDDUTY_ENABLED_CENTRALIZED"
    iam-no-administrator-statements       = "IAM_POLICY_NO_STATEMENTS_WITH_ADMIN_ACCESS"
    iam-root-access-key-absent            = "IAM_ROOT_ACCESS_KEY_CHECK"
    iam-user-mfa-enabled                  = "IAM_USER_MFA_ENABLED"
    incoming-ssh-disabled                 = "INCOMING_SSH_DISABLED"
    rds-backup-enabled                    = "DB_INSTANCE_BACKUP_ENABLED"
    rds-not-public                        = "RDS_INSTANCE_PUBLIC_ACCESS_CHECK"
    rds-snapshots-not-public              = "RDS_SNAPSHOTS_PUBLIC_PROHIBITED"
    rds-storage-encrypted                 = "RDS_STORAGE_ENCRYPTED"
    root-account-mfa-enabled              = "ROOT_ACCOUNT_MFA_ENABLED"
    s3-public-read-prohibited             = "S3_BUCKET_PUBLIC_READ_PROHIBITED"
    s3-public-write-prohibited            = "S3_BUCKET_PUBLIC_WRITE_PROHIBITED"
    s3-tls-only                           = "S3_BUCKET_SSL_REQUESTS_ONLY"
    secrets-rotated-or-changed-in-90-days = "SECRETSMANAGER_SECRET_PERIODIC_ROTATION"
    vpc-flow-logs-enabled                 = "VPC_FLOW_LOGS_ENABLED"
  }

  validation {
    condition     = length(var.config_rules) > 0
    error_message = "config_rules must name at least one rule: a recorder without rules judges nothing."
  }

  validation {
    condition     = alltrue([for identifier in values(var.config_rules) : can(regex("^[A-Z0-9_]+$", identifier))])
    error_message = "config_rules must give identifiers of AWS-managed rules such as ENCRYPTED_VOLUMES."
  }
}

variable "force_destroy" {
  description = "Delete the audit bucket with its contents when it is destroyed."
  type        = bool
  default     = false
}
