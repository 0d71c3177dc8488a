"""From a conversation to its features: the only way in. Pure, bounded, and no text of the prompt comes out."""

from __future__ import annotations

from waypost.core.features import code
from waypost.core.features.classify import Verdict, classify
from waypost.core.features.language import natural_language
from waypost.core.features.privacy import data_class
from waypost.core.features.reading import Reading, read
from waypost.core.features.tokens import estimate_output, estimate_prompt
from waypost.core.model.conversation import Conversation
from waypost.core.model.frozen import factory
from waypost.core.model.question import Features

_ASK = 2_400
_CODE = 3_000
_SHORT = 160
_BACK = 3

_new_features = factory(Features)


def extract(conversation: Conversation) -> Features:
    """What the request needs, without its text. Never raises on any text.

    Needs stay on the conversation. Task and complexity come from the user's last turn that says something about
    them, or from the system prompt where no turn does.
    """
    reading = read(conversation)
    whole = reading.whole
    tokens = estimate_prompt(conversation, whole)
    languages = code.languages(_ends(reading.said, _CODE))
    language, verdict = _verdict(reading, tokens, bool(languages))
    task, complexity = verdict.task, verdict.complexity
    return _new_features(
        tokens_input=tokens,
        tokens_output=estimate_output(conversation, task, complexity, tokens_input=tokens),
        max_output=conversation.sampling.max_output,
        messages=len(conversation.messages),
        turns=reading.turns,
        language=language,
        code_languages=languages,
        has_code=bool(languages) or code.FENCE in reading.said,
        task=task,
        complexity=complexity,
        signals=verdict.signals,
        data_class=data_class(whole),
    )


def _verdict(reading: Reading, tokens: int, has_code: bool) -> tuple[str | None, Verdict]:
    """A short turn that says nothing about the task (``yes, do that``) takes over what an earlier one said."""
    language: str | None = None
    first: Verdict | None = None
    for ask in (*reading.asks[:_BACK], reading.system):
        words = code.prose(_ends(ask, _ASK))
        if language is None:
            language = natural_language(words)
        verdict = classify(words, language, tokens=tokens, has_code=has_code)
        if not _SILENT.issuperset(verdict.signals):
            return language, verdict
        first = first or verdict
        if len(ask) > _SHORT:
            break
    return language, first or classify("", None, tokens=tokens, has_code=has_code)


_SILENT = frozenset({"greeting", "code", "question_mark", "brief", "steps"})


def _ends(text: str, limit: int) -> str:
    """The first and the last half of ``limit`` characters; what is asked stands at either end of a long prompt."""
    return text if len(text) <= limit else f"{text[: limit // 2]}\n{text[-limit // 2 :]}"
