locals {
  project     = "ohmycoins"
  environment = "account"
  name        = "${local.project}-${local.environment}"
}

data "aws_caller_identity" "current" {}

module "hardening" {
  source = "../../modules/hardening"

  name                  = local.name
  region                = var.region
  account_id            = data.aws_caller_identity.current.account_id
  retention_in_days     = var.retention_in_days
  log_retention_in_days = var.log_retention_in_days
  create_config_role    = var.create_config_role
}
