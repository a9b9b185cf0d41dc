output "detector_id" {
  description = "Id of the GuardDuty detector."
  value       = module.hardening.detector_id
}

output "trail_arn" {
  description = "ARN of the trail."
  value       = module.hardening.trail_arn
}

output "trail_log_group_name" {
  description = "Log group in which the events of the trail can be searched."
  value       = module.hardening.trail_log_group_name
}

output "recorder_name" {
  description = "Name of the configuration recorder."
  value       = module.hardening.recorder_name
}

output "audit_bucket" {
  description = "Bucket that receives trail and configuration history."
  value       = module.hardening.audit_bucket
}
