"""What a policy's predicates compare with, checked against the words that the features of a call can be."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import get_args

from waypost.core.features.classify import LANGUAGES, SIGNALS
from waypost.core.features.code import KNOWN
from waypost.core.features.privacy import DataClass
from waypost.core.policy.tree import Predicate
from waypost.core.policy.words import Words
from waypost.runtime.nodes import Reader

log = logging.getLogger("waypost")

CLOSED: Mapping[str, Iterable[str]] = {
    "data_class": get_args(DataClass),
    "language": LANGUAGES,
    "code_language": KNOWN,
    "signals": SIGNALS,
}
"""What the features of a call can say, by field."""


def note_doubts(reader: Reader, words: Words, tree: Predicate | None) -> Predicate | None:
    """``tree`` again. What is wrong with its words is noted; what may be meant as it stands is logged once a load."""
    for doubt in () if tree is None else words.doubts(tree):
        if doubt.fatal:
            reader.wrong(doubt.at, doubt.what, doubt.remedy)
        else:
            log.warning("%s: %s; %s", doubt.at, doubt.what, doubt.remedy)
    return tree
