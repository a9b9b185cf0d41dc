"""CloudWatch metric math, as far as alarms use it.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

import itertools
import math
import operator
import re
import statistics
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from skyworthy.estate import Undecidable

Vector = tuple[float | None, ...]
"""A time series, oldest first; None where a point is missing."""

Result = float | Vector | list[Vector]

_TOKEN = re.compile(
    r"\s*(?P<number>\d+(\.\d+)?([eE][+-]?\d+)?)|\s*(?P<name>[A-Za-z_]\w*)|\s*(?P<text>\"[^\"]*\"|'[^']*')"
    r"|\s*(?P<operator>&&|\|\||==|!=|<=|>=|[-+*/^<>(),\[\]])"
)


def evaluate_expression(
    expression: str, series: Mapping[str, Vector], *, period: int, metrics: Collection[str] | None = None
) -> Vector:
    """The series that an expression makes of others, all over the same periods.

    Args:
        expression: ``100 * errors / FILL(requests, 1)``.
        series: id -> series.
        period: seconds, for RATE and PERIOD.
        metrics: the ids that are metrics, which METRICS is about; None: all.

    Raises:
        Undecidable: a function that needs more than the series themselves (SEARCH, anomaly detection, SQL), or an
            expression that cannot be read.
    """
    result = _Reader(expression, series, period, series if metrics is None else metrics).whole()
    length = max((len(vector) for vector in series.values()), default=1)
    if isinstance(result, list):
        raise Undecidable(f"the expression {expression} gives several series, and an alarm needs one")
    return result if isinstance(result, tuple) else (result,) * length


@dataclass
class _Reader:
    """A recursive-descent reader that evaluates while it reads."""

    expression: str
    series: Mapping[str, Vector]
    period: int
    metrics: Collection[str]

    def __post_init__(self) -> None:
        self.tokens: list[str] = []
        position = 0
        text = self.expression.strip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise self._refusal(f"unexpected {text[position]!r}")
            self.tokens.append(match[0].strip())
            position = match.end()
        self.place = 0

    def _refusal(self, why: str) -> Undecidable:
        return Undecidable(f"the metric math expression {self.expression!r} cannot be evaluated: {why}")

    def _next(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def _take(self, wanted: str = "") -> str:
        token = self._next()
        if not token or (wanted and token != wanted):
            raise self._refusal(f"{wanted or 'more'} expected at {token or 'the end'!r}")
        self.place += 1
        return token

    def whole(self) -> Result:
        result = self._level(0)
        if self._next():
            raise self._refusal(f"unexpected {self._next()!r}")
        return result

    def _level(self, level: int) -> Result:
        """A chain of binary operators of one precedence."""
        if level == len(_LEVELS):
            return self._sign()
        left = self._level(level + 1)
        while self._next().upper() in _LEVELS[level]:
            function = _LEVELS[level][self._take().upper()]
            left = self._pairwise(function, left, self._level(level + 1))
        return left

    def _sign(self) -> Result:
        if self._next() == "-":
            self._take()
            return self.each(operator.neg, self._sign())
        base = self._atom()
        if self._next() == "^":
            self._take()
            return self._pairwise(operator.pow, base, self._sign())
        return base

    def _atom(self) -> Result:
        word = self._take()
        if word == "(":
            inside = self._level(0)
            self._take(")")
            return inside
        if word == "[":
            return self._list("]")
        if word[0].isdigit():
            return float(word)
        if self._next() == "(":
            self._take()
            return self._call(word.upper())
        if word in self.series:
            return self.series[word]
        raise self._refusal(f"there is no {word!r}")

    def _list(self, end: str) -> list[Vector]:
        found: list[Vector] = []
        while self._next() != end:
            item = self._level(0)
            found += item if isinstance(item, list) else [self.vector(item)]
            if self._next() == ",":
                self._take()
        self._take(end)
        return found

    def _call(self, name: str) -> Result:
        if name == "METRICS":
            part = self._take()[1:-1] if self._next() != ")" else ""
            self._take(")")
            return [vector for id, vector in self.series.items() if id in self.metrics and part in id]
        if name == "FILL":
            return self._fill()
        if name not in _FUNCTIONS:
            raise self._refusal(f"{name} is not evaluated")
        arguments = [self._level(0)]
        while self._next() == ",":
            self._take()
            arguments.append(self._level(0))
        self._take(")")
        return _FUNCTIONS[name](self, arguments)

    def _fill(self) -> Result:
        filled = self._level(0)
        self._take(",")
        mode = self._next().upper()
        if mode in ("REPEAT", "LINEAR"):
            self._take()
            self._take(")")
            return self.apply(_repeat if mode == "REPEAT" else _linear, filled)
        value = self.vector(self._level(0))
        self._take(")")
        return self.apply(
            lambda vector: tuple(_or(own, other) for own, other in zip(vector, value, strict=True)), filled
        )

    def length(self) -> int:
        return max((len(vector) for vector in self.series.values()), default=1)

    def vector(self, value: Result) -> Vector:
        if isinstance(value, list):
            raise self._refusal("a list of series stands where one series must")
        return value if isinstance(value, tuple) else (value,) * self.length()

    def apply(self, function: Callable[[Vector], Vector], value: Result) -> Result:
        return [function(item) for item in value] if isinstance(value, list) else function(self.vector(value))

    def each(self, function: Callable[[float], float], value: Result) -> Result:
        if isinstance(value, (int, float)):
            return function(value)
        return self.apply(lambda vector: tuple(None if item is None else function(item) for item in vector), value)

    def _pairwise(self, function: Callable[[float, float], float], left: Result, right: Result) -> Result:
        if isinstance(left, list):
            return [self.vector(self._pairwise(function, item, right)) for item in left]
        if isinstance(right, list):
            return [self.vector(self._pairwise(function, left, item)) for item in right]
        if isinstance(left, (int, float)) and isinstance(right, (int, float)):
            value = _guarded(function, left, right)
            return (None,) * self.length() if value is None else value
        pairs = zip(self.vector(left), self.vector(right), strict=True)
        return tuple(_guarded(function, first, second) for first, second in pairs)


def _guarded(function: Callable[[float, float], float], first: float | None, second: float | None) -> float | None:
    """The value, or a missing point where an operand is missing or the division is by zero."""
    if first is None or second is None:
        return None
    try:
        return function(first, second)
    except ZeroDivisionError:
        return None


def _or(own: float | None, other: float | None) -> float | None:
    return other if own is None else own


def _repeat(vector: Vector) -> Vector:
    filled: list[float | None] = []
    for item in vector:
        filled.append(filled[-1] if item is None and filled else item)
    return tuple(filled)


def _linear(vector: Vector) -> Vector:
    places = [place for place, item in enumerate(vector) if item is not None]
    filled = list(vector)
    for before, after in itertools.pairwise(places):
        first, last = vector[before], vector[after]
        for place in range(before + 1, after):
            if first is not None and last is not None:
                filled[place] = first + (last - first) * (place - before) / (after - before)
    return tuple(filled)


def _truth(test: Callable[[float, float], bool]) -> Callable[[float, float], float]:
    return lambda left, right: float(test(left, right))


_LEVELS: tuple[Mapping[str, Callable[[float, float], float]], ...] = (
    {"||": _truth(lambda a, b: bool(a or b)), "OR": _truth(lambda a, b: bool(a or b))},
    {"&&": _truth(lambda a, b: bool(a and b)), "AND": _truth(lambda a, b: bool(a and b))},
    {
        "==": _truth(operator.eq),
        "!=": _truth(operator.ne),
        "<=": _truth(operator.le),
        ">=": _truth(operator.ge),
        "<": _truth(operator.lt),
        ">": _truth(operator.gt),
    },
    {"+": operator.add, "-": operator.sub},
    {"*": operator.mul, "/": operator.truediv},
)


def _if(reader: _Reader, arguments: Sequence[Result]) -> Result:
    condition = reader.vector(arguments[0])
    yes = reader.vector(arguments[1])
    no = reader.vector(arguments[2]) if len(arguments) > 2 else (None,) * len(yes)
    return tuple(
        None if test is None else (first if test else second)
        for test, first, second in zip(condition, yes, no, strict=True)
    )


def _aggregate(function: Callable[[Sequence[float]], float]) -> "Callable[[_Reader, Sequence[Result]], Result]":
    """A function that makes one series of several, or one number of one series; missing points are left out."""

    def call(reader: _Reader, arguments: Sequence[Result]) -> Result:
        first = arguments[0]
        if isinstance(first, list):
            columns = zip(*first, strict=True)
            kept = [[item for item in column if item is not None] for column in columns]
            return tuple(function(column) if column else None for column in kept)
        present = [item for item in reader.vector(first) if item is not None]
        return function(present) if present else (None,) * reader.length()

    return call


def _elementwise(function: Callable[[float], float]) -> "Callable[[_Reader, Sequence[Result]], Result]":
    return lambda reader, arguments: reader.each(function, arguments[0])


def _differences(vector: Vector) -> Vector:
    pairs = itertools.pairwise(vector)
    return (None, *(None if a is None or b is None else b - a for a, b in pairs))


def _running_sum(vector: Vector) -> Vector:
    total = 0.0
    summed: list[float | None] = []
    for item in vector:
        total += item or 0.0
        summed.append(None if item is None else total)
    return tuple(summed)


_FUNCTIONS: Mapping[str, Callable[[_Reader, Sequence[Result]], Result]] = {
    "IF": _if,
    "SUM": _aggregate(math.fsum),
    "AVG": _aggregate(lambda items: math.fsum(items) / len(items)),
    "MIN": _aggregate(min),
    "MAX": _aggregate(max),
    "STDDEV": _aggregate(statistics.pstdev),
    "ABS": _elementwise(abs),
    "CEIL": _elementwise(math.ceil),
    "FLOOR": _elementwise(math.floor),
    "DIFF": lambda reader, arguments: reader.apply(_differences, arguments[0]),
    "RATE": lambda reader, arguments: reader.each(
        lambda value: value / reader.period, reader.apply(_differences, arguments[0])
    ),
    "RUNNING_SUM": lambda reader, arguments: reader.apply(_running_sum, arguments[0]),
    "PERIOD": lambda reader, _: float(reader.period),
    "TIME_SERIES": lambda reader, arguments: reader.vector(arguments[0]),
    "DATAPOINT_COUNT": lambda reader, arguments: float(sum(item is not None for item in reader.vector(arguments[0]))),
}
