"""Functions that read files.

The paths that are read are noted through the module that calls, see ``Module.call``; here stands only what is done
with a file's bytes.
"""

import base64
import hashlib
import posixpath

from skyworthy.declared.evaluation.functions.table import function
from skyworthy.declared.evaluation.values import Failure
from skyworthy.estate.values import Value

FILE_READERS = (
    *("file", "filebase64", "filemd5", "filesha1", "filesha256", "filesha512"),
    *("filebase64sha256", "filebase64sha512"),
)


def contents(name: str, data: bytes) -> Value:
    """What a function of FILE_READERS gives for a file of these bytes.

    Raises:
        Failure: where ``file`` is asked for bytes that are not UTF-8.
    """
    if name == "file":
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            raise Failure("file: not UTF-8 text") from None
    if name == "filebase64":
        return base64.b64encode(data).decode()
    digest = hashlib.new(name.removeprefix("file").removeprefix("base64"), data, usedforsecurity=False)
    return base64.b64encode(digest.digest()).decode() if "base64" in name else digest.hexdigest()


@function("basename")
def basename(path: Value) -> Value:
    """``basename``."""
    return posixpath.basename(path)


@function("dirname")
def dirname(path: Value) -> Value:
    """``dirname``."""
    return posixpath.dirname(path) or "."


@function("pathexpand")
def pathexpand(path: Value) -> Value:
    """``pathexpand``."""
    return path
