"""`waypost policy fmt`: canonical files with their comments, and never another fingerprint."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from tools_runner import Run, runner
from waypost.core.catalog.table import Catalog
from waypost.runtime.catalogs import load_catalog
from waypost.runtime.documents import load_policy, packaged, read_policy
from waypost.runtime.policy_format import format_policy, spaced

UGLY = """\
# who wrote this
name:    sample   # its name


waypost: policy/v1
filter:
# at the left
- quality>=0.5     # the floor
-   because: "told: #1"
    rule:    price.input<=5   USD/MTok
- {rule: "provider  in  [openai,anthropic]", when: streaming==true}
#not at the end
rank: {cost: 0.6,   quality: 0.4}   # both
rules:
    -   when: (task==debugging   or code==true)and not needs has tools
        # above use
        use:
            - openai/o3   # first
            - anthropic/claude-opus-4-5
        name: hard
    -   name: easy
        use: [openai/gpt-4o-mini, # cheap
              openai/gpt-4o]
        because: >
            one
            line
    # below the rules
mode: advise
description: a text
  over two lines
# the end
"""
NEAT = """\
# who wrote this
waypost: policy/v1
name: sample      # its name
description: a text over two lines
mode: advise
rules:
  - name: hard
    when: (task == debugging or code == true) and not needs has tools
    # above use
    use:
      - openai/o3         # first
      - anthropic/claude-opus-4-5
  - name: easy
    use:
      - openai/gpt-4o-mini        # cheap
      - openai/gpt-4o
    because: >
      one
      line
  # below the rules
filter:
  # at the left
  - quality >= 0.5  # the floor
  - rule: price.input <= 5 USD/MTok
    because: "told: #1"
  - {rule: "provider in [openai, anthropic]", when: streaming == true}
# not at the end
rank: {cost: 0.6, quality: 0.4}     # both
# the end
"""


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    """The packaged one."""
    return load_catalog()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """The command line in a folder with an ugly policy."""
    (tmp_path / "ugly.yaml").write_text(UGLY, encoding="utf-8")
    (tmp_path / "neat.yaml").write_text(NEAT, encoding="utf-8")
    return runner(capsys, monkeypatch, tmp_path)


def test_a_file_is_printed_in_canonical_form_with_its_comments(run: Run) -> None:
    """Keys in order, two blanks a level, single blanks in predicates, every comment where it belongs."""
    code, out, err = run("policy", "fmt", "ugly.yaml")

    assert (code, err) == (0, "")
    assert out == NEAT
    assert Path("ugly.yaml").read_text(encoding="utf-8") == UGLY


def test_check_shows_what_would_change_and_writes_nothing(run: Run) -> None:
    """Exit code 1 with a diff; a canonical file is 0."""
    code, out, _ = run("policy", "fmt", "ugly.yaml", "neat.yaml", "--check")

    assert code == 1
    assert "--- ugly.yaml\n+++ ugly.yaml (canonical)\n" in out
    assert "\n+  - quality >= 0.5  # the floor\n" in out
    assert out.splitlines()[-1] == "1 of 2 not canonical"
    assert Path("ugly.yaml").read_text(encoding="utf-8") == UGLY
    assert run("policy", "fmt", "neat.yaml", "--check") == (0, "0 of 1 not canonical\n", "")


def test_write_rewrites_only_what_is_not_canonical(run: Run, tmp_path: Path, catalog: Catalog) -> None:
    """With its permissions and its fingerprint, and nothing left beside it."""
    before = load_policy(Path("ugly.yaml"), catalog=catalog).fingerprint
    Path("ugly.yaml").chmod(0o640)
    stamp = Path("neat.yaml").stat().st_mtime_ns
    code, out, _ = run("policy", "fmt", "ugly.yaml", "neat.yaml", "--write")

    assert (code, out) == (0, "ugly.yaml: rewritten\n1 of 2 rewritten\n")
    assert Path("ugly.yaml").read_text(encoding="utf-8") == NEAT
    assert Path("ugly.yaml").stat().st_mode & 0o777 == 0o640
    assert Path("neat.yaml").stat().st_mtime_ns == stamp
    assert load_policy(Path("ugly.yaml"), catalog=catalog).fingerprint == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["neat.yaml", "ugly.yaml"]


def test_the_document_has_fingerprint_and_text(run: Run) -> None:
    """One JSON document for an editor."""
    code, out, _ = run("policy", "fmt", "ugly.yaml", "--json")
    (file,) = json.loads(out)["files"]

    assert code == 0
    assert (file["changed"], file["written"], file["text"], len(file["fingerprint"])) == (True, False, NEAT, 64)


def test_a_policy_with_errors_is_left_alone(run: Run) -> None:
    """Exit code 2 with the errors, before any file is written."""
    Path("bad.yaml").write_text("waypost: policy/v1\nname: x\nrank:   cheap\n", encoding="utf-8")
    code, out, err = run("policy", "fmt", "ugly.yaml", "bad.yaml", "--write")

    assert (code, out) == (2, "")
    assert err == "waypost policy fmt: bad.yaml:3:9: unknown rank 'cheap'; did you mean 'cheapest'?\n"
    assert Path("ugly.yaml").read_text(encoding="utf-8") == UGLY


def test_what_would_change_the_meaning_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fingerprint is looked at before anything is written, whatever the formatter does."""
    monkeypatch.setattr("waypost.runtime.policy_format.format_policy", lambda text: text.replace("0.5", "0.6"))
    code, _, err = run("policy", "fmt", "ugly.yaml", "--write")

    assert code == 2
    assert "ugly.yaml: formatting would change what it means, so it is left as it is" in err
    assert Path("ugly.yaml").read_text(encoding="utf-8") == UGLY


