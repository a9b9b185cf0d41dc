"""Checks before a deployment that look at the account: credentials, state, quotas, images, certificates."""

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from skyworthy.behavior.images import image_of, repository_of
from skyworthy.behavior.tasks import size, task_of
from skyworthy.config import Environment
from skyworthy.errors import BadInput
from skyworthy.estate import Estate, Resource, Undecidable
from skyworthy.estate.configuration import Backend, Configuration
from skyworthy.observed import Session
from skyworthy.operations.checks import Check, failed, passed, unknown

CATEGORIES = frozenset({"state bucket", "lock table", "service quotas", "container images", "TLS certificate"})
"""Those that need credentials."""
_BOOTSTRAP = "apply the root that makes it, such as terraform/bootstrap"
_ABSENT = frozenset({"404", "NoSuchBucket", "NotFound", "ResourceNotFoundException"})
_DAYS = 30
"""A certificate that ends earlier is none to deploy with."""


def credentials(session: Session) -> Iterator[Check]:
    """The account answers, and says who we are."""
    try:
        found = session.identity()
    except BadInput as error:
        yield failed("AWS credentials", "identity", str(error), "aws sso login, or set AWS_PROFILE")
        return
    yield passed("AWS credentials", "identity", f"account {found.account} as {found.arn} in {found.region}")


def state_bucket(session: Session, configuration: Configuration) -> Iterator[Check]:
    """The bucket of the state exists, keeps versions, and is in the region that the backend names."""
    backend = configuration.backend
    bucket = _of_s3(backend, "bucket")
    if not bucket:
        yield _no_s3("state bucket", backend)
        return
    s3 = session.client("s3")
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _ABSENT:
            yield failed("state bucket", bucket, "does not exist", _BOOTSTRAP)
        else:
            yield unknown("state bucket", bucket, f"cannot be looked at: {code}", "allow s3:ListBucket on it")
        return
    yield passed("state bucket", bucket, "exists")
    status = s3.get_bucket_versioning(Bucket=bucket).get("Status", "off")
    if status == "Enabled":
        yield passed("state bucket", "versioning", "is on: an earlier state can be had back")
    else:
        yield failed("state bucket", "versioning", f"is {status.lower()}", f"turn versioning of {bucket} on")


def lock_table(session: Session, configuration: Configuration) -> Iterator[Check]:
    """The state is locked: by a table that exists and has the right key, or by a file in the bucket."""
    backend = configuration.backend
    if backend is None or backend.type != "s3":
        yield _no_s3("lock table", backend)
        return
    table = _of_s3(backend, "dynamodb_table")
    if backend.attributes.get("use_lockfile") is True:
        yield passed("lock table", "lock file", "the bucket holds a lock file (use_lockfile)")
    elif not table:
        step = "set use_lockfile = true or dynamodb_table in the backend"
        yield failed("lock table", "lock", f"{backend.location}: nothing locks the state", step)
    if not table:
        return
    try:
        found = session.client("dynamodb").describe_table(TableName=table)["Table"]
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _ABSENT:
            yield failed("lock table", table, "does not exist", _BOOTSTRAP)
        else:
            yield unknown("lock table", table, f"cannot be looked at: {code}", "allow dynamodb:DescribeTable on it")
        return
    keys = [item["AttributeName"] for item in found["KeySchema"]]
    if keys != ["LockID"]:
        yield failed("lock table", table, f"its key is {', '.join(keys)}", "its key must be LockID (string)")
    elif found["TableStatus"] != "ACTIVE":
        yield unknown("lock table", table, f"is {found['TableStatus']}", "wait until it is ACTIVE")
    else:
        yield passed("lock table", table, "is active")


def _of_s3(backend: Backend | None, name: str) -> str:
    value = backend.attributes.get(name) if backend is not None and backend.type == "s3" else None
    return value if isinstance(value, str) else ""


def _no_s3(category: str, backend: Backend | None) -> Check:
    if backend is None:
        step = 'keep the state where others find it: backend "s3"'
        return failed(category, "backend", "the state would be kept on this machine", step)
    if backend.type == "s3":
        detail = f"{backend.location}: the backend names no bucket; it is given at init"
        return unknown(category, "backend", detail, "name it in the block")
    return unknown(category, "backend", f"{backend.location}: backend {backend.type}", "look at it by hand")


