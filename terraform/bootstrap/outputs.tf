output "state_bucket" {
  description = "Name of the state bucket, `bucket` of the environment's backend."
  value       = aws_s3_bucket.state.bucket
}

output "lock_table" {
  description = "Name of the lock table, `dynamodb_table` of the environment's backend."
  value       = aws_dynamodb_table.locks.name
}

output "kms_key_arn" {
  description = "ARN of the key that encrypts state and locks."
  value       = aws_kms_key.state.arn
}
