"""What skyworthy says when it is given something that it cannot work with."""


class BadInput(Exception):
    """The input cannot be evaluated; the message names file and line or the next step.

    Front-ends print the message alone and exit with 2; no traceback, nothing half-written.
    """
