terraform {
  required_providers {
    aws = {
      source                = "hashicorp/aws"
      version               = "~> 4.67"
      configuration_aliases = [aws.us]
    }
  }
}

variable "email" {
  type = string
}

resource "aws_sns_topic" "here" {
  name = "edge"
}

resource "aws_sns_topic" "there" {
  provider = aws.us

  name = "edge"
}

resource "aws_sns_topic_subscription" "mail" {
  provider = aws.us

  topic_arn = aws_sns_topic.there.arn
  protocol  = "email"
  endpoint  = var.email
}
