output "identifier" {
  description = "Identifier of the database, which CloudWatch publishes as the dimension DBInstanceIdentifier."
  value       = aws_db_instance.this.identifier
}

output "arn" {
  description = "ARN of the database."
  value       = aws_db_instance.this.arn
}

output "address" {
  description = "Host name of the database."
  value       = aws_db_instance.this.address
}

output "port" {
  description = "Port of the database."
  value       = aws_db_instance.this.port
}

output "database_name" {
  description = "Name of the database."
  value       = aws_db_instance.this.db_name
}

output "username" {
  description = "Name of the master user."
  value       = aws_db_instance.this.username
}

output "replica_address" {
  description = "Host name of the read replica, null without one."
  value       = var.create_read_replica ? aws_db_instance.replica[0].address : null
}
