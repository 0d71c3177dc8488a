"""Coverage-guided fuzzing of the policy reader: ``python tests/fuzz/fuzz_policy.py [-max_total_time=300] [CORPUS]``.

Needs atheris (Python 3.11, Linux) and Waypost's own dependencies on the path; a crash is an input for which `examine`
does not hold. The seeds are written into the corpus folder that is named.
"""

from __future__ import annotations

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]


def consume(data: bytes) -> None:
    """One input: a policy below the head, so that most of the work is behind the first check."""
    from policy_fuzz import HEAD, examine

    examine(HEAD + data.decode("utf-8", "replace"))


def main(arguments: list[str]) -> None:
    try:
        import atheris
    except ImportError:
        sys.exit("atheris is not installed: pip install atheris (Python 3.11, Linux); test_fuzz_policy.py goes without")

    sys.path[:0] = [str(TESTS), str(TESTS.parent / "src")]
    with atheris.instrument_imports(include=["waypost", "policy_fuzz"]):
        from policy_fuzz import SEEDS
    for corpus in (Path(name) for name in arguments if not name.startswith("-")):
        corpus.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(SEEDS):
            (corpus / f"seed-{number}").write_text(seed, encoding="utf-8")
    atheris.Setup([sys.argv[0], *arguments], consume)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
