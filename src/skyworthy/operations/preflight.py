"""Whether everything is there that a deployment needs, in nine categories; each check says the next step."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from skyworthy.config import Environment, Settings
from skyworthy.errors import BadInput
from skyworthy.estate import Estate, Undecidable
from skyworthy.estate.configuration import Configuration
from skyworthy.observed import Session
from skyworthy.operations import preflight_account as account
from skyworthy.operations import preflight_local as local
from skyworthy.operations.checks import Check, Word, failed, unknown

CATEGORIES = (
    "local tools",
    "AWS credentials",
    "state bucket",
    "lock table",
    "Terraform configuration",
    "environment variables",
    "service quotas",
    "container images",
    "TLS certificate",
)


@dataclass(frozen=True)
class Subject:
    """What is looked at.

    Args:
        settings: of this directory.
        environment: which.
        session: reads the account.
        read: gives what the Terraform declares.
        configure: gives what its root says besides.
    """

    settings: Settings
    environment: Environment
    session: Session
    read: Callable[[], Estate]
    configure: Callable[[], Configuration]


def preflight(subject: Subject, progress: Callable[[str], None]) -> list[Check]:
    """Make all checks; each category has at least one.

    Args:
        subject: what is looked at.
        progress: told which category is looked at.
    """
    found: list[Check] = []
    made: dict[str, Callable[[], Iterable[Check]]] = {
        "local tools": lambda: local.tools(subject.settings, subject.configure()),
        "AWS credentials": lambda: account.credentials(subject.session),
        "state bucket": lambda: account.state_bucket(subject.session, subject.configure()),
        "lock table": lambda: account.lock_table(subject.session, subject.configure()),
        "Terraform configuration": lambda: local.configuration(subject.environment, subject.configure(), subject.read),
        "environment variables": lambda: local.variables(subject.environment, subject.read()),
        "service quotas": lambda: account.quotas(subject.session, subject.read()),
        "container images": lambda: account.images(subject.session, subject.read()),
        "TLS certificate": lambda: account.certificates(subject.session, subject.environment, subject.read()),
    }
    signed_in = True
    for category in CATEGORIES:
        progress(category)
        if category in account.CATEGORIES and not signed_in:
            found.append(unknown(category, "account", "the account cannot be looked at", "see AWS credentials"))
            continue
        checks = list(_safely(subject.session, category, made[category]))
        found += checks
        if category == "AWS credentials":
            signed_in = all(item.outcome == "pass" for item in checks)
    return found


def _safely(session: Session, category: str, make: Callable[[], Iterable[Check]]) -> Iterator[Check]:
    """The checks of a category; what keeps one from being made is a check itself."""
    try:
        yield from make()
    except BadInput as error:
        yield failed(category, category, str(error), "mend that, and repeat")
    except Undecidable as undecidable:
        yield unknown(category, category, undecidable.reason, "look at it by hand")
    except (ClientError, BotoCoreError) as error:
        reason = session.bad_input(error)
        yield unknown(category, category, str(reason or error), "look again with other credentials, or by hand")


def worst(checks: Sequence[Check]) -> Word:
    """Fail before unknown before pass; without checks unknown."""
    outcomes = {item.outcome for item in checks}
    if "fail" in outcomes:
        return "fail"
    return "unknown" if "unknown" in outcomes or not outcomes else "pass"
