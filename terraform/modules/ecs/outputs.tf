output "cluster_name" {
  description = "Name of the cluster, which CloudWatch publishes as the dimension ClusterName."
  value       = aws_ecs_cluster.this.name
}

output "cluster_arn" {
  description = "ARN of the cluster."
  value       = aws_ecs_cluster.this.arn
}

output "backend_service_name" {
  description = "Name of the backend's service, which CloudWatch publishes as the dimension ServiceName."
  value       = aws_ecs_service.backend.name
}

output "backend_task_definition_arn" {
  description = "ARN of the backend's task definition with its revision."
  value       = aws_ecs_task_definition.backend.arn
}

output "backend_log_group_name" {
  description = "Log group of the backend."
  value       = aws_cloudwatch_log_group.backend.name
}

output "frontend_service_name" {
  description = "Name of the frontend's service, which CloudWatch publishes as the dimension ServiceName."
  value       = aws_ecs_service.frontend.name
}

output "frontend_task_definition_arn" {
  description = "ARN of the frontend's task definition with its revision."
  value       = aws_ecs_task_definition.frontend.arn
}

output "frontend_log_group_name" {
  description = "Log group of the frontend."
  value       = aws_cloudwatch_log_group.frontend.name
}

output "exec_log_group_name" {
  description = "Log group that records ECS Exec sessions."
  value       = aws_cloudwatch_log_group.exec.name
}
