"""How groups of commands are listed by ``--help``."""

from collections.abc import Iterable

import click

_WHOLE = 1000
"""Longer than any sentence: click cuts what is longer than the line."""


class Group(click.Group):
    """A group that lists each of its commands with the whole first sentence of its help."""

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list."""
        self.write(formatter, "Commands", (self.commands[name] for name in sorted(self.commands)))

    def write(self, formatter: click.HelpFormatter, title: str, commands: Iterable[click.Command]) -> None:
        """Write a part of it under a title, as wide as the others."""
        width = max(len(name) for name in self.commands)
        with formatter.section(title):
            formatter.write_dl([(f"{each.name:{width}}", each.get_short_help_str(_WHOLE)) for each in commands])
