"""Which environment variables an application's sources and compose files read."""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_NAME = re.compile(r"[A-Z][A-Z0-9_]*")
_SUBSTITUTED = re.compile(r"(?<!\$)\$(?:\{(?P<braced>[A-Za-z_]\w*)(?P<rest>[^}]*)\}|(?P<bare>[A-Za-z_]\w*))")
_PASSED = re.compile(r"^\s+-\s+[\"']?(?P<name>[A-Z][A-Z0-9_]*)[\"']?\s*$")
_ENVIRON = frozenset({"environ", "env"})
_GIVEN = frozenset({"PATH", "HOME", "USER", "PWD", "LANG", "TZ", "HOSTNAME", "TMPDIR", "PYTHONUNBUFFERED"})
"""Variables that a system gives every process."""


@dataclass(frozen=True)
class Read:
    """A place that reads a variable.

    Args:
        name: of the variable.
        path: the file.
        line: 1-based.
        has_default: whether something else is taken where it is not set.
    """

    name: str
    path: str
    line: int
    has_default: bool

    @property
    def place(self) -> str:
        """``file:line``."""
        return f"{self.path}:{self.line}"


def in_compose(path: str, text: str) -> Iterator[Read]:
    """What a compose file takes from the environment: ``${NAME}``, and names under ``environment`` without a value.

    Source: https://docs.docker.com/reference/compose-file/interpolation/
    """
    for number, line in enumerate(text.splitlines(), 1):
        bare = re.sub(r"(^|\s)#.*$", "", line)
        for match in _SUBSTITUTED.finditer(bare):
            rest = match["rest"] or ""
            yield Read(match["braced"] or match["bare"], path, number, rest.startswith((":-", "-", ":+", "+")))
        if passed := _PASSED.match(bare):
            yield Read(passed["name"], path, number, True)


def in_sources(sources: Iterable[tuple[str, str]]) -> list[Read]:
    """What Python sources read.

    That is by ``os.environ``, ``os.getenv``, fields of a pydantic ``BaseSettings``, and by functions of theirs that
    look their argument up there.

    Args:
        sources: path and text; a text that is no Python is left out, its own tests tell that.
    """
    trees = []
    for path, text in sources:
        try:
            trees.append((path, ast.parse(text)))
        except SyntaxError:
            continue
    readers = _readers(tree for _, tree in trees)
    return sorted(
        {
            Read(name, path, line, default)
            for path, tree in trees
            for name, line, default in _reads(tree, readers)
            if _NAME.fullmatch(name) and name not in _GIVEN
        },
        key=lambda item: (item.name, item.path, item.line),
    )


def _readers(trees: Iterable[ast.Module]) -> dict[str, int]:
    """Functions that look a parameter up in the environment, and which one, counted without ``self``."""
    functions = [
        node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    readers: dict[str, int] = {"getenv": 0}
    while True:
        found = {item.name: place for item in functions if (place := _looked_up(item, readers)) is not None}
        if found.items() <= readers.items():
            return readers
        readers |= found


def _looked_up(function: ast.FunctionDef | ast.AsyncFunctionDef, readers: dict[str, int]) -> int | None:
    names = [argument.arg for argument in function.args.args if argument.arg not in ("self", "cls")]
    for node in ast.walk(function):
        key = _key(node, readers)
        if isinstance(key, ast.Name) and key.id in names:
            return names.index(key.id)
    return None


def _key(node: ast.AST, readers: dict[str, int]) -> ast.expr | None:
    """The expression whose value is looked up in the environment by a node, if it does such a thing."""
    if isinstance(node, ast.Subscript) and _is_environ(node.value):
        return node.slice
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.In | ast.NotIn):
        return node.left if _is_environ(node.comparators[0]) else None
    if not isinstance(node, ast.Call):
        return None
    place = 0
    if isinstance(node.func, ast.Attribute) and _is_environ(node.func.value):
        if node.func.attr not in ("get", "pop", "setdefault"):
            return None
    else:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name not in readers:
            return None
        place = readers[name]
    return node.args[place] if len(node.args) > place else None


def _is_environ(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return name in _ENVIRON


def _reads(tree: ast.Module, readers: dict[str, int]) -> Iterator[tuple[str, int, bool]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield from _fields(node)
        if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            continue
        key = _key(node, readers)
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield key.value, key.lineno, _has_default(node)


def _has_default(node: ast.AST) -> bool:
    """Whether a look-up does without the variable: it asks whether it is there, or names another value."""
    if isinstance(node, ast.Call):
        is_get = isinstance(node.func, ast.Attribute) and _is_environ(node.func.value)
        return is_get or len(node.args) > 1 or bool(node.keywords)
    return isinstance(node, ast.Compare)


def _fields(node: ast.ClassDef) -> Iterator[tuple[str, int, bool]]:
    """Fields of a settings class of pydantic: upper case by custom, read under their own names."""
    bases = {base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "") for base in node.bases}
    if "BaseSettings" not in bases:
        return
    for field in node.body:
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            name = field.target.id.upper()
            if name != "MODEL_CONFIG":
                yield name, field.lineno, field.value is not None
