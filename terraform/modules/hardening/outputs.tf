output "detector_id" {
  description = "Id of the GuardDuty detector."
  value       = aws_guardduty_detector.this.id
}

output "trail_arn" {
  description = "ARN of the trail."
  value       = aws_cloudtrail.this.arn
}

output "trail_log_group_name" {
  description = "Log group in which the events of the trail can be searched."
  value       = aws_cloudwatch_log_group.trail.name
}

output "recorder_name" {
  description = "Name of the configuration recorder."
  value       = aws_config_configuration_recorder.this.name
}

output "audit_bucket" {
  description = "Bucket that receives trail and configuration history."
  value       = aws_s3_bucket.audit.bucket
}

output "audit_key_arn" {
  description = "ARN of the key that encrypts bucket and log group."
  value       = aws_kms_key.audit.arn
}
