"""What must hold of any text that is given for a policy, seeds to begin from, and a seeded mutator of them.

The mutator knows the language's words, so that it gets further than noise does; the same seed gives the same texts.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator

from policy_samples import CATALOG, EXPRESSES, HEAD, SEED, question
from waypost.core.model.question import EMPTY_SNAPSHOT
from waypost.core.policy.compile import compile_policy
from waypost.core.policy.contradiction import contradictions
from waypost.core.policy.decide import decide
from waypost.core.policy.document import policy_from_document
from waypost.core.policy.fields import FIELDS
from waypost.core.policy.tree import Policy
from waypost.core.policy.units import UNITS
from waypost.errors import PolicyError
from waypost.runtime.documents import read_policy
from waypost.runtime.policy_reader import KEYS

SEEDS = (
    "mode: {route: 25%, by: user}\nbaseline: big\nmatch: {department: [a, b], streaming: true}\n",
    "vars: {floor: 0.5, where: [eu, us]}\nfilter:\n  - quality >= ${floor}\n  - rule: region in ${where}\n"
    "    when: code == true and not (turns > 3 or auto == true)\n    because: why\n",
    "tiers: {mine: [big, openai/mini]}\nrules:\n  - name: a\n    when: task == debugging\n    use: [mine, fast_cheap]\n"
    "    filter: [context_window >= tokens.total * 1.2]\n",
    "rank: {advisor: heuristic, else: {cost: 1}, within: 200 ms}\nrules: [{name: a, use: [openai/big]}]\n",
    "rank: {strategy: listed, else: best}\nselect: best\n",
    "rank: {cost: 0.6, quality: 40%}\nscales: {cost: 0.001..1 USD, latency: 100 ms..20 s}\nselect: {explore: 5%}\n",
    "select: {canary: {target: openai/mini, share: 10%, by: session}}\naffinity: {by: conversation, for: 1 h}\n",
    "select: {weighted: {big: 3, openai/mini: 1}, by: context.team}\n",
    "budgets:\n  - {scope: user, limit: 5 USD/day, at: {80%: downgrade, 100%: fast_cheap}}\n"
    "limits: [{scope: endpoint, requests: 60/min, tokens: 200k/min}]\n",
    "fallback: {max_attempts: 2, deadline: 30 s,\n  failures: {overloaded: {retry_same: 1, backoff: 200 ms}}}\n",
    "envelope: true\nfilter: ['region in [eu]']\nprivacy: {content: hash}\ngrants: [models, only]\n",
    "aliases: {gpt-4: chat}\nrules: [{name: a, when: intent == chat, use: powerful}]\n"
    "default: {openai: big, '*': big}\n",
    "extends: base\nbaseline: big\nrules: !replace []\nfilter: !replace [&a quality >= 0.5, *a]\n"
    "leave: ['*.corp.example']\n",
    "match: department matches a* and needs has tools and preference in [cost]\ncross_origin: never\n",
)
WORDS = (
    *KEYS, *FIELDS, *(f" {unit}" for unit in UNITS), "==", "!=", "<=", ">=", "<", ">", "in", "not in", "has", "matches",
    " and ", " or ", "not ", "(", ")", "[", "]", "{", "}", ", ", ": ", "- ", "\n", "\n  ", "'", '"', "${", "}",
    "&a ", "*a", "!replace ", "!!set ", "|\n", ">\n", "? ", "<<: ", "---\n", "...\n", "#", "%", "-1", "0", "1e999",
    ".nan", ".inf", "-.inf", "0x10", "9" * 60, "~", "null", "true", "off", "\\", "\t", "\r", "\x00", "\u0085",
    "\u200b", "\u2028", "\ufeff", "\ud7ff", "о", "≥", "“", "５", "\\ud800", "\\0", "../", "/", "*", "?", "big",
    "openai/mini", "fast_cheap", "fail",
)  # fmt: skip
_PLACE = re.compile(r".*:[1-9][0-9]*:[1-9][0-9]*\Z", re.DOTALL)
_ASKED = (question(), question("tools", tokens=(5_000, 700), streaming=True))


def examine(text: str) -> Policy | None:
    """``None`` for a text that is refused as it has to be, else its policy, which can be stored, checked and used."""
    try:
        policy = read_policy(text, "f.yaml", catalog=CATALOG)
    except PolicyError as error:
        for one in (error, *error.others):
            assert _PLACE.match(one.where), one.where
            assert one.what, text
            assert one.remedy, one.what
            str(one).encode()
        return None
    stored = json.loads(json.dumps(policy.document))
    assert policy_from_document(stored).fingerprint == policy.fingerprint
    assert policy_from_document(stored, policy.positions).positions == policy.positions
    for one in contradictions(policy, CATALOG):
        assert one.what
        assert one.remedy
    if not policy.envelope:
        plan = compile_policy(policy, CATALOG, EXPRESSES)
        for asked in _ASKED:
            decide(plan, asked, EMPTY_SNAPSHOT, SEED, frozenset())
    return policy


def mutations(seed: int, count: int) -> Iterator[str]:
    """``count`` texts made of the seeds, each by up to eight changes."""
    draw = random.Random(seed)
    for _ in range(count):
        text = HEAD + draw.choice(SEEDS)
        if draw.random() < 0.2:
            text += draw.choice(SEEDS)
        for _ in range(draw.choice((1, 1, 1, 2, 2, 3, 5, 8))):
            text = _changed(draw, text)
        yield text


def _changed(draw: random.Random, text: str) -> str:
    begin = draw.randrange(len(text) + 1)
    end = min(len(text), begin + int(draw.expovariate(0.2)))
    match draw.randrange(8):
        case 0 | 1 | 2:
            return text[:begin] + draw.choice(WORDS) + text[begin:]
        case 3:
            return text[:begin] + text[end:]
        case 4:
            return text[:begin] + draw.choice(WORDS) + text[end:]
        case 5:
            other = draw.choice(SEEDS)
            cut = draw.randrange(len(other))
            return text[:begin] + other[cut : cut + draw.randrange(30)] + text[begin:]
        case 6:
            return text[:begin] + text[begin:end] * draw.choice((2, 3, 50)) + text[end:]
        case _:
            return text[:begin] + chr(draw.choice((draw.randrange(32), draw.randrange(127, 0xD800)))) + text[begin:]
