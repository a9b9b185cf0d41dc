"""data.aws_iam_policy_document gives the document that its blocks describe."""

from skyworthy.estate import Reference, Template, Unknown

from .conftest import ReadText


def test_statements_become_a_document_with_references(read: ReadText) -> None:
    estate = read(
        """
        resource "aws_secretsmanager_secret" "main" {
          name = "omc"
        }
        data "aws_iam_policy_document" "read" {
          policy_id = "read"
          statement {
            sid       = "Read"
            actions   = ["secretsmanager:GetSecretValue"]
            resources = [aws_secretsmanager_secret.main.arn]
          }
          statement {
            effect      = "Deny"
            not_actions = ["s3:Put*", "s3:Get*"]
            resources   = ["*"]
            condition {
              test     = "StringEquals"
              variable = "aws:SourceAccount"
              values   = ["1"]
            }
            condition {
              test     = "StringEquals"
              variable = "aws:SourceVpc"
              values   = ["a", "b"]
            }
          }
        }
        resource "aws_iam_role_policy" "read" {
          role   = "task"
          policy = data.aws_iam_policy_document.read.json
        }
        """
    )
    document = {
        "Version": "2012-10-17",
        "Id": "read",
        "Statement": [
            {
                "Effect": "Allow",
                "Sid": "Read",
                "Action": "secretsmanager:GetSecretValue",
                "Resource": Reference("aws_secretsmanager_secret.main", "arn"),
            },
            {
                "Effect": "Deny",
                "NotAction": ["s3:Get*", "s3:Put*"],
                "Resource": "*",
                "Condition": {"StringEquals": {"aws:SourceAccount": "1", "aws:SourceVpc": ["a", "b"]}},
            },
        ],
    }
    assert estate.of("aws_iam_role_policy")[0]["policy"] == document
    source = estate.get("data.aws_iam_policy_document.read")
    assert source is not None
    assert source["json"] == document


def test_principals_are_grouped_by_type(read: ReadText) -> None:
    estate = read(
        """
        resource "aws_iam_openid_connect_provider" "github" {
          url = "https://token.actions.githubusercontent.com"
        }
        data "aws_iam_policy_document" "trust" {
          statement {
            actions = ["sts:AssumeRoleWithWebIdentity"]
            principals {
              type        = "Federated"
              identifiers = [aws_iam_openid_connect_provider.github.arn]
            }
            principals {
              type        = "Service"
              identifiers = ["ecs.amazonaws.com", "ecs-tasks.amazonaws.com"]
            }
            condition {
              test     = "StringLike"
              variable = "${replace(aws_iam_openid_connect_provider.github.url, "https://", "")}:sub"
              values   = ["repo:ohmycoins/ohmycoins:ref:refs/heads/main"]
            }
          }
          statement {
            actions = ["s3:GetObject"]
            principals {
              type        = "*"
              identifiers = ["*"]
            }
          }
        }
        resource "aws_iam_role" "deploy" {
          assume_role_policy = data.aws_iam_policy_document.trust.json
        }
        """
    )
    first, second = estate.of("aws_iam_role")[0]["assume_role_policy"]["Statement"]
    assert first["Principal"] == {
        "Federated": Reference("aws_iam_openid_connect_provider.github", "arn"),
        "Service": ["ecs-tasks.amazonaws.com", "ecs.amazonaws.com"],
    }
    assert first["Condition"] == {
        "StringLike": {"token.actions.githubusercontent.com:sub": "repo:ohmycoins/ohmycoins:ref:refs/heads/main"}
    }
    assert second["Principal"] == "*"


def test_source_and_override_documents_are_merged_by_sid(read: ReadText) -> None:
    estate = read(
        """
        resource "aws_sns_topic" "alarms" {
          name = "alarms"
        }
        data "aws_iam_policy_document" "base" {
          statement {
            sid       = "Kept"
            actions   = ["sns:Publish"]
            resources = ["${aws_sns_topic.alarms.arn}"]
          }
          statement {
            sid       = "Replaced"
            actions   = ["sns:*"]
            resources = ["*"]
          }
        }
        data "aws_iam_policy_document" "merged" {
          source_policy_documents   = [data.aws_iam_policy_document.base.json]
          override_policy_documents = [jsonencode({
            Statement = { Sid = "Replaced", Effect = "Deny", Action = "sns:*" }
          })]
          statement {
            sid       = "Own"
            actions   = ["sns:Subscribe"]
            resources = ["prefix-${aws_sns_topic.alarms.id}"]
          }
        }
        resource "aws_sns_topic_policy" "alarms" {
          arn    = aws_sns_topic.alarms.arn
          policy = data.aws_iam_policy_document.merged.json
        }
        """
    )
    statements = {item["Sid"]: item for item in estate.of("aws_sns_topic_policy")[0]["policy"]["Statement"]}
    assert list(statements) == ["Kept", "Replaced", "Own"]
    assert statements["Kept"]["Resource"] == Reference("aws_sns_topic.alarms", "arn")
    assert statements["Replaced"] == {"Sid": "Replaced", "Effect": "Deny", "Action": "sns:*"}
    assert statements["Own"]["Resource"] == Template(("prefix-", Reference("aws_sns_topic.alarms", "id")))


def test_an_unknown_number_of_statements_makes_the_document_unknown(read: ReadText) -> None:
    estate = read(
        """
        variable "buckets" {
          type = list(string)
        }
        data "aws_iam_policy_document" "read" {
          dynamic "statement" {
            for_each = var.buckets
            content {
              actions   = ["s3:GetObject"]
              resources = [statement.value]
            }
          }
        }
        resource "aws_iam_policy" "read" {
          policy = data.aws_iam_policy_document.read.json
        }
        """
    )
    policy = estate.of("aws_iam_policy")[0].peek("policy")
    assert isinstance(policy, Unknown)
    assert policy.reason == "variable buckets has no value"


def test_an_unknown_list_of_resources_is_unknown_in_its_statement_only(read: ReadText) -> None:
    estate = read(
        """
        variable "arns" {
          type = list(string)
        }
        data "aws_iam_policy_document" "read" {
          statement {
            actions   = ["s3:GetObject"]
            resources = var.arns
          }
        }
        resource "aws_iam_policy" "read" {
          policy = data.aws_iam_policy_document.read.json
        }
        """
    )
    statement = estate.of("aws_iam_policy")[0]["policy"]["Statement"][0]
    assert statement["Action"] == "s3:GetObject"
    assert statement["Resource"].reason == "variable arns has no value"


def test_a_resource_that_is_null_stands_beside_what_is_not_known(read: ReadText) -> None:
    estate = read(
        """
        resource "aws_iam_role" "none" {
          count = 0
          name  = "none"
        }
        resource "aws_iam_role" "app" {
          name = "app"
        }
        data "aws_iam_policy_document" "pass" {
          statement {
            actions   = ["iam:PassRole"]
            resources = [aws_iam_role.app.arn, try(aws_iam_role.none[0].arn, null)]
          }
        }
        """
    )
    source = estate.get("data.aws_iam_policy_document.pass")
    assert source is not None
    listed = source["json"]["Statement"][0]["Resource"]
    assert None in listed and Reference("aws_iam_role.app", "arn") in listed
