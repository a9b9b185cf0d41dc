"""YAML as Terraform's ``yamldecode`` reads it.

Which plain scalars are numbers, booleans or times follows Terraform, not YAML 1.1: ``010`` is ten, ``0o17`` fifteen,
``1_000`` and ``1:30`` are strings, and a time is a string in RFC 3339's form.

Source: https://developer.hashicorp.com/terraform/language/functions/yamldecode
"""

import re
from typing import Any, ClassVar

import yaml

from skyworthy.declared.evaluation.values import normal
from skyworthy.estate.values import Value

_TAG = "tag:yaml.org,2002:"
_IMPLICIT = {
    "null": r"~|null|Null|NULL|",
    "bool": r"y|Y|yes|Yes|YES|on|On|ON|true|True|TRUE|n|N|no|No|NO|off|Off|OFF|false|False|FALSE",
    "int": r"[-+]?[0-9]+|0x[0-9a-fA-F]+|0o[0-7]+",
    "float": r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)",
    "timestamp": r"\d{4}-\d{2}-\d{2}( \d{2}:\d{2}:\d{2})?",
    "merge": r"<<",
}


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML comes without types
    """PyYAML with Terraform's plain scalars."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


def _integer(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node))
    return int(text, 0) if text[:2].lower() in ("0x", "0o") else int(text)


def _truth(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> bool:
    return str(loader.construct_scalar(node)).lower() in ("y", "yes", "on", "true")


def _time(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    date, _, time = str(loader.construct_scalar(node)).partition(" ")
    return f"{date}T{time or '00:00:00'}Z"


for _name, _pattern in _IMPLICIT.items():
    _Loader.add_implicit_resolver(_TAG + _name, re.compile(f"^(?:{_pattern})$"), None)
_Loader.add_constructor(f"{_TAG}int", _integer)
_Loader.add_constructor(f"{_TAG}bool", _truth)
_Loader.add_constructor(f"{_TAG}timestamp", _time)


def decode_yaml(text: str) -> Value:
    """The data of a YAML text of one document.

    Raises:
        ValueError: where it is none, or says what JSON cannot.
    """
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            raise ValueError("there is no document")
        return _plain(loader.construct_document(node))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ValueError(f"line {line}: {error.problem}") from error
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error


def _plain(data: Any) -> Value:
    if isinstance(data, dict):
        return {_key(key): _plain(item) for key, item in data.items()}
    if isinstance(data, list):
        return [_plain(item) for item in data]
    if isinstance(data, float):
        return normal(data)
    if data is None or isinstance(data, (str, bool, int)):
        return data
    raise ValueError(f"{type(data).__name__} is not supported")


def _key(key: Any) -> str:
    if isinstance(key, bool):
        return "true" if key else "false"
    return "null" if key is None else str(key)