@dataclass(frozen=True)
class _Quota:
    """A quota, and what counts against it.

    Args:
        name: for people.
        service: of Service Quotas.
        code: of the quota.
        type: of the resources that count.
        count: how many the account has.
    """

    name: str
    service: str
    code: str
    type: str
    count: Callable[[Session], int]


def _paged(service: str, operation: str, member: str) -> Callable[[Session], int]:
    def count(session: Session) -> int:
        pages = session.client(service).get_paginator(operation).paginate()
        return sum(len(page[member]) for page in pages)

    return count


def _addresses(session: Session) -> int:
    return len(session.client("ec2").describe_addresses()["Addresses"])


_QUOTAS = (
    _Quota("VPCs", "vpc", "L-F678F1CE", "aws_vpc", _paged("ec2", "describe_vpcs", "Vpcs")),
    _Quota("Elastic IP addresses", "ec2", "L-0263D0A3", "aws_eip", _addresses),
    _Quota(
        "load balancers",
        "elasticloadbalancing",
        "L-53DA6B97",
        "aws_lb",
        _paged("elbv2", "describe_load_balancers", "LoadBalancers"),
    ),
    _Quota("databases", "rds", "L-7B6409FD", "aws_db_instance", _paged("rds", "describe_db_instances", "DBInstances")),
)
"""Source: https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html, quotas of each service."""
_VCPUS = ("fargate", "L-3032A538")
"""Fargate On-Demand vCPU resource count."""


def quotas(session: Session, estate: Estate) -> Iterator[Check]:
    """The account may hold what the stack needs; where it is there already, what it has is within the quota."""
    for item in _QUOTAS:
        if estate.of(item.type):
            yield _within(session, item, estate)
    vcpus = _vcpus(estate)
    limit, why = _limit(session, *_VCPUS)
    detail = f"a deployment needs {vcpus:g} at once"
    if limit is None:
        yield unknown("service quotas", "Fargate vCPUs", f"{detail}; {why}", _BY_HAND)
    elif vcpus > limit:
        yield failed("service quotas", "Fargate vCPUs", f"{detail}, {limit:g} are allowed", _MORE)
    else:
        yield passed("service quotas", "Fargate vCPUs", f"{detail}, {limit:g} are allowed")


_BY_HAND = "look in the Service Quotas console, or allow servicequotas:GetServiceQuota"
_MORE = "ask for more in the Service Quotas console"


def _within(session: Session, item: _Quota, estate: Estate) -> Check:
    wanted = len(estate.of(item.type))
    limit, why = _limit(session, item.service, item.code)
    has = item.count(session)
    detail = f"the account has {has}, the stack declares {wanted}"
    if limit is None:
        return unknown("service quotas", item.name, f"{detail}; {why}", _BY_HAND)
    if has + wanted <= limit or (has >= wanted and has <= limit and _is_applied(session, estate)):
        return passed("service quotas", item.name, f"{detail}, {limit:g} are allowed")
    return failed("service quotas", item.name, f"{detail}, {limit:g} are allowed", _MORE)


def _is_applied(session: Session, estate: Estate) -> bool:
    """Whether the stack is in the account already, so that its resources are among those that the account has."""
    found = {arn.rpartition("/")[2] for arn in session.client("ecs").list_clusters()["clusterArns"]}
    return any(cluster.peek("name") in found for cluster in estate.of("aws_ecs_cluster"))


def _limit(session: Session, service: str, code: str) -> tuple[float | None, str]:
    """A quota as it is applied to the account; else None and why it is not known."""
    client = session.client("service-quotas")
    try:
        return float(client.get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]["Value"]), ""
    except (ClientError, BotoCoreError) as error:
        return None, f"its quota is not known: {error}"


def _vcpus(estate: Estate) -> float:
    """vCPUs of all services while a deployment runs old and new tasks side by side."""
    total = 0.0
    for service in estate.of("aws_ecs_service"):
        task = task_of(service, estate)
        units = size(task["cpu"]) if task is not None else None
        count = service["desired_count"]
        if units is None or not isinstance(count, (int, float)):
            raise Undecidable(f"{service.address}: its size or number of tasks is not known")
        total += 2 * count * units / 1024
    return total


