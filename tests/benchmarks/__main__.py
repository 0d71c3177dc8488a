"""`make bench`: measure everything and print one table; with ``--write`` put it into README and docs/performance.md.

Some twelve minutes of an idle machine, most of them under callgrind. Needs valgrind for the counts of instructions.
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

VARIANTS = ["bare", "bare", "waypost", "translated", "observe", "off", "openai-v2", "openai-v2-metrics"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the table into the documents")
    options = parser.parse_args()
    environ = counting.environment()
    rows = [
        *_decide(),
        *report.imports(*imports.measure(environ)),
        *report.throughput(throughput.measure(environ)),
    ]
    if counting.available():
        bare, again, *others = counting.every(VARIANTS)
        added = dict(zip(["bare again", *VARIANTS[2:]], [item - bare for item in (again, *others)], strict=True))
        crossing = report.translated(bare, added["translated"], counting.parts())
        rows = [*report.instructions(bare, added), *crossing, *rows]
    else:
        print("valgrind is not installed: instructions are not counted", file=sys.stderr)
    print(report.table(rows))
    if options.write:
        report.write(rows)


def _decide() -> list[report.Row]:
    return report.decisions([decisions.measure(size) for size in decisions.SIZES])


if __name__ == "__main__":
    main()
