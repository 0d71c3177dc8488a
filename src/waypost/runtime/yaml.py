"""YAML 1.2 as positioned nodes. The parser is imported by the first text that has to be parsed; a file that was read
before comes from `waypost.runtime.yaml_cache`, and then it never is.
"""

from __future__ import annotations

from waypost.core.policy.fields import nearest as suggest
from waypost.errors import ConfigError
from waypost.runtime.yaml_nodes import MAX_BYTES, Mapping, Node, Scalar, Sequence

__all__ = ["MAX_BYTES", "Mapping", "Node", "Scalar", "Sequence", "parse", "parse_all", "suggest"]


def parse(text: str, file: str, error: type[ConfigError] = ConfigError) -> Node:
    """The one document of ``text`` as positioned nodes.

    Raises:
        ConfigError: (or the given subclass) not YAML 1.2, a duplicate key, a non-text key, an unknown tag, NaN or
            infinity, more than one document, or larger than the bounds; ``where`` is ``file:line:column``.
    """
    node, twice = parse_all(text, file, error)
    if twice:
        twice[0].others = twice[1:]
        raise twice[0]
    return node


def parse_all(text: str, file: str, error: type[ConfigError] = ConfigError) -> tuple[Node, tuple[ConfigError, ...]]:
    """As `parse`, with duplicate keys and numbers without an end as errors beside a document in which the first of each
    key holds, so that the rest can be checked in the same pass."""
    if len(text) > MAX_BYTES:
        what = f"{len(text):,} characters, more than {MAX_BYTES:,}"
        raise error(what, where=f"{file}:1:1", remedy="split the file")
    from waypost.runtime.yaml_composer import compose  # PyYAML is a fifth of what a start costs

    return compose(text, file, error)
