output "arn" {
  description = "ARN of the load balancer."
  value       = aws_lb.this.arn
}

output "arn_suffix" {
  description = "The part of the ARN that CloudWatch publishes as the dimension LoadBalancer."
  value       = aws_lb.this.arn_suffix
}

output "dns_name" {
  description = "DNS name of the load balancer, the target of both hosts' alias records."
  value       = aws_lb.this.dns_name
}

output "zone_id" {
  description = "Hosted zone of the load balancer, for Route 53 alias records."
  value       = aws_lb.this.zone_id
}

output "backend_target_group_arn" {
  description = "ARN of the backend's target group, known once a listener rule forwards to it, as ECS requires."
  value       = aws_lb_target_group.backend.arn

  depends_on = [aws_lb_listener_rule.backend]
}

output "frontend_target_group_arn" {
  description = "ARN of the frontend's target group, known once a listener rule forwards to it, as ECS requires."
  value       = aws_lb_target_group.frontend.arn

  depends_on = [aws_lb_listener_rule.frontend]
}

output "backend_target_group_arn_suffix" {
  description = "The part of the ARN that CloudWatch publishes as the dimension TargetGroup for the backend."
  value       = aws_lb_target_group.backend.arn_suffix
}

output "frontend_target_group_arn_suffix" {
  description = "The part of the ARN that CloudWatch publishes as the dimension TargetGroup for the frontend."
  value       = aws_lb_target_group.frontend.arn_suffix
}

output "access_log_bucket" {
  description = "Bucket that receives the access logs."
  value       = aws_s3_bucket.access_logs.bucket
}
