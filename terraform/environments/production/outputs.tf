output "vpc_id" {
  description = "Id of the VPC."
  value       = module.vpc.vpc_id
}

output "nat_public_ips" {
  description = "Public addresses from which the tasks call the internet."
  value       = module.vpc.nat_public_ips
}

output "alb_dns_name" {
  description = "DNS name of the load balancer, the target of the DNS records of both hosts."
  value       = module.alb.dns_name
}

output "alb_zone_id" {
  description = "Hosted zone of the load balancer, for Route 53 alias records."
  value       = module.alb.zone_id
}

output "api_url" {
  description = "Address of the API."
  value       = "${var.enable_https ? "https" : "http"}://${var.api_host}"
}

output "dashboard_url" {
  description = "Address of the dashboard."
  value       = "${var.enable_https ? "https" : "http"}://${var.dashboard_host}"
}

output "cluster_name" {
  description = "Name of the ECS cluster."
  value       = module.ecs.cluster_name
}

output "backend_service_name" {
  description = "Name of the backend's service."
  value       = module.ecs.backend_service_name
}

output "frontend_service_name" {
  description = "Name of the frontend's service."
  value       = module.ecs.frontend_service_name
}

output "backend_repository_url" {
  description = "Address of the backend's image repository."
  value       = module.ecr.backend_repository_url
}

output "frontend_repository_url" {
  description = "Address of the frontend's image repository."
  value       = module.ecr.frontend_repository_url
}

output "secret_arn" {
  description = "ARN of the secret of the application."
  value       = module.secrets.secret_arn
}

output "database_address" {
  description = "Host name of the database, reachable from the tasks only."
  value       = module.rds.address
}

output "redis_primary_endpoint" {
  description = "Host name of the cache's primary node, reachable from the tasks only."
  value       = module.redis.primary_endpoint
}

output "deploy_role_arn" {
  description = "ARN of the role that GitHub Actions assumes."
  value       = module.iam.deploy_role_arn
}

output "alarm_topic_arn" {
  description = "ARN of the topic that every alarm notifies."
  value       = module.monitoring.topic_arn
}

output "dashboard_name" {
  description = "Name of the CloudWatch dashboard."
  value       = module.monitoring.dashboard_name
}
