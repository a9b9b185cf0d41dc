# Read by Terraform itself. No secret belongs here: see README.md.

region             = "us-east-1"
availability_zones = ["us-east-1a", "us-east-1b", "us-east-1c"]
vpc_cidr           = "10.20.0.0/16"
single_nat_gateway = false

enable_https       = true
domain             = "ohmycoins.com"
api_host           = "api.ohmycoins.com"
dashboard_host     = "dashboard.ohmycoins.com"
certificate_domain = "*.ohmycoins.com"

waf_rate_limit = 2000

backend_image_tag = "0.1.0"
backend_cpu       = 1024
backend_memory    = 2048
backend_min_tasks = 2
backend_max_tasks = 10

frontend_image_tag = "0.1.0"
frontend_cpu       = 256
frontend_memory    = 512
frontend_min_tasks = 2
frontend_max_tasks = 10

first_superuser = "admin@ohmycoins.com"
openai_model    = "gpt-4o-mini"

db_instance_class          = "db.t3.small"
db_allocated_storage       = 50
db_multi_az                = true
db_create_read_replica     = false
db_backup_retention_period = 14
db_monitoring_interval     = 60

redis_node_type                = "cache.t3.small"
redis_node_count               = 2
redis_snapshot_retention_limit = 7

deletion_protection            = true
secret_recovery_window_in_days = 30
log_retention_in_days          = 365
access_log_retention_in_days   = 365

rds_connections_alarm = 160
alarm_emails          = ["platform@ohmycoins.com", "oncall@ohmycoins.com"]
monthly_budget_usd    = 400

github_repository    = "ohmycoins/ohmycoins"
create_oidc_provider = true
