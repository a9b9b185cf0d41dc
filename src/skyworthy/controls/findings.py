"""Several questions of one control: all findings are told, and what is not known hides none of them."""

from collections.abc import Iterator
from contextlib import contextmanager

from skyworthy.estate import Undecidable

_SHOWN = 20
"""Findings of one question: who reads twenty has understood, and a thousand fill a report with megabytes."""


class Findings:
    """Collects what a control finds.

    Each question stands in ``with findings.question():``; :meth:`conclude` fails with every finding, or, where there
    is none, is undecidable if any question was.
    """

    def __init__(self) -> None:
        self._messages: dict[str, None] = {}
        self._open: Undecidable | None = None

    def add(self, message: str) -> None:
        """A finding; the same one is told once."""
        self._messages.setdefault(message)

    @contextmanager
    def question(self) -> Iterator[None]:
        """A question whose failed assertion is a finding, and whose Undecidable waits for the others."""
        try:
            yield
        except AssertionError as finding:
            self.add(str(finding).partition("\nassert ")[0])
        except Undecidable as undecidable:
            self._open = self._open or undecidable

    def __bool__(self) -> bool:
        """Whether anything was found so far."""
        return bool(self._messages)

    def conclude(self) -> None:
        """Fail with the findings.

        Raises:
            AssertionError: where there are any.
            Undecidable: where there are none, but a question stayed open.
        """
        more = len(self._messages) - _SHOWN
        shown = list(self._messages)[:_SHOWN] + ([f"and {more} more"] if more > 0 else [])
        assert not self._messages, "; ".join(shown)
        if self._open is not None:
            raise self._open
