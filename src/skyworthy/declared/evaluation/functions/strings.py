"""String functions."""

import re

from skyworthy.declared.evaluation.functions.table import function
from skyworthy.declared.evaluation.values import (
    Failure,
    because,
    join_text,
    number_text,
    sort_key,
    to_number,
    to_text,
    undetermined,
)
from skyworthy.estate.values import Template, Undecidable, Unknown, Value

_CLASS = re.compile(r"\[:(\w+):\]")
_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": r"\t ",
    "digit": "0-9",
    "lower": "a-z",
    "space": r"\s",
    "upper": "A-Z",
    "word": r"\w",
    "xdigit": "0-9A-Fa-f",
}
"""Classes of characters that RE2 knows by name."""
_VERB = re.compile(r"%(?P<flags>[-+ 0#]*)(?P<width>\d+)?(?:\.(?P<precision>\d+))?(?P<verb>[a-zA-Z%])")


@function("format", "nothing")
def format_text(specification: Value, *arguments: Value) -> Value:
    """``format``; blanks keep their places behind ``%s`` and ``%v``."""
    if undetermined(specification):
        return because(specification)
    parts: list[Value] = []
    end, left = 0, list(arguments)
    for match in _VERB.finditer(specification):
        parts.append(specification[end : match.start()])
        end = match.end()
        if match["verb"] == "%":
            parts.append("%")
        elif left:
            parts.append(_formatted(match, left.pop(0)))
        else:
            raise Failure("format: not enough arguments")
    return join_text([*parts, specification[end:]])


def _formatted(match: "re.Match[str]", value: Value) -> Value:
    verb = match["verb"]
    if undetermined(value):
        return value if verb in "svd" and not match["width"] else because(value)
    precision = f".{match['precision']}" if match["precision"] else ""
    if verb in "sv":
        text = to_text(value) if not isinstance(value, (list, dict)) else _json(value)
        return f"%{match['flags']}{match['width'] or ''}{precision}s" % text
    if verb == "q":
        return _json(to_text(value))
    if verb == "t":
        return to_text(value)
    number = to_number(value)
    if verb == "d":
        number, precision = int(number), ""
    if verb == "b":
        return format(int(number), "b").rjust(int(match["width"] or 0), "0")
    return f"%{match['flags']}{match['width'] or ''}{precision}{verb}" % number


def _json(value: Value) -> str:
    import json

    return json.dumps(value, separators=(",", ":"))


@function("formatlist", "nothing")
def formatlist(specification: Value, *arguments: Value) -> Value:
    """``formatlist``."""
    blank = next((argument for argument in arguments if isinstance(argument, Unknown)), None)
    if blank is not None:
        return blank
    length = max((len(argument) for argument in arguments if isinstance(argument, list)), default=1)
    rows = [[item[row] if isinstance(item, list) else item for item in arguments] for row in range(length)]
    return [format_text(specification, *row) for row in rows]


@function("join", "nothing")
def join(separator: Value, *lists: Value) -> Value:
    """``join``; blanks in the list keep their places."""
    blank = next((item for item in (separator, *lists) if undetermined(item)), None)
    if blank is not None:
        return because(blank)
    parts: list[Value] = []
    for item in (element for items in lists for element in items):
        parts += [separator, item] if parts else [item]
    return join_text(parts)


@function("split", "nothing")
def split(separator: Value, text: Value) -> Value:
    """``split``; a template is split at the separators in its literal parts."""
    if undetermined(separator) or (undetermined(text) and not isinstance(text, Template)):
        return because(separator if undetermined(separator) else text)
    if not isinstance(text, Template):
        return to_text(text).split(separator)
    if text.references:
        return because(text)  # an ARN holds separators itself
    pieces: list[list[Value]] = [[]]
    for part in text.parts:
        if not isinstance(part, str):
            pieces[-1].append(part)
            continue
        first, *rest = part.split(separator)
        pieces[-1].append(first)
        pieces += [[piece] for piece in rest]
    return [join_text(piece) for piece in pieces]


@function("lower")
def lower(text: Value) -> Value:
    """``lower``."""
    return to_text(text).lower()


@function("upper")
def upper(text: Value) -> Value:
    """``upper``."""
    return to_text(text).upper()


@function("title")
def title(text: Value) -> Value:
    """``title``."""
    return re.sub(r"\b\w", lambda match: match.group().upper(), to_text(text))


@function("replace")
def replace(text: Value, search: Value, replacement: Value) -> Value:
    """``replace``; a search between slashes is a regular expression."""
    if len(search) > 1 and search.startswith("/") and search.endswith("/"):
        return _pattern(search[1:-1]).sub(re.sub(r"\$(\d+|\{\w+\})", _group, replacement), to_text(text))
    return to_text(text).replace(search, replacement)


