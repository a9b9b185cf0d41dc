region                = "us-east-1"
retention_in_days     = 90
log_retention_in_days = 90
create_config_role    = true
