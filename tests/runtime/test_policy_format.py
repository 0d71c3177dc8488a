"""The formatter under odd comments: none is lost, the meaning stays, and a second time changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waypost.core.catalog.table import Catalog
from waypost.runtime.catalogs import load_catalog
from waypost.runtime.documents import packaged, read_policy
from waypost.runtime.policy_format import format_policy

TEXTS = {
    path.stem: path.read_text(encoding="utf-8")
    for path in sorted(packaged()[0].glob("*.yaml"))
    if path.stem != "catalog" and ".test" not in path.stem
}
Places = list[tuple[int, int, bool]]
"""(line, indentation, behind the line rather than above it) of each new comment."""


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    """The packaged one."""
    return load_catalog()


def commented(text: str, places: Places) -> tuple[str, list[str]]:
    """``text`` with numbered comments at odd places, and those comments."""
    lines = text.split("\n")
    said = []
    for number, (line, indent, behind) in enumerate(sorted(places, reverse=True)):
        comment = f"# comment {number} of {line}"
        place = line % len(lines)
        if not behind:
            lines.insert(place, " " * indent + comment)
        elif "#" not in lines[place] and lines[place].strip():
            lines[place] += f" {comment}"
        else:
            continue
        said.append(comment)
    return "\n".join(lines), said


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(sorted(TEXTS)),
    places=st.lists(st.tuples(st.integers(0, 80), st.integers(0, 9), st.booleans()), min_size=1, max_size=6),
)
def test_comments_anywhere_survive_and_change_nothing(catalog: Catalog, name: str, places: Places) -> None:
    """Each stands exactly once in the result, which means the same and is canonical."""
    text, said = commented(TEXTS[name], places)
    neat = format_policy(text)
    folder = packaged()[0]
    fingerprints = {
        read_policy(one, f"{name}.yaml", catalog=catalog, search=(folder,)).fingerprint for one in (TEXTS[name], neat)
    }

    assert [neat.count(f"{comment}\n") for comment in said] == [1] * len(said)
    assert format_policy(neat) == neat
    assert len(fingerprints) == 1


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("waypost: policy/v1\r\nname: x\r\n", "waypost: policy/v1\nname: x\n"),
        ("\ufeffwaypost: policy/v1\nname: x", "waypost: policy/v1\nname: x\n"),
        ("---\nname: x\nwaypost: policy/v1\n...\n", "waypost: policy/v1\nname: x\n"),
        ("{name: x, waypost: policy/v1}\n", "waypost: policy/v1\nname: x\n"),
        ("waypost: policy/v1\nname: x\n\n\n\nmode:   route\n\n", "waypost: policy/v1\nname: x\n\nmode: route\n"),
        ("waypost: policy/v1\nname: x\nvars:\n", "waypost: policy/v1\nname: x\nvars:\n"),
        ("waypost: policy/v1\nname: 'it''s'\nleave: []\n", "waypost: policy/v1\nname: 'it''s'\nleave: []\n"),
        (
            "waypost: policy/v1\nname: x\nfilter:\n  -\n    # why\n    rule: quality>0.5\n",
            "waypost: policy/v1\nname: x\nfilter:\n  # why\n  - rule: quality > 0.5\n",
        ),
        (
            "waypost: policy/v1\nname: x\nfilter: [\n  quality > 0.5,  # a\n  price.input<1 USD/MTok]\n",
            "waypost: policy/v1\nname: x\nfilter:\n  - quality > 0.5  # a\n  - price.input < 1 USD/MTok\n",
        ),
        (
            "waypost: policy/v1\nname: x\ndescription: |\n    two\n\n      lines\nmode: route\n",
            "waypost: policy/v1\nname: x\ndescription: |\n  two\n\n    lines\nmode: route\n",
        ),
    ],
)  # fmt: skip
def test_forms_of_the_same_file_become_one(written: str, canonical: str) -> None:
    """Line ends, marks of a document, braces, blank lines, dashes on lines of their own."""
    assert format_policy(written) == canonical
    assert format_policy(canonical) == canonical


def test_a_list_that_does_not_fit_is_written_in_lines(tmp_path: Path) -> None:
    """120 columns, the key and its indentation among them."""
    short, long = ["provider/model-1"] * 5, ["provider/model-1"] * 8
    text = f"waypost: policy/v1\nname: x\ntiers:\n  a: [{', '.join(short)}]\n  b: [{', '.join(long)}]\n"
    lines = format_policy(text).splitlines()

    assert lines[3] == f"  a: [{', '.join(short)}]"
    assert lines[4:] == ["  b:", *["    - provider/model-1"] * 8]
