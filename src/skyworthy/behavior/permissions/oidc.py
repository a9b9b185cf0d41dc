"""Who of GitHub's repositories may assume a role: trust policies judged by tokens that others could present.

Source: https://docs.github.com/en/actions/reference/security/oidc
"""

import difflib
import re
from collections.abc import Iterator

from skyworthy.behavior.permissions.attachments import arn_of, trust_of
from skyworthy.behavior.permissions.conditions import Context
from skyworthy.behavior.permissions.documents import PolicyDocument
from skyworthy.behavior.permissions.evaluation import Policies, may
from skyworthy.behavior.permissions.requests import Principal
from skyworthy.estate import Estate, Reference, Resource, Template, Undecidable, Unknown, Value

GITHUB = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"
_AUDIENCES = (AUDIENCE, f"{AUDIENCE}.cn")
_SUBJECT = re.compile(r"repo:(?P<owner>[^/:]+)/(?P<name>[^:]+)(?P<rest>:.*)?")
_MAIN = "refs/heads/main"
_ACTION = "sts:AssumeRoleWithWebIdentity"


def trusts_github(role: Resource, estate: Estate) -> Value:
    """The GitHub identity provider that a role trusts, None where it trusts none.

    Raises:
        Undecidable: where the trust policy is not known.
    """
    trust = trust_of(role, estate)
    for statement in trust.statements:
        for provider in (statement.principals or {}).get("Federated", ()):
            if _is_github(provider, estate):
                return provider
    if trust.unknown is not None:
        raise trust.unknown.undecidable()
    return None


def _is_github(provider: Value, estate: Estate) -> bool:
    if isinstance(provider, Unknown):
        raise provider.undecidable()
    if isinstance(provider, Reference):
        found = estate.get(provider.address)
        url = found.peek("url") if found is not None else None
        if isinstance(url, Unknown):
            raise url.undecidable()
        return GITHUB in str(url)
    return GITHUB in str(provider)


def holes(role: Resource, provider: Value, estate: Estate) -> Iterator[str]:
    """What is wrong with a role's trust in GitHub, a clause each.

    Raises:
        Undecidable: where it depends on what is not known.
    """
    trust = trust_of(role, estate)
    stranger = "repo:stranger/stranger:ref:refs/heads/main"
    if _admits(trust, role, provider, stranger, AUDIENCE, estate):
        yield "every repository of GitHub may assume it"
        return
    if _admits(trust, role, provider, "repo:stranger/stranger:environment:production", AUDIENCE, estate):
        yield "every repository of GitHub may assume it with an environment of its choice"
        return
    subjects = [subject for _, subject in _claims(trust, "sub")]
    yield from _dead(trust)
    for subject in subjects:
        match = _SUBJECT.fullmatch(subject)
        if match is None:
            continue
        owner, name, rest = (_filled(match[part] or "") for part in ("owner", "name", "rest"))
        neighbours = {f"repo:{owner}/{name}-stranger": "repository", f"repo:{owner}-stranger/{name}": "owner"}
        for neighbour, what in neighbours.items():
            if _admits(trust, role, provider, neighbour + (rest or ":ref:refs/heads/main"), AUDIENCE, estate):
                yield f"the subject {subject} has a wildcard in its {what}"
    if any(_admits(trust, role, provider, _filled(subject), "another-audience", estate) for subject in subjects):
        yield f"the audience is not checked ({GITHUB}:aud must be {AUDIENCE})"


def environments_admitted(role: Resource, estate: Estate) -> tuple[str, ...]:
    """The environments of a repository that a role's trust policy names.

    Raises:
        Undecidable: where it depends on what is not known.
    """
    found = (_ENVIRONMENT.search(subject) for _, subject in _claims(trust_of(role, estate), "sub"))
    return tuple(match["name"] for match in found if match is not None)


_ENVIRONMENT = re.compile(r":environment:(?P<name>[^:*?]+)$")


