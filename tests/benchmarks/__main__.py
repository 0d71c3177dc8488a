"""`make bench`: measure everything and print one table; with ``--write`` put it into README and docs/performance.md.

Some twelve minutes of an idle machine, most of them under callgrind. Needs valgrind for the counts of instructions.
With ``--counts`` only these are taken, which a busy machine does not change, and the other rows stay as they are.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import counting
import decisions
import imports
import report
import throughput

VARIANTS = ["bare", "bare", "waypost", "translated", "observe", "off", "openai-v2", "openai-v2-metrics", "floor"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the table into the documents")
    parser.add_argument("--counts", action="store_true", help="count instructions and measure no time")
    options = parser.parse_args()
    rows = _counted()
    if not options.counts:
        environ = counting.environment()
        timed = [*report.imports(*imports.measure(environ)), *report.throughput(throughput.measure(environ))]
        rows = [*rows, *_decide(), *timed]
    print(report.table(rows))
    if options.write:
        (report.refresh if options.counts else report.write)(rows)


def _counted() -> list[report.Row]:
    if not counting.available():
        print("valgrind is not installed: instructions are not counted", file=sys.stderr)
        return []
    bare, again, *others = counting.every(VARIANTS)
    added = dict(zip(["bare again", *VARIANTS[2:]], [item - bare for item in (again, *others)], strict=True))
    crossing = report.translated(bare, added["translated"], counting.parts())
    return [*report.instructions(bare, added), *crossing]


def _decide() -> list[report.Row]:
    return report.decisions([decisions.measure(size) for size in decisions.SIZES])


if __name__ == "__main__":
    main()
