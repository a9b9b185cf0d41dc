"""Files that appear whole or not at all."""

import json
import os
import tempfile
from collections.abc import Iterable
from itertools import chain
from pathlib import Path


def write_whole(path: Path, text: str, *, private: bool = False) -> None:
    """Write a file so that a reader sees the old one or the new one, never a part: beside it, then moved.

    Args:
        path: the file; its folder is made if need be.
        text: what it will hold.
        private: readable by this user alone.
    """
    _write(path, (text,), private)


def _write(path: Path, parts: Iterable[str], private: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.writelines(parts)
        Path(name).chmod(0o600 if private else 0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_json(path: Path, data: object) -> None:
    """Write JSON for machines and eyes, whole (see :func:`write_whole`)."""
    # Piece by piece: the whole text of many verdicts, and its pieces beside it, would take several times their memory.
    encoder = json.JSONEncoder(indent=2, ensure_ascii=False)
    _write(path, chain(encoder.iterencode(data), ("\n",)), private=False)
