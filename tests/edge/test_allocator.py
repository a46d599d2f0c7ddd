"""Freed memory is kept: requests of a megabyte do not take their pages anew."""

import platform
import resource
import subprocess
import sys

import pytest

CHURN = """
import resource, sys
from exporter.allocator import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()
for n in range(100):
    pieces = [bytearray(100_000) for _ in range(20)]
    del pieces
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
"""


def faults(how: str) -> int:
    return int(subprocess.check_output([sys.executable, "-c", CHURN, how]))


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has mallopt")
def test_pages_are_not_taken_anew_for_every_request() -> None:
    assert resource.getpagesize() >= 4096
    given_back, kept = faults("give back"), faults("keep")
    assert kept < given_back / 2
