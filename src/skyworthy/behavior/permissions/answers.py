"""Yes, no, and not known: the three answers that policy evaluation combines."""

from collections.abc import Iterable
from dataclasses import dataclass

from skyworthy.estate import Undecidable, Unknown


@dataclass(frozen=True)
class Answer:
    """One of yes, no, not known.

    Args:
        truth: True, False, or None where it is not known.
        reason: why it is not known, a clause.
        denied: the account refused to tell (see :class:`skyworthy.estate.Undecidable`).
    """

    truth: bool | None
    reason: str = ""
    denied: bool = False

    def __bool__(self) -> bool:
        raise TypeError("an answer is yes, no or not known: ask .yes, .no or .known")

    @property
    def yes(self) -> bool:
        """Certainly so."""
        return self.truth is True

    @property
    def no(self) -> bool:
        """Certainly not so."""
        return self.truth is False

    def decided(self) -> bool:
        """The truth.

        Raises:
            Undecidable: where it is not known.
        """
        if self.truth is None:
            raise Undecidable(self.reason, denied=self.denied)
        return self.truth


YES = Answer(True)
NO = Answer(False)


def answer(truth: bool) -> Answer:
    """A plain truth as an answer."""
    return YES if truth else NO


def maybe(reason: str | Unknown | Undecidable) -> Answer:
    """Not known, and why."""
    if isinstance(reason, str):
        return Answer(None, reason)
    return Answer(None, reason.reason, reason.denied)


def all_of(answers: Iterable[Answer]) -> Answer:
    """Yes where all are; no where any is no, however little is known of the others."""
    open_question = YES
    for item in answers:
        if item.no:
            return NO
        if not item.yes and open_question.yes:
            open_question = item
    return open_question


def any_of(answers: Iterable[Answer]) -> Answer:
    """Yes where any is; no where all are no."""
    open_question = NO
    for item in answers:
        if item.yes:
            return YES
        if not item.no and open_question.no:
            open_question = item
    return open_question


def negate(item: Answer) -> Answer:
    """The contrary; what is not known stays so."""
    return item if item.truth is None else answer(not item.truth)
