# Bucket and table are made by terraform/bootstrap. Locked twice, by a file in the bucket and by the table,
# so that older tooling that knows the table only is kept out too.
terraform {
  backend "s3" {
    bucket         = "ohmycoins-terraform-state-production"
    key            = "production/terraform.tfstate"
    region         = "us-east-1"
    encrypt        = true
    use_lockfile   = true
    dynamodb_table = "ohmycoins-terraform-locks-production"
  }
}
