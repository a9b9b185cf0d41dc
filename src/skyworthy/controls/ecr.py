"""Controls of ECR repositories."""

from skyworthy.behavior.permissions.matching import glob, literal, matches
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource, Undecidable, Unknown, Value

_REPOSITORY = "aws_ecr_repository"


@control("ecr.scan-on-push", on=_REPOSITORY, severity="medium", refs=["REQ REF-11", "FSBP ECR.1", "CKV_AWS_163"])
def images_are_scanned(repository: Resource, estate: Estate) -> None:
    """Images are scanned for known vulnerabilities when they are pushed.

    Why: nobody looks for a published flaw in an image that is never scanned.
    Fix: set `image_scanning_configuration { scan_on_push = true }`, or a registry-wide scanning rule.
    """
    if _registry_scans(repository, estate):
        return
    scan = repository.block("image_scanning_configuration").get("scan_on_push")
    if isinstance(scan, Unknown):
        raise scan.undecidable()
    assert scan, "images are not scanned on push"


def _registry_scans(repository: Resource, estate: Estate) -> bool:
    """Whether a rule of the registry scans the repository; it takes the place of the repository's own setting."""
    for configuration in estate.of("aws_ecr_registry_scanning_configuration"):
        for rule in configuration["rule"] or ():
            if isinstance(rule, Unknown):
                raise rule.undecidable()
            if rule.get("scan_frequency") in ("SCAN_ON_PUSH", "CONTINUOUS_SCAN") and _covers(rule, repository):
                return True
    return False


def _covers(rule: Value, repository: Resource) -> bool:
    filters = (item.get("filter") for item in rule.get("repository_filter") or ())
    name = str(repository["name"])
    return any(matches(literal(name), glob(str(pattern))).yes for pattern in filters)


@control("ecr.immutable-tags", on=_REPOSITORY, severity="medium", refs=["REQ REF-11", "FSBP ECR.2", "CKV_AWS_51"])
def tags_are_immutable(repository: Resource) -> None:
    """A tag names one image for ever.

    Why: with a tag that moves, a restarted task may run another image than the one that was tested, and a rollback
    has nothing to go back to.
    Fix: set `image_tag_mutability = "IMMUTABLE"` and tag images by version or commit.
    """
    mutability = repository["image_tag_mutability"] or "MUTABLE"
    assert str(mutability).startswith("IMMUTABLE"), f"image_tag_mutability is {mutability}"


@control("ecr.lifecycle-policy", on=_REPOSITORY, severity="low", refs=["REQ REF-11", "FSBP ECR.3"])
def old_images_expire(repository: Resource, estate: Estate) -> None:
    """Old images expire, and the one to go back to stays.

    Why: every push is stored and paid for until somebody deletes it; where only the newest image is kept, a rollback
    finds none.
    Fix: add an `aws_ecr_lifecycle_policy` that keeps the newest images, ten or more.
    """
    unclear: Undecidable | None = None
    for policy in estate.of("aws_ecr_lifecycle_policy"):
        try:
            if estate.find(policy["repository"], _REPOSITORY) is repository:
                _check_rules(policy)
                return
        except Undecidable as undecidable:
            unclear = undecidable
    if unclear is not None:
        raise unclear
    raise AssertionError("no lifecycle policy expires its images")


def _check_rules(policy: Resource) -> None:
    document = policy["policy"]
    if not isinstance(document, dict):
        not_applicable(f"{policy.address} is not a JSON document")
        return
    rules = document.get("rules")
    assert rules, f"{policy.address} has no rules"
    for rule in rules:
        kept = rule.get("selection") or {}
        newest = kept.get("countType") == "imageCountMoreThan" and kept.get("tagStatus") != "untagged"
        alone = newest and kept.get("countNumber") == 1 and not kept.get("tagPrefixList")
        assert not alone, f"{policy.address} keeps the newest image only: there is none to go back to"
