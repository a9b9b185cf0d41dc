"""What happens by the clock."""

from collections.abc import Iterator

from skyworthy.behavior.references import undecided
from skyworthy.behavior.schedules import schedule_problem
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Resource, Value, is_known


@control(
    "event.schedule-valid",
    on=("aws_cloudwatch_event_rule", "aws_scheduler_schedule", "aws_backup_plan"),
    severity="high",
    refs=["REQ REF-5", "REQ DAT-1"],
    lenses=("declared",),
)
def schedule_is_valid(source: Resource) -> None:
    """A schedule is one that AWS takes.

    Why: cron here has six fields and a question mark; what crontab takes is refused in the middle of an apply.
    Fix: `cron(0 17 * * ? *)`, or `rate(5 minutes)`.
    """
    findings = Findings()
    schedules = [item for item in _schedules(source) if item is not None]
    if not schedules:
        not_applicable("it has no schedule")
    for schedule in schedules:
        with findings.question():
            if not is_known(schedule):
                raise undecided(schedule, "its schedule")
            problem = schedule_problem(str(schedule))
            assert not problem, f"its schedule is {schedule}: {problem}"
    findings.conclude()


def _schedules(source: Resource) -> Iterator[Value]:
    if source.type == "aws_backup_plan":
        for rule in source["rule"] or ():
            yield rule.get("schedule")
    else:
        yield source["schedule_expression"]
