output "execution_role_arn" {
  description = "ARN of the task execution role, known once its policies are attached."
  value       = aws_iam_role.execution.arn

  depends_on = [aws_iam_role_policy.execution, aws_iam_role_policy.execution_secret]
}

output "task_role_arn" {
  description = "ARN of the task role, known once its policies are attached."
  value       = aws_iam_role.task.arn

  depends_on = [aws_iam_role_policy.task_secret, aws_iam_role_policy.task_exec]
}

output "deploy_role_arn" {
  description = "ARN of the role that GitHub Actions assumes."
  value       = aws_iam_role.deploy.arn
}

output "oidc_provider_arn" {
  description = "ARN of GitHub's OIDC provider."
  value       = local.github_provider_arn
}
