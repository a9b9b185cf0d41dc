variable "name" {
  description = "Prefix of all names, project and environment, for example `ohmycoins-staging`."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}$", var.name))
    error_message = "name must be 3 to 31 lower-case letters, digits and hyphens, starting with a letter."
  }
}

variable "kms_key_arn" {
  description = "ARN of the KMS key that encrypts the images."
  type        = string
}

variable "untagged_days" {
  description = "Days that an image without a tag is kept."
  type        = number
  default     = 7

  validation {
    condition     = var.untagged_days >= 1
    error_message = "untagged_days must be at least 1."
  }
}

variable "kept_images" {
  description = "Number of images that each repository keeps."
  type        = number
  default     = 30

  validation {
    condition     = var.kept_images >= 2
    error_message = "kept_images must be at least 2, or there is nothing to roll back to."
  }
}

variable "force_delete" {
  description = "Delete the repositories with their images when the environment is destroyed."
  type        = bool
  default     = false
}
