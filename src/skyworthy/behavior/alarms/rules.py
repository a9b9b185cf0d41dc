"""The rule of a composite alarm: which states of other alarms put it into ALARM.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
"""

import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from skyworthy.behavior.alarms.evaluation import State
from skyworthy.estate import Reference, Template, Unknown, Value
from skyworthy.estate.values import split_text

MOST_CHILDREN = 100
"""How many alarms a rule may name."""
_LONGEST = 10240
_DEEPEST = 100

StateOf = Callable[[Value], State]
"""From a child, as the rule names it (text, or a Reference or Template in the code), to its state."""


class MalformedRule(ValueError):
    """A rule that CloudWatch refuses; its text says why, a clause."""


@dataclass(frozen=True)
class Rule:
    """A rule that was read.

    Args:
        children: the alarms that it names, by name or ARN, each once, in reading order.
        holds: whether it is true, given the state of each child.
    """

    children: tuple[Value, ...]
    holds: Callable[[StateOf], bool]

    def state(self, states: "Mapping[str, State] | StateOf") -> State:
        """The composite alarm's state: ALARM where the rule is true, else OK.

        Args:
            states: by the text that the rule uses (name or ARN), a child that is not there counting as
                INSUFFICIENT_DATA; or a function.
        """
        if isinstance(states, Mapping):
            known = states
            return self.state(lambda child: known.get(child, State.INSUFFICIENT_DATA))
        return State.ALARM if self.holds(states) else State.OK

    def set_off_by(self, child: Value) -> bool:
        """Whether an alarm that fires may make the rule true: whether it is so in some world, and not without it.

        Beyond a dozen children only worlds are tried in which all others are alike; where these do not tell, it may.
        """
        own = next((item for item in self.children if _same(item, child)), child)
        others = [item for item in self.children if item is not own]
        few = len(others) <= _FEW
        worlds = itertools.product(_TRIED, repeat=len(others)) if few else ((state,) * len(others) for state in _TRIED)
        for world in worlds:
            states = dict(zip(map(id, others), world, strict=True))
            if self._differs(states):
                return True
        return not few

    def _differs(self, states: Mapping[int, State]) -> bool:
        def holds(own: State) -> bool:
            return self.holds(lambda item: states.get(id(item), own))

        return holds(State.ALARM) and not holds(State.OK)


_FEW = 10
_TRIED = (State.OK, State.ALARM)


def parse_rule(rule: Value) -> Rule:
    """Read a rule: ``ALARM("a") AND (NOT OK(b) OR TRUE)``.

    Args:
        rule: text, or a Template where it is built with references.

    Raises:
        MalformedRule: where CloudWatch would refuse it.
        Undecidable: where a part of it is unknown.
    """
    parts = rule.parts if isinstance(rule, Template) else (rule,)
    references: list[Reference] = []
    text = ""
    for part in parts:
        if isinstance(part, Unknown):
            raise part.undecidable()
        if isinstance(part, Reference):
            text += f"\0{len(references)}\0"
            references.append(part)
        elif isinstance(part, str):
            text += part
        else:
            raise MalformedRule("it is no text")
    return _Reader(text, references).whole()


_TOKEN = re.compile(r"\s*(?P<word>[A-Za-z_]+|[(),]|\d+%?)")
_CHILD = re.compile(
    r"\s*(?:\"(?P<double>(?:[^\"\\]|\\.)*)\"|'(?P<single>(?:[^'\\]|\\.)*)'|(?P<bare>[^\s\"'(),][^(),]*))\s*"
)
_ESCAPED = re.compile(r"\\(.)")
_PLACEHOLDER = re.compile("\0(\\d+)\0")
_STATES = {state.value: state for state in State}

_Test = Callable[[StateOf], bool]


