"""All benchmarks, one after the other: `make bench`, or `python -m bench ingest pipeline ...`.

In: names as arguments, none for all. Out: their tables on stdout.
"""

import importlib
import sys

ALL = ("edge", "redaction", "pipeline", "clustering", "noise", "scenarios", "plugin")
ON_REQUEST = ("ingest", "faults", "growth", "quality")
"""Parts of others, what takes long, what needs 25 GB of disk, and what writes docs/quality.md."""


def main() -> int:
    """Run the named benchmarks."""
    if sys.argv[1:2] == ["quality"]:
        importlib.import_module("bench.quality").main(sys.argv[2:])
        return 0
    names = sys.argv[1:] or ALL
    unknown = [name for name in names if name not in ALL + ON_REQUEST]
    if unknown:
        print(
            f"unknown benchmark {unknown[0]!r}; there are {', '.join(ALL + ON_REQUEST)}",
            file=sys.stderr,
        )
        return 2
    for number, name in enumerate(names, start=1):
        print(f"benchmark {number} of {len(names)}: {name}", file=sys.stderr, flush=True)
        importlib.import_module(f"bench.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main())
