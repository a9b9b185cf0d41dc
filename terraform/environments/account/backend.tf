# Beside the state of production, in the bucket and table that terraform/bootstrap makes.
# Where staging lives in an account of its own, that account's bucket and table are given at `terraform init`: see README.md.
terraform {
  backend "s3" {
    bucket         = "ohmycoins-terraform-state-production"
    key            = "account/terraform.tfstate"
    region         = "us-east-1"
    encrypt        = true
    use_lockfile   = true
    dynamodb_table = "ohmycoins-terraform-locks-production"
  }
}