@dataclass
class _Reader:
    """A recursive-descent reader; NOT binds closest, then AND, then OR."""

    text: str
    references: list[Reference]
    place: int = 0
    depth: int = 0

    def __post_init__(self) -> None:
        self.children: list[Value] = []

    def whole(self) -> Rule:
        if len(self.text) > _LONGEST:
            raise MalformedRule(f"it has {len(self.text)} characters, at most {_LONGEST} are allowed")
        test = self._any()
        if self.text[self.place :].strip():
            raise self._refusal()
        if len(self.children) > MOST_CHILDREN:
            raise MalformedRule(f"it names {len(self.children)} alarms, at most {MOST_CHILDREN} are allowed")
        return Rule(tuple(self.children), test)

    def _refusal(self) -> MalformedRule:
        rest = _PLACEHOLDER.sub(lambda match: str(self.references[int(match[1])]), self.text[self.place :]).strip()
        return MalformedRule(f"it cannot be read at {rest[:40]!r}" if rest else "it ends too early")

    def _peek(self) -> str:
        match = _TOKEN.match(self.text, self.place)
        return match["word"].upper() if match else ""

    def _take(self, wanted: str = "") -> str:
        match = _TOKEN.match(self.text, self.place)
        if match is None or (wanted and match["word"].upper() != wanted):
            raise self._refusal()
        self.place = match.end()
        return match["word"].upper()

    def _any(self) -> _Test:
        tests = [self._all()]
        while self._peek() == "OR":
            self._take()
            tests.append(self._all())
        return lambda states: any(test(states) for test in tests)

    def _all(self) -> _Test:
        tests = [self._one()]
        while self._peek() == "AND":
            self._take()
            tests.append(self._one())
        return lambda states: all(test(states) for test in tests)

    def _one(self) -> _Test:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise MalformedRule(f"it is nested deeper than {_DEEPEST} levels")
        test = self._bare()
        self.depth -= 1
        return test

    def _bare(self) -> _Test:
        word = self._peek()
        if word == "NOT":
            self._take()
            negated = self._one()
            return lambda states: not negated(states)
        if word == "(":
            self._take()
            inside = self._any()
            self._take(")")
            return inside
        if word in ("TRUE", "FALSE"):
            self._take()
            return lambda _: word == "TRUE"
        if word == "AT_LEAST":
            return self._at_least()
        if word not in _STATES:
            raise self._refusal()
        self._take()
        self._take("(")
        child = self._child()
        self._take(")")
        return lambda states: states(child) is _STATES[word]

    def _at_least(self) -> _Test:
        """``AT_LEAST(2, ALARM, (a, b, c))``, ``AT_LEAST(50%, NOT OK, (a, b))``."""
        for wanted in ("AT_LEAST", "("):
            self._take(wanted)
        number = self._take()
        if not number[0].isdigit():
            raise self._refusal()
        self._take(",")
        negated = self._peek() == "NOT"
        if negated:
            self._take()
        state = _STATES.get(self._take())
        if state is None:
            raise self._refusal()
        for wanted in (",", "("):
            self._take(wanted)
        children = [self._child()]
        while self._peek() == ",":
            self._take()
            children.append(self._child())
        for wanted in (")", ")"):
            self._take(wanted)
        share = int(number.rstrip("%"))
        least = share * len(children) / 100 if number.endswith("%") else share
        return lambda states: sum((states(child) is state) != negated for child in children) >= least

    def _child(self) -> Value:
        match = _CHILD.match(self.text, self.place)
        if match is None:
            raise self._refusal()
        self.place = match.end()
        quoted = match["double"] if match["double"] is not None else match["single"]
        name = match["bare"].strip() if quoted is None else _ESCAPED.sub(r"\1", quoted)
        child = split_text(name, _PLACEHOLDER, lambda found: self.references[int(found[1])])
        if not name:
            raise MalformedRule("it names an alarm without a name")
        known = next((other for other in self.children if _same(child, other)), None)
        if known is None:
            self.children.append(child)
        return child if known is None else known


def _same(first: Value, second: Value) -> bool:
    return type(first) is type(second) and hash(first) == hash(second) and bool(first == second)
