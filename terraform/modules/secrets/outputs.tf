output "secret_arn" {
  description = "ARN of the secret, known once its first version exists, so that no task starts before it."
  value       = aws_secretsmanager_secret.this.arn

  depends_on = [aws_secretsmanager_secret_version.this]
}

output "secret_name" {
  description = "Name of the secret."
  value       = aws_secretsmanager_secret.this.name
}

output "secret_keys" {
  description = "Keys that the JSON of the secret holds."
  value       = var.secret_keys
}

output "kms_key_arn" {
  description = "ARN of the key that encrypts the secret."
  value       = aws_kms_key.this.arn
}

output "read_policy" {
  description = "IAM policy document (JSON) that allows to read this secret and nothing else."
  value = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "ReadSecret"
        Effect   = "Allow"
        Action   = "secretsmanager:GetSecretValue"
        Resource = aws_secretsmanager_secret.this.arn
      },
      {
        Sid      = "DecryptSecret"
        Effect   = "Allow"
        Action   = "kms:Decrypt"
        Resource = aws_kms_key.this.arn
      },
    ]
  })
}
