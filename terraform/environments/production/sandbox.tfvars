# Dummies for a sandbox on this machine, given with -var-file. Nothing real accepts them.

secret_values = {
  OPENAI_API_KEY           = "sandbox-openai-dummy"
  ANTHROPIC_API_KEY        = "sandbox-anthropic-dummy"
  POSTGRES_PASSWORD        = "sandbox-postgres-dummy"
  SECRET_KEY               = "sandbox-signing-dummy"
  FIRST_SUPERUSER_PASSWORD = "sandbox-superuser-dummy"
  REDIS_AUTH_TOKEN         = "sandbox-redis-token-dummy"
  SMTP_HOST                = "smtp.sandbox.invalid"
  SMTP_USER                = "sandbox-smtp-user"
  SMTP_PASSWORD            = "sandbox-smtp-dummy"
  SENTRY_DSN               = "sandbox-sentry-dummy"
}
