"""Gives a command the terminal on its standard input as its own, and becomes that command.

A script of the standard library alone, started by ``skyworthy.sandbox.exec.sessions`` in a session of its own. With a
controlling terminal the system itself ends the command, by SIGHUP, when whoever holds the other end is gone.

Its first argument is `strip` where the command's environment has no LC_CTYPE: Python may have set it (PEP 538).
"""

import fcntl
import os
import sys
import termios

if sys.argv[1] == "strip":
    os.environ.pop("LC_CTYPE", None)
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
try:
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606
except OSError as error:
    sys.stderr.write(f"Unable to start command: {sys.argv[2]}: {error.strerror}\n")
    sys.exit(127)
