"""The command line: thin commands over the same engine as the pytest plugin.

Exit codes: 0 clean, 1 findings, 2 could not evaluate.
"""

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


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="skyworthy")
def skyworthy() -> None:
    """Certify that a cloud stack is fit to serve.

    skyworthy reads what Terraform declares, observes what the AWS account (or the sandbox on this machine) really
    holds, and judges both by one catalogue of controls.

    \b
    First steps:
      skyworthy static --terraform path/to/terraform   judge any Terraform; needs no account, no network
      skyworthy verify                                 static, live and smoke on the sandbox, with reports
      skyworthy explain rds.multi-az                   why a finding matters and how to fix it

    Exit codes: 0 clean, 1 findings, 2 could not evaluate.
    """


COMMANDS = (
    verify,
    static,
    live,
    smoke,
    repository,
    drift,
    status,
    report,
    init,
    doctor,
    gate,
    signoffs,
    merge,
    validate,
    preflight,
    images,
    deploy,
    rollback,
    cost,
    list_controls,
    explain,
    coverage,
    new_control,
    reach,
    alarms,
    policy,
    drill,
    sandbox,
)
for command in COMMANDS:
    skyworthy.add_command(command)


def main() -> None:
    """Run the command line; every failure of skyworthy itself exits with 2, never with the 1 of findings."""
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
