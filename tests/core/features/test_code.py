"""Code and its languages, fenced and bare (S3.12)."""

from __future__ import annotations

import pytest

from waypost.core.features.code import KNOWN, SHAPES, TAGS, languages, prose


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("```python\nx\n```", ("python",)),
        ("```py\nx\n```", ("python",)),
        ("```TSX\nx\n```", ("typescript",)),
        ("``` {.rust}\nx\n```", ("rust",)),
        ("```c++\nx\n```", ("c++",)),
        ("```sql\na\n```\nand\n```sh\nb\n```", ("bash", "sql")),
        ("```go\na\n```\n```go\nb\n```\n```java\nc\n```", ("go", "java")),
        ("```\nimport os\n```", ("python",)),
        ("```my-private-project\nx\n```", ()),
        ("an unclosed fence\n```python\nx", ("python",)),
    ],
)
def test_fences_name_their_language(text: str, expected: tuple[str, ...]) -> None:
    """S3.12: tags are folded to one name each; a tag outside the vocabulary never gets out."""
    assert languages(text) == expected


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("python", "for i in range(3):\n    print(i)"),
        ("python", 'Traceback (most recent call last):\n  File "a.py", line 3, in f'),
        ("javascript", "const x = 3;\nconsole.log(x)"),
        ("typescript", "interface A {\n  a: string\n}\nconst b: A = f();"),
        ("java", "public class X {\n  private int a;\n}"),
        ("go", 'func main() {\n\tx := 3\n\tfmt.Println("x", x)\n}'),
        ("rust", "fn main() {\n    let mut x = 3;\n}"),
        ("c", '#include <stdio.h>\nint main(void) {\n  printf("hi");\n}'),
        ("c++", "#include <vector>\nstd::vector<int> x;"),
        ("sql", "Optimize this query: SELECT a, b FROM t WHERE x = 1"),
        ("sql", "select a, b from t;"),
        ("bash", "#!/bin/bash\nset -e"),
        ("html", "<div class='x'>\n<p>text</p>"),
        ("css", "body {\n  color: red;\n}"),
        ("yaml", "services:\n  web: nginx\n---\n"),
        ("json", '{\n  "a": 1,\n  "b": [1]\n}'),
    ],
)
def test_bare_code_is_recognised_by_its_shape(expected: str, text: str) -> None:
    """S3.12: without a fence, line beginnings decide, and the likeliest language comes first."""
    assert languages(text)[0] == expected


@pytest.mark.parametrize(
    "text",
    [
        "What is the capital of France?",
        "Dear all: please find the report; it is due on Monday (really).",
        "Import taxes rose in 2023: why?",
        "If I were you: do it.",
        "- milk\n- eggs\n- bread (two)\n",
        "",
    ],
)
def test_prose_is_not_code(text: str) -> None:
    """Colons, brackets and lists alone make no code."""
    assert languages(text) == ()


def test_prose_leaves_fenced_blocks_out() -> None:
    """Words inside of code say nothing about the task."""
    assert prose("before\n```py\nreview()\n```\nafter").split() == ["before", "after"]


def test_vocabulary_is_closed() -> None:
    """Whatever a shape or a tag leads to is a known language."""
    assert set(SHAPES) <= KNOWN
    assert set(TAGS.values()) <= KNOWN