def _group(match: "re.Match[str]") -> str:
    return f"\\g<{match[1].strip('{}')}>"


def _pattern(text: str) -> "re.Pattern[str]":
    """A pattern in the syntax of RE2 (https://github.com/google/re2/wiki/Syntax), where this engine can follow it."""
    translated = _CLASS.sub(lambda match: _CLASSES.get(match[1], match[0]), text)
    try:
        if "[:" in translated:
            raise Undecidable(f"the pattern {text!r} is not evaluated")
        return re.compile(translated, re.ASCII)
    except re.error as error:
        raise Undecidable(f"the pattern {text!r} is not evaluated: {error}") from error


@function("regex")
def regex(pattern: Value, text: Value) -> Value:
    """``regex``."""
    match = _pattern(pattern).search(to_text(text))
    if match is None:
        raise Failure(f"{text!r} does not match {pattern!r}")
    return _groups(match)


def _groups(match: "re.Match[str]") -> Value:
    if match.groupdict():
        return dict(match.groupdict())
    return list(match.groups()) if match.groups() else match.group()


@function("regexall")
def regexall(pattern: Value, text: Value) -> Value:
    """``regexall``."""
    return [_groups(match) for match in _pattern(pattern).finditer(to_text(text))]


@function("substr")
def substr(text: Value, offset: Value, length: Value) -> Value:
    """``substr``."""
    start = offset if offset >= 0 else max(0, len(text) + offset)
    return text[start:] if length < 0 else text[start : start + length]


@function("trim")
def trim(text: Value, cutset: Value) -> Value:
    """``trim``."""
    return to_text(text).strip(cutset)


@function("trimspace")
def trimspace(text: Value) -> Value:
    """``trimspace``."""
    return to_text(text).strip()


@function("chomp")
def chomp(text: Value) -> Value:
    """``chomp``."""
    return to_text(text).rstrip("\r\n")


def _prefix_test(text: Value, affix: Value, method: str) -> Value:
    if isinstance(text, Template) and isinstance(affix, str):
        literal = text.parts[0] if method == "startswith" else text.parts[-1]
        if isinstance(literal, str) and len(literal) >= len(affix):
            return getattr(literal, method)(affix)
    blank = next((item for item in (text, affix) if undetermined(item)), None)
    return because(blank) if blank is not None else getattr(to_text(text), method)(affix)


@function("startswith", "nothing")
def startswith(text: Value, prefix: Value) -> Value:
    """``startswith``."""
    return _prefix_test(text, prefix, "startswith")


@function("endswith", "nothing")
def endswith(text: Value, suffix: Value) -> Value:
    """``endswith``."""
    return _prefix_test(text, suffix, "endswith")


def _trimmed(text: Value, affix: Value, method: str) -> Value:
    at = 0 if method == "removeprefix" else -1
    if isinstance(text, Template) and isinstance(affix, str):
        parts = list(text.parts)
        literal = parts[at]
        if isinstance(literal, str) and len(literal) >= len(affix):
            parts[at] = getattr(literal, method)(affix)
            return join_text(list(parts))
    blank = next((item for item in (text, affix) if undetermined(item)), None)
    return because(blank) if blank is not None else getattr(to_text(text), method)(affix)


@function("trimprefix", "nothing")
def trimprefix(text: Value, prefix: Value) -> Value:
    """``trimprefix``."""
    return _trimmed(text, prefix, "removeprefix")


@function("trimsuffix", "nothing")
def trimsuffix(text: Value, suffix: Value) -> Value:
    """``trimsuffix``."""
    return _trimmed(text, suffix, "removesuffix")


@function("strcontains")
def strcontains(text: Value, part: Value) -> Value:
    """``strcontains``."""
    return part in to_text(text)


@function("strrev")
def strrev(text: Value) -> Value:
    """``strrev``."""
    return to_text(text)[::-1]


@function("indent", "nothing")
def indent(spaces: Value, text: Value) -> Value:
    """``indent``: every line but the first."""
    if undetermined(spaces) or isinstance(text, Unknown):
        return because(spaces if undetermined(spaces) else text)
    padding = "\n" + " " * spaces
    parts = text.parts if isinstance(text, Template) else [text]
    return join_text([part.replace("\n", padding) if isinstance(part, str) else part for part in parts])


@function("sort", "contents")
def sort(items: Value) -> Value:
    """``sort``: strings in lexical order."""
    return sorted((to_text(item) for item in items), key=sort_key)


@function("parseint")
def parseint(text: Value, base: Value) -> Value:
    """``parseint``."""
    return int(number_text(text) if isinstance(text, (int, float)) else text, base)
