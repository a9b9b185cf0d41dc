locals {
  project     = "ohmycoins"
  environment = "staging"
  name        = "${local.project}-${local.environment}"
  account_id  = data.aws_caller_identity.current.account_id
}

data "aws_caller_identity" "current" {}

data "aws_acm_certificate" "this" {
  count = var.enable_https ? 1 : 0

  domain      = var.certificate_domain
  statuses    = ["ISSUED"]
  most_recent = true
}

module "kms" {
  source = "../../modules/kms"

  name       = local.name
  region     = var.region
  account_id = local.account_id
}

module "vpc" {
  source = "../../modules/vpc"

  name                  = local.name
  region                = var.region
  account_id            = local.account_id
  vpc_cidr              = var.vpc_cidr
  availability_zones    = var.availability_zones
  single_nat_gateway    = var.single_nat_gateway
  log_retention_in_days = var.log_retention_in_days
  logs_kms_key_arn      = module.kms.operations_key_arn
}

module "security" {
  source = "../../modules/security"

  name   = local.name
  vpc_id = module.vpc.vpc_id
}

module "secrets" {
  source = "../../modules/secrets"

  environment             = local.environment
  account_id              = local.account_id
  secret_values           = var.secret_values
  recovery_window_in_days = var.secret_recovery_window_in_days
}

module "ecr" {
  source = "../../modules/ecr"

  name         = local.name
  kms_key_arn  = module.kms.data_key_arn
  force_delete = !var.deletion_protection
}

module "iam" {
  source = "../../modules/iam"

  name                    = local.name
  region                  = var.region
  account_id              = local.account_id
  backend_repository_arn  = module.ecr.backend_repository_arn
  frontend_repository_arn = module.ecr.frontend_repository_arn
  secret_read_policy      = module.secrets.read_policy
  logs_kms_key_arn        = module.kms.operations_key_arn
  create_oidc_provider    = var.create_oidc_provider
  github_repository       = var.github_repository
  github_subject          = "environment:${local.environment}"
}

module "alb" {
  source = "../../modules/alb"

  name                         = local.name
  region                       = var.region
  account_id                   = local.account_id
  vpc_id                       = module.vpc.vpc_id
  public_subnet_ids            = module.vpc.public_subnet_ids
  security_group_id            = module.security.alb_security_group_id
  enable_https                 = var.enable_https
  certificate_arn              = var.enable_https ? data.aws_acm_certificate.this[0].arn : null
  api_host                     = var.api_host
  dashboard_host               = var.dashboard_host
  deletion_protection          = var.deletion_protection
  access_log_retention_in_days = var.access_log_retention_in_days
  force_destroy_logs           = !var.deletion_protection
}

module "waf" {
  source = "../../modules/waf"
  count  = var.enable_waf ? 1 : 0

  name                  = local.name
  load_balancer_arn     = module.alb.arn
  rate_limit            = var.waf_rate_limit
  log_retention_in_days = var.log_retention_in_days
  logs_kms_key_arn      = module.kms.operations_key_arn
}

module "rds" {
  source = "../../modules/rds"

  name                    = local.name
  account_id              = local.account_id
  subnet_ids              = module.vpc.database_subnet_ids
  security_group_id       = module.security.rds_security_group_id
  kms_key_arn             = module.kms.data_key_arn
  instance_class          = var.db_instance_class
  allocated_storage       = var.db_allocated_storage
  password                = var.secret_values["POSTGRES_PASSWORD"]
  multi_az                = var.db_multi_az
  create_read_replica     = var.db_create_read_replica
  backup_retention_period = var.db_backup_retention_period
  monitoring_interval     = var.db_monitoring_interval
  deletion_protection     = var.deletion_protection
  skip_final_snapshot     = !var.deletion_protection
  apply_immediately       = !var.deletion_protection
  log_retention_in_days   = var.log_retention_in_days
  logs_kms_key_arn        = module.kms.operations_key_arn
}

module "redis" {
  source = "../../modules/redis"

  name                     = local.name
  subnet_ids               = module.vpc.database_subnet_ids
  security_group_id        = module.security.redis_security_group_id
  kms_key_arn              = module.kms.data_key_arn
  node_type                = var.redis_node_type
  node_count               = var.redis_node_count
  auth_token               = var.secret_values["REDIS_AUTH_TOKEN"]
  automatic_failover       = var.redis_node_count > 1
  multi_az                 = var.redis_node_count > 1
  snapshot_retention_limit = var.redis_snapshot_retention_limit
  skip_final_snapshot      = !var.deletion_protection
  apply_immediately        = !var.deletion_protection
  log_retention_in_days    = var.log_retention_in_days
  logs_kms_key_arn         = module.kms.operations_key_arn
}

module "ecs" {
  source = "../../modules/ecs"

  name                  = local.name
  environment           = local.environment
  region                = var.region
  private_subnet_ids    = module.vpc.private_subnet_ids
  security_group_id     = module.security.ecs_security_group_id
  execution_role_arn    = module.iam.execution_role_arn
  task_role_arn         = module.iam.task_role_arn
  log_retention_in_days = var.log_retention_in_days
  logs_kms_key_arn      = module.kms.operations_key_arn
  secret_arn            = module.secrets.secret_arn

  backend_image            = "${module.ecr.backend_repository_url}:${var.backend_image_tag}"
  backend_version          = var.backend_image_tag
  backend_cpu              = var.backend_cpu
  backend_memory           = var.backend_memory
  backend_min_tasks        = var.backend_min_tasks
  backend_max_tasks        = var.backend_max_tasks
  backend_target_group_arn = module.alb.backend_target_group_arn

  frontend_image            = "${module.ecr.frontend_repository_url}:${var.frontend_image_tag}"
  frontend_version          = var.frontend_image_tag
  frontend_cpu              = var.frontend_cpu
  frontend_memory           = var.frontend_memory
  frontend_min_tasks        = var.frontend_min_tasks
  frontend_max_tasks        = var.frontend_max_tasks
  frontend_target_group_arn = module.alb.frontend_target_group_arn

  domain            = var.domain
  frontend_url      = "${var.enable_https ? "https" : "http"}://${var.dashboard_host}"
  first_superuser   = var.first_superuser
  openai_model      = var.openai_model
  postgres_host     = module.rds.address
  postgres_port     = module.rds.port
  postgres_database = module.rds.database_name
  postgres_user     = module.rds.username
  redis_host        = module.redis.primary_endpoint
  redis_port        = module.redis.port
}

module "monitoring" {
  source = "../../modules/monitoring"

  name         = local.name
  region       = var.region
  account_id   = local.account_id
  kms_key_arn  = module.kms.operations_key_arn
  alarm_emails = var.alarm_emails

  cluster_name = module.ecs.cluster_name
  service_names = {
    backend  = module.ecs.backend_service_name
    frontend = module.ecs.frontend_service_name
  }

  load_balancer_arn_suffix = module.alb.arn_suffix
  target_group_arn_suffixes = {
    backend  = module.alb.backend_target_group_arn_suffix
    frontend = module.alb.frontend_target_group_arn_suffix
  }

  db_instance_identifier     = module.rds.identifier
  redis_node_ids             = module.redis.node_ids
  application_log_group_name = module.ecs.backend_log_group_name
  rds_connections            = var.rds_connections_alarm
}

module "budget" {
  source = "../../modules/budget"

  name              = local.name
  environment       = local.environment
  monthly_limit_usd = var.monthly_budget_usd
  emails            = var.alarm_emails
}
