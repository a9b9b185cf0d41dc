"""The table of functions, and what each does with arguments that are not known."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from skyworthy.declared.evaluation.values import Failure, because, first_blank, undetermined
from skyworthy.estate.values import Undecidable, Unknown, Value

Needs = Literal["arguments", "contents", "nothing"]


@dataclass(frozen=True)
class Function:
    """A function and what must be known for it to be called.

    Args:
        body: takes the arguments.
        needs: "arguments": no argument may be a blank; "contents": nor any element of one; "nothing": the function
            deals with blanks itself.
    """

    body: Callable[..., Value]
    needs: Needs


_FUNCTIONS: dict[str, Function] = {}


def function(name: str, needs: Needs = "arguments") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enters a function in the table under Terraform's name."""

    def enter(body: Callable[..., Any]) -> Callable[..., Any]:
        _FUNCTIONS[name] = Function(body, needs)
        return body

    return enter


def call_function(name: str, arguments: list[Value]) -> Value:
    """The result of a function; Unknown where an argument that it needs is.

    Raises:
        Failure: where Terraform would refuse the call.
    """
    entry = _FUNCTIONS.get(name.removeprefix("core::"))
    if entry is None:
        return Unknown(f"the function {name} is not evaluated")
    if entry.needs != "nothing":
        for argument in arguments:
            blank = argument if undetermined(argument) else None
            if blank is None and entry.needs == "contents":
                blank = first_blank(argument)
            if blank is not None:
                return because(blank)
    try:
        return entry.body(*arguments)
    except Undecidable as error:
        return Unknown(error.reason)
    except (TypeError, ValueError, AttributeError, KeyError, IndexError, OverflowError) as error:
        raise Failure(f"{name}: {error}") from error
