# Read by Terraform itself. No secret belongs here: see README.md.

region             = "us-east-1"
availability_zones = ["us-east-1a", "us-east-1b"]
vpc_cidr           = "10.10.0.0/16"
single_nat_gateway = true

enable_https       = true
domain             = "ohmycoins.com"
api_host           = "api-staging.ohmycoins.com"
dashboard_host     = "dashboard-staging.ohmycoins.com"
certificate_domain = "*.ohmycoins.com"

enable_waf     = true
waf_rate_limit = 2000

backend_image_tag = "0.1.0"
backend_cpu       = 512
backend_memory    = 1024
backend_min_tasks = 1
backend_max_tasks = 2

frontend_image_tag = "0.1.0"
frontend_cpu       = 256
frontend_memory    = 512
frontend_min_tasks = 1
frontend_max_tasks = 2

first_superuser = "admin@ohmycoins.com"
openai_model    = "gpt-4o-mini"

db_instance_class          = "db.t3.micro"
db_allocated_storage       = 20
db_multi_az                = false
db_create_read_replica     = false
db_backup_retention_period = 3
db_monitoring_interval     = 0

redis_node_type                = "cache.t3.micro"
redis_node_count               = 1
redis_snapshot_retention_limit = 1

deletion_protection            = false
secret_recovery_window_in_days = 7
log_retention_in_days          = 30
access_log_retention_in_days   = 30

rds_connections_alarm = 80
alarm_emails          = ["platform@ohmycoins.com"]
monthly_budget_usd    = 145

github_repository    = "ohmycoins/ohmycoins"
create_oidc_provider = true
