"""Functions on lists and maps."""

from skyworthy.declared.evaluation.expressions import index_of, pairs_of
from skyworthy.declared.evaluation.functions.table import function
from skyworthy.declared.evaluation.values import (
    Failure,
    Lazy,
    because,
    equal,
    fingerprint,
    kind,
    to_bool,
    to_number,
    to_text,
    undetermined,
)
from skyworthy.estate.values import Reference, Template, Unknown, Value


@function("length", "nothing")
def length(value: Value) -> Value:
    """``length``."""
    if undetermined(value):
        return because(value)
    if isinstance(value, (str, list, dict)):
        return len(value)
    raise Failure(f"length: a collection is needed, not {kind(value)}")


@function("concat", "nothing")
def concat(*lists: Value) -> Value:
    """``concat``."""
    blank = next((item for item in lists if undetermined(item)), None)
    if blank is not None:
        return because(blank)
    return [element for items in lists for element in items]


@function("flatten", "nothing")
def flatten(items: Value) -> Value:
    """``flatten``; a list among the elements that is unknown makes the whole unknown."""
    if undetermined(items):
        return because(items)
    result: list[Value] = []
    for item in items:
        if isinstance(item, list):
            inner = flatten(item)
            if undetermined(inner):
                return inner
            result += inner
        elif isinstance(item, Unknown):
            return item
        else:
            result.append(item)
    return result


@function("merge", "nothing")
def merge(*maps: Value) -> Value:
    """``merge``; null counts as an empty map."""
    result: dict[str, Value] = {}
    for item in maps:
        if undetermined(item):
            return because(item)
        if isinstance(item, Lazy):
            pairs = pairs_of(item)
            result.update(pairs if not isinstance(pairs, Unknown) else ())
        elif isinstance(item, dict):
            result.update(item)
        elif item is not None:
            raise Failure(f"merge: a map is needed, not {kind(item)}")
    return result


@function("keys")
def keys(items: Value) -> Value:
    """``keys``."""
    return [key for key, _ in _pairs(items)]


@function("values")
def values(items: Value) -> Value:
    """``values``, in the order of the keys."""
    return [value for _, value in _pairs(items)]


def _pairs(items: Value) -> list[tuple[Value, Value]]:
    if not isinstance(items, (dict, Lazy)):
        raise Failure(f"a map is needed, not {kind(items)}")
    pairs = pairs_of(items)
    return [] if isinstance(pairs, Unknown) else pairs


@function("lookup", "nothing")
def lookup(items: Value, key: Value, *default: Value) -> Value:
    """``lookup``."""
    if isinstance(items, Unknown) or undetermined(key):
        return because(items if isinstance(items, Unknown) else key)
    try:
        found = index_of(items, key)
    except Failure:
        if not default:
            raise
        return default[0]
    return found


@function("element", "nothing")
def element(items: Value, index: Value) -> Value:
    """``element``: the index wraps around."""
    if undetermined(index) or undetermined(items):
        if isinstance(items, Reference) and not undetermined(index):
            return Reference(items.address, f"{items.attribute}.{index}")
        return because(index if undetermined(index) else items)
    if not items:
        raise Failure("element: the list is empty")
    return items[to_number(index) % len(items)]


@function("slice", "nothing")
def slice_list(items: Value, start: Value, end: Value) -> Value:
    """``slice``; of a computed list the elements that it must have."""
    blank = next((bound for bound in (start, end) if undetermined(bound)), None)
    if blank is not None or isinstance(items, (Unknown, Template)):
        return because(blank if blank is not None else items)
    if isinstance(items, Reference):
        return [Reference(items.address, f"{items.attribute}.{position}") for position in range(start, end)]
    if not 0 <= start <= end <= len(items):
        raise Failure(f"slice: {start} to {end} is outside a list of {len(items)}")
    return list(items[start:end])


@function("contains", "nothing")
def contains(items: Value, wanted: Value) -> Value:
    """``contains``."""
    if undetermined(items):
        return because(items)
    blank: Value = None
    for item in items:
        answer = equal(item, wanted)
        if answer is True:
            return True
        blank = answer if undetermined(answer) and blank is None else blank
    return False if blank is None else because(blank)


