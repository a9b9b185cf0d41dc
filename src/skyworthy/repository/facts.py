"""What controls may ask of a repository, each found out when it is first asked."""

import os
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath

from skyworthy.config import EnvTemplate
from skyworthy.estate import Estate, Undecidable
from skyworthy.repository import history, variables
from skyworthy.repository.credentials import ALLOWED_FILE, Allowed, Found, load_allowed, search
from skyworthy.repository.git import git
from skyworthy.repository.linters import Linter
from skyworthy.repository.markdown import Document
from skyworthy.repository.workflows import ACTION, WORKFLOW

_COMPOSE = ("docker-compose", "compose")
_SHELLS = frozenset({"sh", "bash", "dash", "ksh"})
_TEMPLATES = (".env.template", ".env.example", ".env.sample")


def _silent(_: str) -> None:
    """A progress that tells nobody."""


class Repository:
    """A checkout, and what lies in it.

    Args:
        directory: whose files are judged; in a git checkout, unless a revision is given.
        store: folder for what need not be found out twice.
        env_template: the variables that the application reads, where settings name a template.
        sources: folders of the application's sources, relative to the directory.
        estates: reads what the environments declare, by name.
        git_directory: the checkout, where the files of another revision were put elsewhere.
        revision: that revision.
        progress: told what goes on.
    """

    def __init__(
        self,
        directory: Path,
        store: Path,
        *,
        env_template: EnvTemplate | None = None,
        sources: tuple[str, ...] = (),
        estates: Callable[[], Mapping[str, Estate]] = dict,
        git_directory: Path | None = None,
        revision: str = "",
        progress: Callable[[str], None] = _silent,
    ) -> None:
        self.directory = directory
        self.env_template = env_template
        self.progress = progress
        self._store = store / "repository"
        self._sources = sources
        self._read_estates = estates
        self._git_directory = git_directory or directory
        self._revision = revision

    @cached_property
    def files(self) -> tuple[str, ...]:
        """Every file that is tracked, or would be by ``git add --all``; sorted, relative, with slashes.

        That is of the directory, and of the workflows of the checkout that it is a part of (as ``../.github``).

        Raises:
            Undecidable: it is in no git checkout, git refuses, or there is none.
        """
        if self._revision:
            return tuple(sorted(_below(self.directory)))
        listed = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", ".", ":(top).github")
        names = {os.fsdecode(name) for name in git(self.directory, *listed).split(b"\0") if name}
        found = tuple(sorted(name for name in names if _is_file(self.directory / name)))
        if not found:
            raise Undecidable("the repository holds no file")
        return found

    def content(self, name: str) -> bytes:
        """The bytes of a file; of a symbolic link where it leads to, as git keeps it."""
        path = self.directory / name
        return os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()

    def holds(self, name: str) -> bool:
        """Whether a file or folder is in the repository; one beside the directory, whether it is in the checkout."""
        if not name.startswith("../"):
            return not name or name in self._places
        top = Path(os.fsdecode(git(self.directory, "rev-parse", "--show-toplevel").rstrip(b"\n")))
        path = (self.directory / name).resolve()
        return path.is_relative_to(top.resolve()) and path.exists()

    @cached_property
    def _places(self) -> frozenset[str]:
        folders = {str(folder) for name in self.files for folder in PurePosixPath(name).parents}
        return frozenset(folders.union(self.files))

    def text(self, name: str) -> str:
        """The text of a file; empty for a binary one."""
        content = self.content(name)
        return "" if b"\0" in content[:8000] else content.decode("utf-8", "replace")

    def named(self, *endings: str) -> tuple[str, ...]:
        """The files whose names end so."""
        return tuple(name for name in self.files if name.endswith(endings))

    @cached_property
    def documents(self) -> Mapping[str, Document]:
        """The Markdown files."""
        return {name: Document(self.text(name)) for name in self.named(".md")}

    @cached_property
    def workflows(self) -> tuple[str, ...]:
        """The workflows of GitHub Actions."""
        return tuple(name for name in self.files if WORKFLOW.fullmatch(name))

    @cached_property
    def actions(self) -> tuple[str, ...]:
        """The actions of GitHub Actions that the repository defines."""
        return tuple(name for name in self.files if ACTION.fullmatch(name) and "runs:" in self.text(name))

    @cached_property
    def scripts(self) -> tuple[str, ...]:
        """The shell scripts, by ending or by their first line."""
        return tuple(name for name in self.files if name.endswith((".sh", ".bash")) or self._is_script(name))

    def _is_script(self, name: str) -> bool:
        if "." in name.rpartition("/")[2].lstrip("."):
            return False
        first = self.content(name)[:200].partition(b"\n")[0].decode("utf-8", "replace")
        words = first.removeprefix("#!").split()[:3]
        return first.startswith("#!") and any(word.rpartition("/")[2] in _SHELLS for word in words)

    def lint(self, linter: str, names: tuple[str, ...]) -> list[str]:
        """What a linter says of files, see :class:`~skyworthy.repository.linters.Linter`."""
        return Linter(linter, self._store, self.progress).findings(self.directory, names)

    @cached_property
    def estates(self) -> Mapping[str, Estate]:
        """What the environments declare, by name.

        Raises:
            Undecidable: Terraform that cannot be read.
        """
        return self._read_estates()

    @cached_property
    def templates(self) -> tuple[str, ...]:
        """The files that are named as a template of variables is."""
        return tuple(name for name in self.files if name.rpartition("/")[2] in _TEMPLATES)

    @cached_property
    def variables_in_compose(self) -> tuple[variables.Read, ...]:
        """What compose files take from the environment."""
        names = [
            name
            for name in self.named(".yml", ".yaml")
            if name.rpartition("/")[2].partition(".")[0] in _COMPOSE and "fixtures" not in name.split("/")
        ]
        return tuple(read for name in names for read in variables.in_compose(name, self.text(name)))

    @cached_property
    def variables_in_sources(self) -> tuple[variables.Read, ...]:
        """What the application's sources read."""
        below = tuple(f"{name.strip('/')}/" for name in self._sources)
        names = [name for name in self.named(".py") if name.startswith(below)] if below else []
        return tuple(variables.in_sources((name, self.text(name)) for name in names))

    @cached_property
    def credentials(self) -> Mapping[str, list[Found]]:
        """What looks like a credential in a file of today, by file."""
        self.progress(f"searching {len(self.files)} files for credentials")
        found = {name: list(search(self.content(name))) for name in self.files}
        return {name: hits for name, hits in found.items() if hits}

    @cached_property
    def past_credentials(self) -> list[history.Past]:
        """What looks like a credential in the history.

        Raises:
            Undecidable: the history is not here, or not as a whole.
        """
        self.progress("searching the git history for credentials")
        return history.search(self._git_directory, self._store, self._revision)

    def commit_with(self, object: str) -> str:
        """The first commit that holds an object of the history, shortened."""
        return history.commit_with(self._git_directory, object)

    @cached_property
    def allowed_credentials(self) -> Mapping[str, Allowed]:
        """The strings that may stay, by fingerprint.

        Raises:
            BadInput: a malformed file.
        """
        return {item.fingerprint: item for item in load_allowed(self.directory / ALLOWED_FILE)}


def _below(directory: Path) -> Iterator[str]:
    for folder, _, names in os.walk(directory):
        for name in names:
            path = Path(folder) / name
            if _is_file(path):
                yield path.relative_to(directory).as_posix()


def _is_file(path: Path) -> bool:
    return path.is_symlink() or path.is_file()
