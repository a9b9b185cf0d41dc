"""Record a cassette: `python -m skyworthy.sandbox.record <root module> <cassette>`."""

import argparse
import sys
from pathlib import Path

import click

from skyworthy.errors import BadInput
from skyworthy.sandbox import cassette
from skyworthy.sandbox.terraform.driver import Step


def main(arguments: list[str] | None = None) -> int:
    """Record, telling each resource as it is finished.

    Returns:
        0, or 2 for input that cannot be used.
    """
    parser = argparse.ArgumentParser(prog="python -m skyworthy.sandbox.record", description=__doc__)
    parser.add_argument("root", type=Path, help="folder of the root module")
    parser.add_argument("cassette", type=Path, help="the file to write")
    parser.add_argument("--parallelism", type=int, default=1, help="resources at once; above 1 the lines' order varies")
    options = parser.parse_args(arguments)
    try:
        recorded = cassette.record(options.root, options.cassette, parallelism=options.parallelism, progress=_tell)
    except BadInput as error:
        click.echo(str(error), err=True)
        return 2
    click.echo(f"{recorded.path}: {len(recorded.lines)} calls")
    return 0


def _tell(step: Step) -> None:
    if step.state == "finished":
        click.echo(f"{step.action} {step.address} ({step.seconds:.0f} s)")


if __name__ == "__main__":
    sys.exit(main())