@function("index", "contents")
def index(items: Value, wanted: Value) -> Value:
    """``index``."""
    for position, item in enumerate(items):
        if equal(item, wanted) is True:
            return position
    raise Failure("index: the list does not hold the value")


@function("distinct")
def distinct(items: Value) -> Value:
    """``distinct``."""
    kept: dict[str, Value] = {}
    for item in items:
        kept.setdefault(fingerprint(item), item)
    return list(kept.values())


@function("compact")
def compact(items: Value) -> Value:
    """``compact``: without null and empty strings."""
    result: list[Value] = []
    for item in items:
        if isinstance(item, Unknown):
            return item
        if undetermined(item) or item not in (None, ""):
            result.append(item)
    return result


@function("coalesce", "nothing")
def coalesce(*candidates: Value) -> Value:
    """``coalesce``: the first that is neither null nor empty."""
    for candidate in candidates:
        if isinstance(candidate, Unknown):
            return candidate
        if undetermined(candidate) or candidate not in (None, ""):
            return candidate
    raise Failure("coalesce: every argument is null or empty")


@function("coalescelist", "nothing")
def coalescelist(*candidates: Value) -> Value:
    """``coalescelist``: the first that is not empty."""
    for candidate in candidates:
        if undetermined(candidate) or candidate:
            return candidate
    raise Failure("coalescelist: every list is empty")


@function("one")
def one(items: Value) -> Value:
    """``one``."""
    if isinstance(items, list) and len(items) <= 1:
        return items[0] if items else None
    if isinstance(items, list):
        raise Failure(f"one: the list has {len(items)} elements")
    return items


@function("zipmap")
def zipmap(names: Value, items: Value) -> Value:
    """``zipmap``."""
    blank = next((name for name in names if undetermined(name)), None)
    if blank is not None:
        return because(blank)
    return dict(zip((to_text(name) for name in names), items, strict=True))


@function("range")
def number_range(*bounds: Value) -> Value:
    """``range``, of at most 1024 elements as in Terraform."""
    numbers = [to_number(bound) for bound in bounds]
    start, end = (0, numbers[0]) if len(numbers) == 1 else (numbers[0], numbers[1])
    step = numbers[2] if len(numbers) > 2 else (1 if end >= start else -1)
    result: list[Value] = []
    while (start < end if step > 0 else start > end) and len(result) <= 1024:
        result.append(start)
        start += step
    if len(result) > 1024:
        raise Failure("range: more than 1024 elements")
    return result


@function("reverse")
def reverse(items: Value) -> Value:
    """``reverse``."""
    return list(items)[::-1]


@function("chunklist")
def chunklist(items: Value, size: Value) -> Value:
    """``chunklist``."""
    return [items[start : start + size] for start in range(0, len(items), size or len(items) or 1)]


@function("transpose", "contents")
def transpose(items: Value) -> Value:
    """``transpose``."""
    result: dict[str, list[Value]] = {}
    for key, names in sorted(items.items()):
        for name in names:
            result.setdefault(name, []).append(key)
    return result


@function("matchkeys", "contents")
def matchkeys(items: Value, names: Value, wanted: Value) -> Value:
    """``matchkeys``."""
    return [item for item, name in zip(items, names, strict=True) if name in wanted]


@function("alltrue")
def alltrue(items: Value) -> Value:
    """``alltrue``."""
    return _quantified(items, settling=False)


@function("anytrue")
def anytrue(items: Value) -> Value:
    """``anytrue``."""
    return _quantified(items, settling=True)


def _quantified(items: Value, *, settling: bool) -> Value:
    answers = [item if undetermined(item) or item is None else to_bool(item) for item in items]
    if any(answer is settling for answer in answers):
        return settling
    return next((because(answer) for answer in answers if undetermined(answer)), not settling)


@function("sum", "contents")
def total(items: Value) -> Value:
    """``sum``."""
    return sum(to_number(item) for item in items)


@function("setproduct")
def setproduct(*collections: Value) -> Value:
    """``setproduct``."""
    rows: list[list[Value]] = [[]]
    for collection in collections:
        rows = [[*row, item] for row in rows for item in collection]
    return rows
