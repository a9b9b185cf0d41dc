"""Tags in a fixed order.

Clients send tags from unordered maps, so that two recordings of the same apply would differ for no reason.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

_FORM_TAG = re.compile(r"^(?P<list>.*)\.(?P<number>\d+)\.(?P<part>Key|Value)$")
_XML_TAG = re.compile(r"<Tag>.*?</Tag>", re.DOTALL)
_PAIRS = ({"Key", "Value"}, {"key", "value"}, {"TagKey", "TagValue"})


def in_order(decoded: Mapping[str, Any]) -> dict[str, Any]:
    """A decoded body (`form`, `json` or `text`) with every list of tags sorted by key."""
    sorters: dict[str, Callable[[Any], Any]] = {"form": _form, "json": _json, "text": _xml}
    return {name: sorters[name](value) if name in sorters else value for name, value in decoded.items()}


def _form(fields: Mapping[str, str]) -> dict[str, str]:
    lists: dict[str, dict[str, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
    for name, value in fields.items():
        found = _FORM_TAG.match(name)
        if found:
            lists[found["list"]][found["number"]][found["part"]] = value
    result = dict(fields)
    for prefix, tags in lists.items():
        ordered = sorted(tags.values(), key=lambda tag: tag.get("Key", ""))
        if not all("Key" in tag for tag in ordered):
            continue
        for number, tag in zip(sorted(tags, key=int), ordered, strict=True):
            for part in ("Key", "Value"):
                result.pop(f"{prefix}.{number}.{part}", None)
                if part in tag:
                    result[f"{prefix}.{number}.{part}"] = tag[part]
    return result


def _json(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _json(each) for name, each in value.items()}
    if isinstance(value, list):
        ordered = [_json(each) for each in value]
        if all(isinstance(each, dict) and set(each) in _PAIRS for each in ordered):
            return sorted(ordered, key=lambda tag: str(tag[min(tag)]))
        return ordered
    return value


def _xml(text: str) -> str:
    tags = iter(sorted(_XML_TAG.findall(text)))
    return _XML_TAG.sub(lambda _: next(tags), text)
