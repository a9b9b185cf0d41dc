"""What is made for data sources of each kind, and what stands in for identifiers of another account."""

import json
from pathlib import Path

import pytest

from skyworthy.declared import Inputs
from skyworthy.errors import BadInput
from skyworthy.sandbox.server import Sandbox
from skyworthy.sandbox.terraform import adaptation, remote_states, seed, stand_ins, workspace
from skyworthy.sandbox.terraform.existing import Existing

NETWORK = """\
provider "aws" {
  region = "eu-west-1"
}

provider "aws" {
  alias  = "us"
  region = "us-east-1"
}

data "aws_vpc" "shared" {
  tags = { Name = "shared" }
}

data "aws_subnets" "private" {
  filter {
    name   = "vpc-id"
    values = [data.aws_vpc.shared.id]
  }
  tags = { Tier = "private" }
}

data "aws_security_group" "bastion" {
  vpc_id = data.aws_vpc.shared.id
  name   = "bastion"
}

data "aws_acm_certificate" "cdn" {
  provider = aws.us
  domain   = "cdn.acme.test"
}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


def _seeded(root: Path, sandbox: Sandbox, text: str) -> list[str]:
    (root / "main.tf").write_text(text)
    return seed.prerequisites(root, sandbox)


def test_network_is_made_in_its_region_and_fits_together(root: Path, sandbox: Sandbox) -> None:
    notes = _seeded(root, sandbox, NETWORK)

    ec2 = sandbox.client("ec2", "eu-west-1")
    (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["shared"]}])["Vpcs"]
    inside = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]
    subnets = ec2.describe_subnets(Filters=[*inside, {"Name": "tag:Tier", "Values": ["private"]}])["Subnets"]
    groups = ec2.describe_security_groups(Filters=inside)["SecurityGroups"]
    certificates = sandbox.client("acm", "us-east-1").list_certificates()["CertificateSummaryList"]
    assert len(notes) == 4
    assert [subnet["AvailabilityZone"] for subnet in subnets] == ["eu-west-1a", "eu-west-1b"]
    assert sorted(group["GroupName"] for group in groups) == ["bastion", "default"]
    assert [each["DomainName"] for each in certificates] == ["cdn.acme.test"]
    assert sandbox.client("acm", "eu-west-1").list_certificates()["CertificateSummaryList"] == []
    assert seed.prerequisites(root, sandbox) == []


LOOKED_UP = [
    ('"aws_iam_role" "x" {\n  name = "deploy"\n}', "deploy"),
    ('"aws_iam_policy" "x" {\n  name = "boundary"\n}', "boundary"),
    ('"aws_kms_alias" "x" {\n  name = "alias/data"\n}', "alias/data"),
    ('"aws_kms_key" "x" {\n  key_id = "alias/other"\n}', "alias/other"),
    ('"aws_ssm_parameter" "x" {\n  name = "/app/flag"\n}', "/app/flag"),
    ('"aws_sns_topic" "x" {\n  name = "ops"\n}', "ops"),
    ('"aws_sqs_queue" "x" {\n  name = "jobs.fifo"\n}', "jobs.fifo"),
    ('"aws_s3_bucket" "x" {\n  bucket = "logs-of-acme"\n}', "logs-of-acme"),
    ('"aws_dynamodb_table" "x" {\n  name = "locks"\n}', "locks"),
    ('"aws_cloudwatch_log_group" "x" {\n  name = "/app"\n}', "/app"),
    ('"aws_ecs_cluster" "x" {\n  cluster_name = "shared"\n}', "shared"),
    ('"aws_ecr_image" "x" {\n  repository_name = "app"\n  image_tag = "v1"\n}', "app:v1"),
    ('"aws_lb" "x" {\n  name = "edge"\n}', "edge"),
    ('"aws_db_instance" "x" {\n  db_instance_identifier = "main"\n}', "main"),
    ('"aws_db_snapshot" "x" {\n  db_instance_identifier = "other"\n}', "other-snapshot"),
    ('"aws_db_snapshot" "x" {\n  db_snapshot_identifier = "before"\n}', "before"),
    ('"aws_db_subnet_group" "x" {\n  name = "data"\n}', "data"),
    ('"aws_key_pair" "x" {\n  key_name = "ops"\n}', "ops"),
    ('"aws_iam_instance_profile" "x" {\n  name = "node"\n}', "node"),
    ('"aws_ec2_managed_prefix_list" "x" {\n  name = "offices"\n}', "offices"),
    ('"aws_service_discovery_dns_namespace" "x" {\n  name = "a.local"\n  type = "DNS_PRIVATE"\n}', "a.local"),
    ('"aws_cognito_user_pools" "x" {\n  name = "users"\n}', "users"),
    ('"aws_route53_zone" "x" {\n  name = "a.local"\n  private_zone = true\n}', "a.local"),
]
OF_EVERY_ACCOUNT = [
    '"aws_iam_policy" "x" {\n  name = "AmazonECSTaskExecutionRolePolicy"\n}',
    '"aws_iam_policy" "x" {\n  arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"\n}',
    '"aws_kms_alias" "x" {\n  name = "alias/aws/rds"\n}',
    '"aws_vpc" "x" {\n  default = true\n}',
    '"aws_ssm_parameter" "x" {\n  name = "/aws/service/ecs/optimized-ami/amazon-linux-2/recommended"\n}',
    '"aws_ec2_managed_prefix_list" "x" {\n  name = "com.amazonaws.global.cloudfront.origin-facing"\n}',
    '"aws_availability_zones" "x" {}',
]


def test_things_are_made_once(root: Path, sandbox: Sandbox) -> None:
    sources = [source.replace('"x"', f'"x{number}"') for number, (source, _) in enumerate(LOOKED_UP)]

    notes = _seeded(root, sandbox, "".join(f"data {source}\n\n" for source in sources))

    addresses = [".".join(source.split('"')[1:4:2]) for source in sources]
    assert sorted(notes) == sorted(
        f"data.{address}: created {made}" for address, (_, made) in zip(addresses, LOOKED_UP, strict=True)
    )
    assert seed.prerequisites(root, sandbox) == []


def test_what_every_account_has_is_not_made(root: Path, sandbox: Sandbox) -> None:
    sources = [source.replace('"x"', f'"x{number}"') for number, source in enumerate(OF_EVERY_ACCOUNT)]

    assert _seeded(root, sandbox, "".join(f"data {source}\n\n" for source in sources)) == []


def test_what_the_stack_makes_itself_is_not_made_before(root: Path, sandbox: Sandbox) -> None:
    text = 'resource "aws_ecr_repository" "app" {\n  name = "app"\n}\n\n'
    text += 'data "aws_ecr_repository" "app" {\n  name = aws_ecr_repository.app.name\n}\n'

    assert _seeded(root, sandbox, text) == []


def test_secret_holds_the_members_that_are_read(root: Path, sandbox: Sandbox) -> None:
    notes = _seeded(
        root,
        sandbox,
        'data "aws_secretsmanager_secret" "db" {\n  name = "db"\n}\n\n'
        'data "aws_secretsmanager_secret_version" "db" {\n  secret_id = data.aws_secretsmanager_secret.db.id\n}\n\n'
        "locals {\n  db = jsondecode(data.aws_secretsmanager_secret_version.db.secret_string)\n"
        '  key = jsondecode(data.aws_secretsmanager_secret_version.db.secret_string)["API_KEY"]\n'
        "  user = local.db.username\n}\n",
    )

    held = json.loads(sandbox.client("secretsmanager").get_secret_value(SecretId="db")["SecretString"])
    assert notes == ["data.aws_secretsmanager_secret.db: created db"]
    assert held == {"API_KEY": "placeholder-Dummy-0", "username": "placeholder"}


def test_identifiers_of_another_account_are_replaced_in_the_copy_only(
    root: Path, sandbox: Sandbox, tmp_path: Path
) -> None:
    certificate = "arn:aws:acm:us-east-1:111111111111:certificate/11111111-2222-3333-4444-555555555555"
    existing = Existing(sandbox)
    ours = existing.vpcs()[0]
    text = f'locals {{\n  a = "{certificate}"\n  b = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]\n'
    text += f'  c = "{ours}"\n  zone_id = "Z0123456789ABCDEFGHIJ"\n}}\n'
    (root / "main.tf").write_text(text)
    (tmp_path / "more.tfvars").write_text('vpc = "vpc-01234567"\n')
    copied = workspace.copy(root, tmp_path / "copy")

    given, notes = stand_ins.replace(
        copied,
        tmp_path,
        existing,
        Inputs((tmp_path / "more.tfvars",), {"group": "sg-0123456789abcdef0", "other": "text"}),
    )

    changed = (copied / "main.tf").read_text()
    assert (root / "main.tf").read_text() == text
    assert len(notes) == 6
    assert notes[0] == f"{certificate} is not in the sandbox: {existing.certificates()[0]} stands in for it"
    assert f'b = ["{existing.subnets()[0]}", "{existing.subnets()[1]}"]' in changed
    assert f'c = "{ours}"' in changed
    assert f'zone_id = "{existing.hosted_zones()[0]}"' in changed
    assert given.var_files[0].read_text() == f'vpc = "{ours}"\n'
    assert (tmp_path / "more.tfvars").read_text() == 'vpc = "vpc-01234567"\n'
    assert given.variables == {"group": existing.security_groups()[0], "other": "text"}


REMOTE = """\
data "terraform_remote_state" "network" {
  backend   = "s3"
  workspace = "live"
  config    = {}
}

