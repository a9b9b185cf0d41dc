"""Log groups and who writes into them."""

from skyworthy.behavior.log_groups import is_named_by_a_writer, is_written_by_name, unseen_writers
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource, Undecidable, Unknown, leaves


@control("log.group-written", on="aws_cloudwatch_log_group", severity="medium", refs=["REQ REF-5", "REQ REF-7"])
def something_writes(group: Resource, estate: Estate) -> None:
    """Something writes into a log group.

    Why: an empty group is a log that somebody counts on and that goes elsewhere, or nowhere.
    Fix: name the group where the log is configured, or remove it.
    """
    if is_written_by_name(group):
        not_applicable("AWS writes into it by its name")
    if is_named_by_a_writer(group, estate):
        return
    others = unseen_writers(estate)
    if others:
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        raise Undecidable(f"nothing names it, unless programs in {others[0]}{more} do")
    if not estate.of("aws_ecs_task_definition"):
        raise Undecidable("nothing names it, unless tasks of another stack do")
    for part in leaves(group.peek("name")):
        if isinstance(part, Unknown):
            raise Undecidable(f"a writer may name it, too: {part.reason}")
    raise AssertionError("nothing of the stack writes into it")
