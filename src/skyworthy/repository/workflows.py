"""How workflows of GitHub Actions come to AWS: by OpenID Connect, or by keys that live until somebody revokes them.

Source: https://docs.github.com/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws
"""

import re
from collections.abc import Iterator

WORKFLOW = re.compile(r"(\.\./)*\.github/workflows/[^/]+\.ya?ml")
ACTION = re.compile(r"(\.github/(actions/.+/)?|(?!.*/)|[\w./-]+/)action\.ya?ml")
_KEY = re.compile(
    r"(?:^|[\s{,])[\"']?(?P<name>aws[-_](?:access[-_]key[-_]id|secret[-_]access[-_]key))[\"']?\s*[:=]\s*(?P<value>\S.*)$",
    re.IGNORECASE,
)
_IN_SHELL = re.compile(r"\b(?P<name>AWS_(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY))=(?P<value>\S+)")
_SECRET = re.compile(r"\$\{\{[^}]*\b(?P<name>secrets\.\w*AWS\w*(?:KEY|SECRET)\w*)", re.IGNORECASE)
_CONFIGURE = re.compile(r"\baws configure set (?P<name>aws_(?:access_key_id|secret_access_key))\s+(?P<value>\S.*)")
_LASTING = re.compile(r"\$\{\{[^}]*\b(secrets|vars|inputs)\b|\$\{?\w|(?:AKIA)[A-Z0-9]{16}")
"""Values that are kept somewhere: of a step's outputs (`steps.`) only short-lived ones can be had."""
_CONFIGURES = re.compile(r"uses:\s*[\"']?aws-actions/configure-aws-credentials@")
_ASSUMES = re.compile(r"(?:^|[\s{,])[\"']?(role-to-assume|role-chaining)[\"']?\s*:")


def lasting_keys(text: str) -> Iterator[tuple[int, str]]:
    """Line and words of each use of a long-lived key, and of each log-in to AWS without a role.

    Args:
        text: of a workflow or a composite action.
    """
    lines = [_without_comment(line) for line in text.splitlines()]
    for number, line in enumerate(lines, 1):
        used = next((found for pattern in (_KEY, _IN_SHELL, _CONFIGURE) if (found := pattern.search(line))), None)
        if used and _LASTING.search(used["value"]):
            yield number, f"{used['name']} is a key that lasts"
        elif secret := _SECRET.search(line):
            yield number, f"{secret['name']} is a key that lasts"
        if _CONFIGURES.search(line) and not _assumes_a_role(lines, number - 1):
            yield number, "configure-aws-credentials has no role-to-assume"


def _assumes_a_role(lines: list[str], start: int) -> bool:
    """Whether the step that holds a line names a role: the step goes from one dash to the next of that indent."""
    first = next((index for index in range(start, -1, -1) if re.match(r"\s*-\s", lines[index])), start)
    indent = len(lines[first]) - len(lines[first].lstrip())
    for line in lines[first:]:
        if line is not lines[first] and line.strip() and len(line) - len(line.lstrip()) <= indent:
            return False
        if _ASSUMES.search(line):
            return True
    return False


def _without_comment(line: str) -> str:
    return re.sub(r"(^|\s)#.*$", "", line)
