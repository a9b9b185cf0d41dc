"""JSON documents with computed values in them."""

import json
import re
from typing import Any

from skyworthy.estate.values import Reference, Template, Unknown, Value, split_text

# Private-use characters that no policy holds mark the place of a part; a JSON string may hold them as they are.
_OPEN, _CLOSE = "\ue000", "\ue001"
_PLACE = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


def decode_json(text: "str | Template") -> Value:
    """The data of a JSON text, with references and unknowns in their places.

    Raises:
        ValueError: where it is not JSON.
    """
    if isinstance(text, str):
        return json.loads(text)
    blanks: list[Reference | Unknown] = []
    marked: list[str] = []
    for part in text.parts:
        if isinstance(part, str):
            marked.append(part)
        else:
            marked.append(f"{_OPEN}{len(blanks)}{_CLOSE}")
            blanks.append(part)
    return _restore(json.loads(_quoted("".join(marked))), blanks)


def _quoted(text: str) -> str:
    """The text with every place that stands outside a JSON string made one, as a number or list would stand there."""
    result: list[str] = []
    end = 0
    for string in _STRING.finditer(text):
        result += [_PLACE.sub(r'"\g<0>"', text[end : string.start()]), string.group()]
        end = string.end()
    return "".join([*result, _PLACE.sub(r'"\g<0>"', text[end:])])


def _restore(data: Any, blanks: "list[Reference | Unknown]") -> Value:
    if isinstance(data, str) and _OPEN in data:
        return split_text(data, _PLACE, lambda match: blanks[int(match[1])])
    if isinstance(data, dict):
        return {str(_restore(key, blanks)): _restore(item, blanks) for key, item in data.items()}
    if isinstance(data, list):
        return [_restore(item, blanks) for item in data]
    return data
