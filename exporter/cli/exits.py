"""What an exit status says.

In: nothing. Out: `EXIT_FAILED`, `EXIT_UNREACHABLE`, `EXIT_TIMEOUT`. Next: the commands end with one.
"""

EXIT_FAILED = 1
EXIT_UNREACHABLE = 2
EXIT_TIMEOUT = 3
