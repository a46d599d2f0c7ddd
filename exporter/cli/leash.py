"""Becomes a command that ends when its parent ends: `python -m exporter.cli.leash PARENT COMMAND...`

In: the parent's pid and a command. Out: that command in this very process. On Linux the kernel kills
it with its parent (PR_SET_PDEATHSIG survives exec); elsewhere the next start ends what is left, by
the record in `exporter.cli.data_dir`. A process of its own instead of a `preexec_fn`, because Python
code between fork and exec may deadlock.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def wrap(command: list[str]) -> list[str]:
    """The command on a leash of the calling process."""
    return [sys.executable, "-m", "exporter.cli.leash", str(os.getpid()), *command]


def main() -> None:
    """Put on the leash, check that somebody still holds it, become the command."""
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != int(parent):
        sys.exit(1)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
