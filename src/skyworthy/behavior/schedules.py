"""Schedules as EventBridge, AWS Backup and Application Auto Scaling take them.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
"""

import re

_RATE = re.compile(r"rate\((?P<number>[1-9]\d*) (?P<unit>minute|hour|day)(?P<many>s?)\)")
_AT = re.compile(r"at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)")
_CRON = re.compile(r"cron\((?P<fields>[^()]*)\)")
_FIELD = re.compile(r"[A-Z0-9*?/,#LW-]+", re.IGNORECASE)
_RANGES = {
    "minutes": (0, 59),
    "hours": (0, 23),
    "day of the month": (1, 31),
    "month": (1, 12),
    "day of the week": (1, 7),
}


def schedule_problem(expression: str) -> str:
    """Why AWS refuses a schedule; empty where it takes it.

    Args:
        expression: ``cron(0 17 * * ? *)``, ``rate(5 minutes)`` or ``at(2027-01-01T00:00:00)``.
    """
    if rate := _RATE.fullmatch(expression):
        plural = int(rate["number"]) != 1
        return (
            ""
            if plural == bool(rate["many"])
            else f"it is rate({rate['number']} {rate['unit']}{'s' if plural else ''})"
        )
    if _AT.fullmatch(expression):
        return ""
    cron = _CRON.fullmatch(expression)
    return _cron_problem(cron["fields"].split()) if cron else "it is none of cron(...), rate(...) and at(...)"


def _cron_problem(fields: list[str]) -> str:
    if len(fields) != 6:
        return (
            f"it has {len(fields)} fields and not six: minutes, hours, day of the month, month, day of the week, year"
        )
    if [fields[2], fields[4]].count("?") != 1:
        return "one of its days, of the month and of the week, is ?, and the other is not"
    for (name, (least, most)), field in zip(_RANGES.items(), fields, strict=False):
        numbers = [int(text) for text in re.findall(r"(?<![/#\w])\d+", field)]
        if not _FIELD.fullmatch(field) or any(not least <= number <= most for number in numbers):
            return f"its {name} cannot be {field}"
    return ""
