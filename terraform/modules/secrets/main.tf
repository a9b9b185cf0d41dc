resource "aws_kms_key" "this" {
  description             = "${var.environment}-omc-secrets: application secrets"
  deletion_window_in_days = 30
  enable_key_rotation     = true

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AccountDelegation"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${var.account_id}:root" }
      Action    = "kms:*"
      Resource  = "*"
    }]
  })
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.environment}-omc-secrets"
  target_key_id = aws_kms_key.this.key_id
}

resource "aws_secretsmanager_secret" "this" {
  name                    = "${var.environment}-omc-secrets"
  description             = "Secrets of the ohmycoins backend in ${var.environment}, one JSON object"
  kms_key_id              = aws_kms_key.this.arn
  recovery_window_in_days = var.recovery_window_in_days
}

# Terraform writes the first version only: rotated values must survive every later apply.
resource "aws_secretsmanager_secret_version" "this" {
  secret_id     = aws_secretsmanager_secret.this.id
  secret_string = jsonencode({ for key in var.secret_keys : key => var.secret_values[key] })

  lifecycle {
    ignore_changes = [secret_string]
  }
}
