output "replication_group_id" {
  description = "Id of the replication group."
  value       = aws_elasticache_replication_group.this.replication_group_id
}

output "arn" {
  description = "ARN of the replication group."
  value       = aws_elasticache_replication_group.this.arn
}

output "primary_endpoint" {
  description = "Host name of the primary node."
  value       = aws_elasticache_replication_group.this.primary_endpoint_address
}

output "port" {
  description = "Port of the cache."
  value       = aws_elasticache_replication_group.this.port
}

output "node_ids" {
  description = "Ids of the nodes, which CloudWatch publishes as the dimension CacheClusterId; ElastiCache numbers them."
  value = [
    for number in range(1, var.node_count + 1) :
    format("%s-%03d", aws_elasticache_replication_group.this.replication_group_id, number)
  ]
}
