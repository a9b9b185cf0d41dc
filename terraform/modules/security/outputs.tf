output "alb_security_group_id" {
  description = "Id of the load balancer's security group."
  value       = aws_security_group.alb.id
}

output "ecs_security_group_id" {
  description = "Id of the tasks' security group."
  value       = aws_security_group.ecs.id
}

output "rds_security_group_id" {
  description = "Id of the database's security group."
  value       = aws_security_group.rds.id
}

output "redis_security_group_id" {
  description = "Id of the cache's security group."
  value       = aws_security_group.redis.id
}
