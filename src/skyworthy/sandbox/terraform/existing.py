"""Things that stand in a sandbox so that a placeholder can name something that exists."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from skyworthy.sandbox.server import DEFAULT_REGION, Sandbox

NAME = "placeholder"
DOMAIN = "example.com"
_TRUST = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}'


class Existing:
    """Values for names of variables; what they name is made when it is first asked for.

    Args:
        sandbox: where things are looked up and made.
        region: where the root module works.
    """

    def __init__(self, sandbox: Sandbox, region: str = DEFAULT_REGION) -> None:
        self.sandbox, self.region = sandbox, region
        self._clients: dict[tuple[str, str], Any] = {}

    def at(self, region: str) -> "Existing":
        """The same sandbox, in another region."""
        there = Existing(self.sandbox, region)
        there._clients = self._clients
        return there

    def client(self, service: str, region: str | None = None) -> Any:
        """A client, made once: that takes longer than most calls."""
        key = (service, region or self.region)
        if key not in self._clients:
            self._clients[key] = self.sandbox.client(*key)
        return self._clients[key]

    def __call__(self, name: str) -> Sequence[str]:
        """Identifiers that fit a variable of that name, the best first; empty where none is known to fit."""
        for pattern, find in _FINDERS:
            if re.search(pattern, name.lower()):
                return find(self)
        return ()

    def subnets(self) -> list[str]:
        """Ids of the default subnets, one in each zone."""
        default = {"Name": "default-for-az", "Values": ["true"]}
        listed = self.client("ec2").describe_subnets(Filters=[default])["Subnets"]
        return [each["SubnetId"] for each in sorted(listed, key=lambda each: str(each["AvailabilityZone"]))]

    def vpcs(self) -> list[str]:
        """The id of the default VPC."""
        default = {"Name": "is-default", "Values": ["true"]}
        listed = self.client("ec2").describe_vpcs(Filters=[default])["Vpcs"]
        return [each["VpcId"] for each in listed]

    def security_groups(self) -> list[str]:
        """The id of the default security group."""
        filters = [{"Name": "group-name", "Values": ["default"]}, {"Name": "vpc-id", "Values": self.vpcs()}]
        listed = self.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]
        return [each["GroupId"] for each in listed]

    def zones(self) -> list[str]:
        """Names of two availability zones."""
        return [f"{self.region}a", f"{self.region}b"]

    def regions(self) -> list[str]:
        """The region."""
        return [self.region]

    def images(self) -> list[str]:
        """The id of a machine image."""
        listed = self.client("ec2").describe_images(Filters=[{"Name": "name", "Values": ["amzn*"]}])["Images"]
        return sorted(each["ImageId"] for each in listed)[:1]

    def key_pairs(self) -> list[str]:
        """The name of a key pair."""
        ec2 = self.client("ec2")
        if not ec2.describe_key_pairs(Filters=[{"Name": "key-name", "Values": [NAME]}])["KeyPairs"]:
            ec2.create_key_pair(KeyName=NAME)
        return [NAME]

    def certificates(self, region: str | None = None) -> list[str]:
        """The ARN of a certificate."""
        acm = self.client("acm", region)
        for page in acm.get_paginator("list_certificates").paginate():
            for each in page["CertificateSummaryList"]:
                if each["DomainName"] == DOMAIN:
                    return [each["CertificateArn"]]
        names = [f"*.{DOMAIN}"]
        made = acm.request_certificate(DomainName=DOMAIN, SubjectAlternativeNames=names, ValidationMethod="DNS")
        return [made["CertificateArn"]]

    def hosted_zones(self) -> list[str]:
        """The id of a hosted zone."""
        route53 = self.client("route53")
        for page in route53.get_paginator("list_hosted_zones").paginate():
            for each in page["HostedZones"]:
                if each["Name"] == f"{DOMAIN}.":
                    return [each["Id"].rpartition("/")[2]]
        made = route53.create_hosted_zone(Name=DOMAIN, CallerReference=f"sandbox-{DOMAIN}")["HostedZone"]
        return [made["Id"].rpartition("/")[2]]

    def keys(self) -> list[str]:
        """The ARN of a KMS key."""
        kms = self.client("kms")
        aliases = [each for page in kms.get_paginator("list_aliases").paginate() for each in page["Aliases"]]
        found = next((each["TargetKeyId"] for each in aliases if each["AliasName"] == f"alias/{NAME}"), None)
        if found is not None:
            return [kms.describe_key(KeyId=found)["KeyMetadata"]["Arn"]]
        made = kms.create_key(Description=NAME)["KeyMetadata"]
        kms.create_alias(AliasName=f"alias/{NAME}", TargetKeyId=made["KeyId"])
        return [made["Arn"]]

    def topics(self) -> list[str]:
        """The ARN of an SNS topic."""
        return [self.client("sns").create_topic(Name=NAME)["TopicArn"]]

    def queues(self) -> list[str]:
        """The ARN of an SQS queue."""
        self.client("sqs").create_queue(QueueName=NAME)
        return [f"arn:aws:sqs:{self.region}:{self.sandbox.account_id}:{NAME}"]

    def secrets(self) -> list[str]:
        """The ARN of a secret."""
        client = self.client("secretsmanager")
        for page in client.get_paginator("list_secrets").paginate():
            for each in page["SecretList"]:
                if each["Name"] == NAME:
                    return [each["ARN"]]
        return [client.create_secret(Name=NAME, SecretString="{}")["ARN"]]

    def roles(self) -> list[str]:
        """The ARN of an IAM role."""
        iam = self.client("iam")
        if not any(each["RoleName"] == NAME for each in iam.list_roles()["Roles"]):
            iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=_TRUST)
        return [iam.get_role(RoleName=NAME)["Role"]["Arn"]]


_FINDERS: tuple[tuple[str, Callable[[Existing], Sequence[str]]], ...] = (
    (r"cidr", lambda _: ()),
    (r"subnet", Existing.subnets),
    (r"security_?group|(^|_)sgs?(_ids?)?$", Existing.security_groups),
    (r"vpc(_?ids?)?$", Existing.vpcs),
    (r"(cloudfront|us_east_1).*cert", lambda existing: existing.certificates(DEFAULT_REGION)),
    (r"cert.*arn|acm.*arn|^certificate$", Existing.certificates),
    (r"zone_?id", Existing.hosted_zones),
    (r"(^|_)(az|azs|availability_zones?)$", Existing.zones),
    (r"(^|_)region$", Existing.regions),
    (r"(^|_)ami(_id)?$|image_id$", Existing.images),
    (r"key_?(name|pair)$|ssh_key$", Existing.key_pairs),
    (r"kms", Existing.keys),
    (r"(sns|topic).*arn", Existing.topics),
    (r"(sqs|queue).*arn", Existing.queues),
    (r"secret.*arn", Existing.secrets),
    (r"role.*arn", Existing.roles),
)
