"""Whether a commit may be deployed: what the newest sign-off of an environment says."""

from dataclasses import dataclass
from pathlib import Path

from skyworthy.errors import BadInput
from skyworthy.gates.record import problems_of


@dataclass(frozen=True)
class Clearance:
    """What a sign-off lets through.

    Args:
        record: of the newest sign-off; None where there is none.
        digest: of the record.
        reasons: why it does not clear the commit; empty where it does.
    """

    record: Path | None
    digest: str
    reasons: tuple[str, ...]


def clearance(folder: Path, environment: str, commit: str) -> Clearance:
    """What the newest record of an environment says of a commit.

    Args:
        folder: of the records.
        environment: its name.
        commit: as ``commit_of`` tells it: with ``+`` behind it where files differ, empty outside a checkout.
    """
    found = []
    for path in sorted(folder.glob(f"{environment.replace('/', '-')}-*.json")):
        try:
            record, problems = problems_of(path)
        except BadInput as error:
            return Clearance(path, "", (str(error),))
        if record.get("environment") == environment:
            found.append((str(record.get("made", "")), path, record, problems))
    if not found:
        return Clearance(None, "", (f"{environment} was never signed off",))
    _, path, record, problems = max(found, key=lambda item: (item[0], str(item[1])))
    reasons = list(problems)
    if record["decision"] != "go":
        reasons.append(f"{path} says {record['decision']}")
    if not commit or commit.endswith("+"):
        reasons.append("the checkout is not exactly a commit: commit or undo the changes")
    elif record["commit"] != commit:
        reasons.append(f"{path} is for commit {record['commit'][:12]}, not for {commit[:12]}")
    return Clearance(path, str(record["digest"]), tuple(reasons))