def images(session: Session, estate: Estate) -> Iterator[Check]:
    """Every declared image of ECR is there."""
    seen = False
    for task in estate.of("aws_ecs_task_definition"):
        for definition in task["container_definitions"]:
            seen = True
            yield _image(session, estate, f"{task.address} {definition['name']}", definition["image"])
    if not seen:
        yield unknown("container images", "containers", "the stack declares none", "is it the right root?")


def _image(session: Session, estate: Estate, name: str, value: Any) -> Check:
    try:
        found = repository_of(value, estate)
        tag = image_of(value).tag
    except Undecidable as undecidable:
        return unknown("container images", name, undecidable.reason, "look at it by hand")
    repository = found["name"] if isinstance(found, Resource) else found
    if not isinstance(tag, str) or not isinstance(repository, str):
        detail = f"{value} is no image of ECR whose tag is known before an apply"
        return unknown("container images", name, detail, "look at it by hand")
    image = f"{repository}:{tag}"
    step = f"build and push it: skyworthy deploy --tag {tag}, once the repository exists"
    try:
        session.client("ecr").describe_images(repositoryName=repository, imageIds=[{"imageTag": tag}])
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "RepositoryNotFoundException":
            return failed("container images", name, f"there is no repository {repository}", step)
        if code == "ImageNotFoundException":
            return failed("container images", name, f"{image} is not in ECR", step)
        return unknown("container images", name, f"{image} cannot be looked for: {code}", "allow ecr:DescribeImages")
    return passed("container images", name, f"{image} is in ECR")


def certificates(session: Session, environment: Environment, estate: Estate) -> Iterator[Check]:
    """Where HTTPS is demanded, the certificates of the listeners are issued and do not end soon."""
    if not environment.policy.https_required:
        yield passed("TLS certificate", "policy", f"the policy {environment.policy_name} does not demand HTTPS")
        return
    wanted = [item for item in estate if item.type == "aws_acm_certificate"]
    arns = [
        arn
        for listener in estate.of("aws_lb_listener")
        if isinstance(arn := listener.peek("certificate_arn"), str) and arn.startswith("arn:")
    ]
    if not wanted and not arns:
        step = "give the HTTPS listener a certificate of ACM"
        yield failed("TLS certificate", "listeners", "no certificate of ACM is named anywhere", step)
        return
    for arn in dict.fromkeys(arns):
        yield _certificate(session, arn, arn)
    for item in wanted:
        yield from _by_domain(session, item)


def _by_domain(session: Session, item: Resource) -> Iterator[Check]:
    attribute = "domain" if item.data else "domain_name"
    domain = item[attribute]
    if not isinstance(domain, str):
        yield unknown("TLS certificate", item.address, f"its {attribute} is not known", "look at it by hand")
        return
    pages = session.client("acm").get_paginator("list_certificates").paginate()
    known = [each for page in pages for each in page["CertificateSummaryList"]]
    arns = [each["CertificateArn"] for each in known if each.get("DomainName") == domain]
    checks = [_certificate(session, domain, arn) for arn in arns]
    good = [check for check in checks if check.outcome == "pass"]
    if good or checks:
        yield (good or checks)[0]
    elif item.data:
        step = f"request one of ACM for {domain}, and validate it"
        yield failed("TLS certificate", domain, f"ACM has no certificate of it in {session.region}", step)
    else:
        yield unknown("TLS certificate", domain, "it is made by the apply", "look again when it is issued")


def _certificate(session: Session, name: str, arn: str) -> Check:
    try:
        found = session.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    except ClientError as error:
        code = error.response["Error"]["Code"]
        make = failed if code in _ABSENT else unknown
        return make("TLS certificate", name, f"{arn}: {code}", "name a certificate of this account and region")
    if found["Status"] != "ISSUED":
        return failed("TLS certificate", name, f"is {found['Status']}", "make its DNS validation records, and wait")
    end: datetime.datetime = found["NotAfter"]
    days = (end - datetime.datetime.now(datetime.UTC)).days
    if days < _DAYS:
        return failed("TLS certificate", name, f"ends in {days} days, on {end:%Y-%m-%d}", "renew it")
    return passed("TLS certificate", name, f"is issued, until {end:%Y-%m-%d}")
