"""Values that are evaluated once, when they are first asked for."""

from collections.abc import Callable
from typing import Any

from skyworthy.declared.evaluation.values import Failure

_PENDING = object()


class Memo:
    """Results by key; a failure stays one, and what needs itself is a failure."""

    def __init__(self) -> None:
        self._results: dict[tuple[str, ...], Any] = {}

    def once(self, key: tuple[str, ...], make: Callable[[], Any]) -> Any:
        """The result of a function for a key.

        Raises:
            Failure: where the function does, now or the first time, or where it asks for its own result.
        """
        if key in self._results:
            found = self._results[key]
            if found is _PENDING:
                raise Failure(f"{'.'.join(key)} depends on itself")
            if isinstance(found, Failure):
                raise found
            return found
        self._results[key] = _PENDING
        try:
            result = make()
        except Failure as failure:
            self._results[key] = failure
            raise
        except BaseException:
            del self._results[key]
            raise
        self._results[key] = result
        return result
