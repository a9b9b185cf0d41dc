output "data_key_arn" {
  description = "ARN of the key for database, cache and image storage."
  value       = aws_kms_key.data.arn
}

output "operations_key_arn" {
  description = "ARN of the key for log groups and the alarm topic."
  value       = aws_kms_key.operations.arn
}