def test_what_a_shell_put_beside_policies_is_left_out_and_named(run: Run) -> None:
    """`*.yaml` has test files and catalogs in it, too; alone such a file is refused by what it is."""
    Path("neat.test.yaml").write_text("waypost: policy-test/v1\ncases: []\n", encoding="utf-8")
    Path("catalog.yaml").write_text("waypost: catalog/v1\nname: x\n", encoding="utf-8")
    files = ("catalog.yaml", "neat.test.yaml", "neat.yaml")
    told = "0 of 1 not canonical; left out, because they are no policies: catalog.yaml, neat.test.yaml\n"

    assert run("policy", "fmt", *files, "--check") == (0, told, "")
    assert json.loads(run("policy", "fmt", *files, "--json")[1])["left_out"] == ["catalog.yaml", "neat.test.yaml"]
    alone = run("policy", "fmt", "neat.test.yaml")
    what = "neat.test.yaml: this is the tests of a policy, not a policy; name a policy"
    assert alone[2] == f"waypost policy fmt: {what}\n"
    assert alone[0] == 2


@pytest.mark.parametrize("words", [("ugly.yaml", "neat.yaml"), ("none.yaml",), ("ugly.yaml", "--check", "--write")])
def test_bad_input_is_exit_code_2(run: Run, words: tuple[str, ...]) -> None:
    """Several files need --check or --write; a missing file is named."""
    assert run("policy", "fmt", *words)[0] == 2


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("a<=5   USD/MTok", "a <= 5 USD/MTok"),
        ("( a==b or c   in [x,y ,z])and not d has e", "(a == b or c in [x, y, z]) and not d has e"),
        ("model matches   gpt-*-mini", "model matches gpt-*-mini"),
        ("context_window>=tokens.total*1.2", "context_window >= tokens.total * 1.2"),
        ('model=="a  b"', 'model == "a  b"'),
        ("a>=${floor} and b in ${list}", "a >= ${floor} and b in ${list}"),
        ("model matches   ${family}", "model matches ${family}"),
        ("price.input<5USD/MTok", "price.input < 5USD/MTok"),
    ],
)
def test_predicates_get_single_blanks(written: str, canonical: str) -> None:
    """What stands in quotes, patterns and variables is not touched."""
    assert spaced(written) == canonical
    assert spaced(canonical) == canonical


POLICIES = [
    path for path in sorted(packaged()[0].glob("*.yaml")) if path.stem != "catalog" and ".test" not in path.stem
]


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.stem)
def test_packaged_policies_keep_their_fingerprints_and_comments(path: Path, catalog: Catalog) -> None:
    """Also with wild indentation and spacing: the form is one, the meaning the same, no comment is lost."""
    text = path.read_text(encoding="utf-8")
    neat = format_policy(text)
    wild = _wild(neat, random.Random(path.stem))
    one = read_policy(neat, str(path), catalog=catalog, search=(path.parent,)).fingerprint

    assert one == load_policy(path, catalog=catalog).fingerprint
    assert format_policy(neat) == neat
    assert format_policy(wild).split() == neat.split()
    assert sorted(_comments(neat)) == sorted(_comments(text))


def test_anchors_tags_and_odd_scalars_are_kept() -> None:
    """Where there are anchors the order of keys is the author's."""
    text = (
        "name: x\nwaypost: policy/v1\n"
        "tiers:\n    one: &one [openai/o3,   openai/o1]\n    two: *one\n"
        "rules: !replace\n- {name: a, use: one}\n"
        "description: |2\n    indented\n"
        "baseline: 'openai/gpt-4o'\n"
    )
    assert format_policy(text) == (
        "name: x\nwaypost: policy/v1\n"
        "tiers:\n  one: &one [openai/o3, openai/o1]\n  two: *one\n"
        "rules: !replace\n  - {name: a, use: one}\n"
        'description: "  indented\\n"\n'
        "baseline: 'openai/gpt-4o'\n"
    )


def _wild(text: str, dice: random.Random) -> str:
    """Twice the indentation, and blanks behind lines, between items and at the end."""
    lines = []
    for line in text.split("\n"):
        body = line.lstrip(" ")
        body = f"-   {body[2:]}" if body.startswith("- ") else body
        lines.append(" " * 2 * (len(line) - len(line.lstrip(" "))) + body + " " * dice.randrange(3))
    return "\r\n".join(lines) + "\n" * dice.randrange(3)


def _comments(text: str) -> list[str]:
    return [line.partition("#")[2].strip() for line in text.splitlines() if "#" in line]