locals {
  vpc     = data.terraform_remote_state.network.outputs.vpc_id
  first   = data.terraform_remote_state.network.outputs.things[0]
  subnets = data.terraform_remote_state.network.outputs["private_subnet_ids"]
}
"""


def test_remote_state_is_refused_with_what_is_read_of_it(root: Path, tmp_path: Path) -> None:
    (root / "main.tf").write_text(REMOTE)

    with pytest.raises(BadInput) as raised:
        remote_states.replace(adaptation.sources_of(root), root, root, tmp_path, None)

    assert str(raised.value).splitlines()[1:] == [
        f"- {root}/main.tf:1: data.terraform_remote_state.network, "
        "of which it reads vpc_id, things, private_subnet_ids",
        "--fill makes placeholders for their outputs",
    ]


def test_remote_state_is_filled_with_what_exists(root: Path, sandbox: Sandbox, tmp_path: Path) -> None:
    (root / "main.tf").write_text(REMOTE)
    copied, existing = workspace.copy(root, tmp_path / "copy"), Existing(sandbox)

    remote_states.replace(adaptation.sources_of(root), root, copied, tmp_path, existing)

    outputs = json.loads((tmp_path / "remote-0.tfstate").read_text())["outputs"]
    assert {name: each["value"] for name, each in outputs.items()} == {
        "vpc_id": existing.vpcs()[0],
        "things": ["placeholder"],
        "private_subnet_ids": existing.subnets()[:2],
    }
    assert (copied / adaptation.OVERRIDE).read_text() == (
        'data "terraform_remote_state" "network" {\n  backend = "local"\n'
        f'  config = {{ path = "{tmp_path}/remote-0.tfstate" }}\n  workspace = null\n}}\n'
    )


def test_what_cannot_be_made_is_told_with_its_place(root: Path, sandbox: Sandbox) -> None:
    (note,) = _seeded(root, sandbox, 'data "aws_s3_bucket" "x" {\n  bucket = "No Such_Name"\n}\n')

    assert note.startswith(f"data.aws_s3_bucket.x ({root}/main.tf:1): not created: ")
