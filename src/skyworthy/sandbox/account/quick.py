"""Keeps what moto and botocore would look up again at every request, or read twice: half of a replay's time.

Only for the server process: moto extends the models that botocore then shares.
"""

import gzip
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from botocore.loaders import JSONFileLoader
from moto import backends
from moto.core import loaders, utils


def install() -> None:
    """Replace the slow look-ups."""
    modules = tuple(backends.list_of_moto_modules())
    _replace(backends, "list_of_moto_modules", lambda: modules)
    _replace(utils, "create_loader", cache(loaders.create_loader))
    _replace(JSONFileLoader, "load_file", _load_file)


def _replace(owner: Any, name: str, function: Callable[..., Any]) -> None:
    setattr(owner, name, function)


def _load_file(_: JSONFileLoader, file_path: str) -> Any:
    return _read(file_path)


@cache
def _read(file_path: str) -> Any:
    """A model file, plain or compressed, parsed once for all loaders; None where there is none."""
    for path, opener in ((Path(f"{file_path}.json"), Path.read_bytes), (Path(f"{file_path}.json.gz"), _unzip)):
        if path.is_file():
            return json.loads(opener(path))
    return None


def _unzip(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes())
