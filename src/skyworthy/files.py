"""Files that appear whole or not at all."""

import json
import os
import tempfile
from pathlib import Path


def write_whole(path: Path, text: str, *, private: bool = False) -> None:
    """Write a file so that a reader sees the old one or the new one, never a part: beside it, then moved.

    Args:
        path: the file; its folder is made if need be.
        text: what it will hold.
        private: readable by this user alone.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o600 if private else 0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_json(path: Path, data: object) -> None:
    """Write JSON for machines and eyes, whole (see :func:`write_whole`)."""
    write_whole(path, json.dumps(data, indent=2, ensure_ascii=False) + "\n")
