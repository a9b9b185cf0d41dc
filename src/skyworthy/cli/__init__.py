"""The command line: thin commands over the same engine as the pytest plugin.

Exit codes: 0 clean, 1 findings, 2 could not evaluate.
"""

import gc
import sys

import click

from skyworthy.cli.alarms import alarms
from skyworthy.cli.catalogue import explain, list_controls
from skyworthy.cli.cost import cost
from skyworthy.cli.coverage import coverage
from skyworthy.cli.deploy import deploy
from skyworthy.cli.doctor import doctor
from skyworthy.cli.drift import drift
from skyworthy.cli.drill import drill
from skyworthy.cli.gate import gate, signoffs
from skyworthy.cli.help import Group
from skyworthy.cli.images import images
from skyworthy.cli.init import init
from skyworthy.cli.merge import merge
from skyworthy.cli.new_control import new_control
from skyworthy.cli.policy import policy
from skyworthy.cli.preflight import preflight
from skyworthy.cli.reach import reach
from skyworthy.cli.report import report
from skyworthy.cli.repository import repository
from skyworthy.cli.rollback import rollback
from skyworthy.cli.sandbox import sandbox
from skyworthy.cli.suites import live, smoke, static, status, verify
from skyworthy.cli.validate import validate
from skyworthy.errors import BadInput

SECTIONS = {
    "Judge": (verify, static, live, smoke, repository, drift),
    "Decide": (gate, signoffs),
    "Look closer": (explain, list_controls, reach, alarms, cost, validate),
    "Report": (status, report, merge),
    "Operate": (preflight, images, deploy, rollback, drill),
    "Set up": (init, doctor, policy, sandbox),
    "Develop skyworthy itself": (coverage, new_control),
}
"""What `skyworthy --help` lists, in this order."""


class _Sections(Group):
    """A group that lists its commands by what they are for."""

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections."""
        for title, commands in SECTIONS.items():
            self.write(formatter, title, commands)


@click.group(cls=_Sections, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="skyworthy")
def skyworthy() -> None:
    """Certify that a cloud stack is fit to serve.

    skyworthy reads what Terraform declares, observes what the AWS account (or the sandbox on this machine) really
    holds, and judges both by one catalogue of controls.

    \b
    First steps:
      skyworthy static --terraform DIR   judge any Terraform, without account or network
      skyworthy verify                   static, live and smoke on the sandbox, with reports
      skyworthy explain rds.multi-az     why a finding matters and how to fix it

    Exit codes: 0 clean, 1 findings, 2 could not evaluate.
    """


for command in (each for section in SECTIONS.values() for each in section):
    skyworthy.add_command(command)


def main() -> None:
    """Run the command line; every failure of skyworthy itself exits with 2, never with the 1 of findings."""
    # What is read and judged lives to the end and holds no cycles: looking for some at every 700 new objects costs a
    # seventh of the time of a large estate.
    gc.set_threshold(100_000, 50, 100)
    try:
        # Without its standalone mode click returns the code of ctx.exit() instead of raising it.
        sys.exit(skyworthy(standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except BadInput as error:
        click.echo(f"skyworthy: {error}", err=True)
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo("skyworthy: interrupted; reports keep their last complete state", err=True)
        sys.exit(2)
    except Exception:  # noqa: BLE001 - a defect of ours must not look like a finding
        import traceback

        traceback.print_exc()
        click.echo("skyworthy: this is a defect of skyworthy, not of the stack; nothing was certified", err=True)
        sys.exit(2)