def open_repository(role: Resource, provider: Value, estate: Estate) -> str:
    """The repository of which any branch and any pull request may assume a role; empty where there is none.

    Raises:
        Undecidable: where it depends on what is not known.
    """
    trust = trust_of(role, estate)
    for _, subject in _claims(trust, "sub"):
        match = _SUBJECT.fullmatch(subject)
        if match is None:
            continue
        repository = f"repo:{_filled(match['owner'])}/{_filled(match['name'])}"
        whences = {f"{repository}:ref:{_BRANCH}": _BRANCH, f"{repository}:pull_request": "refs/pull/1/merge"}
        if all(_admits(trust, role, provider, item, AUDIENCE, estate, ref) for item, ref in whences.items()):
            return f"{match['owner']}/{match['name']}"
    return ""


_BRANCH = "refs/heads/skyworthy-probe"
"""A branch that no trust policy names."""


def _dead(trust: PolicyDocument) -> Iterator[str]:
    """The conditions that no token fulfils."""
    for claim, name in (("sub", "subject"), ("aud", "audience")):
        for operator, wanted in _claims(trust, claim):
            if "*" in wanted and "like" not in operator.lower():
                yield f"{operator} compares the {name} {wanted} letter by letter, and no token has it"
            if claim == "aud" and wanted not in _AUDIENCES and difflib.get_close_matches(wanted, [AUDIENCE], 1, 0.85):
                yield f"the audience is {wanted}, and GitHub's action asks for {AUDIENCE}"


def _filled(pattern: str) -> str:
    """A text that a pattern covers."""
    return pattern.replace("*", "x").replace("?", "x")


def audiences_of(trust: PolicyDocument) -> tuple[str, ...]:
    """The audiences that a trust policy demands, where it writes them out.

    Raises:
        Undecidable: where they are not known.
    """
    claims = _claims(trust, "aud")
    return tuple(audience for operator, audience in claims if "not" not in operator.lower() and "*" not in audience)


def _claims(trust: PolicyDocument, claim: str) -> Iterator[tuple[str, str]]:
    """Operator and value of the conditions on a claim."""
    for statement in trust.statements:
        for operator, keys in statement.conditions.items():
            for key, values in keys.items():
                if key.lower().endswith(f":{claim}"):
                    for value in values:
                        yield operator, _readable(value)


def _readable(value: Value) -> str:
    """A condition's value; references, which stand for one name each, become a letter."""
    if isinstance(value, Unknown):
        raise value.undecidable()
    if isinstance(value, Template):
        blank = next((part for part in value.parts if isinstance(part, Unknown)), None)
        if blank is not None:
            raise blank.undecidable()
    if isinstance(value, (Reference, Template)):
        raise Undecidable(f"the subject {value} is known after apply")
    return str(value)


def _admits(
    trust: PolicyDocument,
    role: Resource,
    provider: Value,
    subject: str,
    audience: str,
    estate: Estate,
    ref: str = _MAIN,
) -> bool:
    repository = subject.removeprefix("repo:").partition(":")[0]
    claims: dict[str, Value] = {
        "aud": audience,
        "sub": subject,
        "repository": repository,
        "repository_owner": repository.partition("/")[0],
        "job_workflow_ref": f"{repository}/.github/workflows/x.yml@{ref}",
        "ref": ref,
        "environment": "production" if ref == _MAIN else None,
        "repository_id": "1",
        "repository_owner_id": "1",
        "enterprise": "stranger",
        "actor": "stranger",
    }
    keys = {f"{prefix}:{claim}": value for prefix in _prefixes(trust) for claim, value in claims.items()}
    later = Unknown("it is known at the time of the request only")
    principal = Principal(provider, "federated")
    return may(
        Policies(resource=trust), _ACTION, arn_of(role), Context(keys, later), principal=principal, estate=estate
    ).allowed


def _prefixes(trust: PolicyDocument) -> set[str]:
    """GitHub's name, and what conditions write in its place: ``${aws_iam_openid_connect_provider.github.url}``."""
    found = {GITHUB}
    for statement in trust.statements:
        for keys in statement.conditions.values():
            found |= {key.rpartition(":")[0] for key in keys if "aws_iam_openid_connect_provider." in key}
    return found
