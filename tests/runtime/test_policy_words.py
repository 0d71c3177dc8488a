"""Words that no target and no call can ever have: refused at load, with the nearest word that exists."""

from __future__ import annotations

import logging
from typing import get_args

import pytest

from policy_samples import BIG, CATALOG, FAST, MINI, catalog, policy, target
from waypost.core.catalog.table import Catalog
from waypost.core.features.privacy import DataClass
from waypost.core.model.target import DIALECTS, Endpoint
from waypost.core.policy.fields import FIELDS
from waypost.errors import PolicyError
from waypost.runtime.catalogs import load_catalog
from waypost.runtime.documents import read_policy
from waypost.runtime.policy_words import CLOSED

NEVER = [
    ("provider == opnai", 17, "no target of the catalog has the provider 'opnai'; did you mean 'openai'?"),
    ("not provider == opnai", 21, "no target of the catalog has the provider 'opnai'; did you mean 'openai'?"),
    ("provider not in [opnai]", 22, "no target of the catalog has the provider 'opnai'; did you mean 'openai'?"),
    ("provider != opnai", 17, "no target of the catalog has the provider 'opnai'; did you mean 'openai'?"),
    ("provider == zzz", 17,
     "no target of the catalog has the provider 'zzz'; known: anthropic, groq, openai"),
    ("provider in [openai, zzz]", 26,
     "no target of the catalog has the provider 'zzz'; known: anthropic, groq, openai"),
    ("provider matches opn*", 22,
     "no target of the catalog has a provider that matches 'opn*'; known: anthropic, groq, openai"),
    ("quality >= 0 or provider == opnai", 33,
     "no target of the catalog has the provider 'opnai'; did you mean 'openai'?"),
    ("tier == fast_chep", 13, "no target of the catalog has the tier 'fast_chep'; did you mean 'fast_cheap'?"),
    ("tier == mine", 13, "no target of the catalog has the tier 'mine'; `tier` is the catalog's; "
     "the policy's own shortlist is chosen by a rule: `use: mine`"),
    ("target == openai/minni", 15,
     "no target of the catalog has the target 'openai/minni'; did you mean 'openai/mini'?"),
    ("target == opnai/mini", 15, "no target of the catalog has the target 'opnai/mini'; did you mean 'openai/mini'?"),
    ("target == mini", 15, "no target of the catalog has the target 'mini'; write 'openai/mini'"),
    ("target == zzz", 15,
     "no target of the catalog has the target 'zzz'; remove the line, or load a catalog that has it"),
    ("model == mni", 14, "no target of the catalog has the model 'mni'; did you mean 'mini'?"),
    ("endpoint == grok", 17, "no target of the catalog has the endpoint 'grok'; did you mean 'groq'?"),
    ("region == us-east", 15, "no target of the catalog has the region 'us-east'; known: eu, us"),
    ("region in [de, fr]", 16, "no target of the catalog has the region 'de'; known: eu, us"),
    ("retention == nonee", 18, "no target of the catalog has the retention 'nonee'; did you mean 'none'?"),
    ("family == gpt", 5, "no target of the catalog states its family, so that `family == gpt` can never be known; "
     "add `family` to the catalog, or remove the line"),
    ("dialect == openai.chats", 16, "dialect is never 'openai.chats'; did you mean 'openai.chat'?"),
    ("dialect == google.generate_content", 16, "no target of the catalog has the dialect 'google.generate_content'; "
     "known: anthropic.messages, openai.chat"),
    ("capabilities has tols", 22, "capabilities is never 'tols'; did you mean 'tools'?"),
    ("needs has tols", 15, "needs is never 'tols'; did you mean 'tools'?"),
    ("needs has server_tool.", 15, "needs is never 'server_tool.'; write what follows the dot: server_tool.<name>"),
    ("task matches debuging*", 18, "task is never 'debuging*'; did you mean 'debugging'?"),
    ("complexity == hard", 19, "complexity is never 'hard'; known: complex, medium, simple"),
    ("preference == price", 19, "preference is never 'price'; known: cost, latency, quality"),
    ("origin.dialect == openai", 23,
     "origin.dialect is never 'openai'; did you mean 'openai.chat' or 'openai.responses'?"),
    ("origin.provider == opnai", 24, "unknown provider 'opnai'; did you mean 'openai'?"),
    ("data_class == personel", 19, "data_class is never 'personel'; did you mean 'personal'?"),
    ("data_class matches priv*", 24, "data_class is never 'priv*'; known: financial, health, none, personal, secret"),
    ("language == it", 17, "language is never 'it'; known: de, en, es, fr, pt"),
    ("code_language has pyton", 23, "code_language is never 'pyton'; did you mean 'python'?"),
    ("signals has greetin", 17, "signals is never 'greetin'; did you mean 'greeting'?"),
]  # fmt: skip


def first_error(line: str, table: Catalog | None = CATALOG) -> str:
    with pytest.raises(PolicyError) as caught:
        policy(f"tiers: {{mine: [openai/mini]}}\nfilter:\n  - {line}\n", table=table)
    return str(caught.value).splitlines()[0]


@pytest.mark.parametrize(("line", "column", "message"), NEVER, ids=[line for line, _, _ in NEVER])
def test_a_word_that_can_never_be_true_is_an_error(line: str, column: int, message: str) -> None:
    """Place, word and remedy, exactly."""
    assert first_error(line) == f"p.yaml:5:{column}: {message}"


GOOD = [
    "provider == openai",
    "provider matches open*",
    "target matches */mini",
    "not target matches deepseek/*",
    "model matches mi?i",
    "task matches code_*",
    "tier in [fast_cheap, powerful]",
    "dialect matches openai.*",
    "needs has server_tool.web_search",
    "needs has unknown_field.anything",
    "needs has background",
    "department == anything",
    "requested.model == gpt-5x",
    "origin.provider == elsewhere",
    "labels.team == anything",
    "region in [eu]",
]


@pytest.mark.parametrize("line", GOOD)
def test_words_that_can_be_true_load_in_silence(line: str, caplog: pytest.LogCaptureFixture) -> None:
    """Globs, families of needs and open fields are left alone."""
    assert policy(f"filter:\n  - {line}\n").filters
    assert not caplog.messages


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("provider not in [deepseek]",
         "p.yaml:4:22: no target of the catalog has the provider 'deepseek'; known: anthropic, groq, openai"),
        ("region in [eu, de]", "p.yaml:4:20: no target of the catalog has the region 'de'; known: eu, us"),
        ("target != openai/gpt-4o",
         "p.yaml:4:15: no target of the catalog has the target 'openai/gpt-4o'; "
         "remove the line, or load a catalog that has it"),
    ],
)  # fmt: skip
def test_a_guard_stands_with_a_smaller_catalog(line: str, message: str, caplog: pytest.LogCaptureFixture) -> None:
    """POLICY.md's own `provider not in [deepseek]` loads where nobody is at deepseek; the log says so, once."""
    with caplog.at_level(logging.WARNING, "waypost"):
        assert policy(f"filter:\n  - {line}\n").filters
    assert caplog.messages == [message]


def test_a_fact_of_the_world_that_nobody_states_is_only_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Unknown fails closed: a line on regions is right, and the catalog is poor."""
    with caplog.at_level(logging.WARNING, "waypost"):
        assert policy("filter:\n  - region in [eu]\n", table=catalog(FAST)).filters
    assert caplog.messages == [
        "p.yaml:4:5: no target of the catalog states its region, so that `region in [eu]` can never be known; "
        "add `region` to the catalog, or remove the line"
    ]


def test_every_predicate_of_a_file_is_looked_at() -> None:
    """Match, when, rules' filters and variables, in one pass."""
    with pytest.raises(PolicyError) as caught:
        policy(
            "vars: {who: opnai}\nmatch: {language: it}\nrules:\n"
            "  - {name: a, when: signals has nope, filter: [tier == chep]}\n"
            "filter:\n  - {rule: 'provider == ${who}', when: data_class == x}\n"
        )
    assert [error.where for error in (caught.value, *caught.value.others)] == [
        "p.yaml:4:9", "p.yaml:6:33", "p.yaml:6:56", "p.yaml:8:25", "p.yaml:8:54",
    ]  # fmt: skip


def test_a_provider_by_its_name_in_telemetry_is_named_as_targets_name_it() -> None:
    """`gcp.gemini` is what spans say, `google` is what lines compare with."""
    google = Endpoint("google", "gcp.gemini", "openai.chat", "https://g.example", "/v1")
    base = catalog(BIG, MINI)
    gemini = target("google/flash")
    table = Catalog(
        "g", (gemini, *base.targets), {**base.endpoints, "google": google}, {},
        {"google/flash": 0, "openai/big": 1, "openai/mini": 2}, {}, "f" * 64,
    )  # fmt: skip
    message = "p.yaml:5:17: no target of the catalog has the provider 'gcp.gemini'; write 'google'"
    assert first_error("provider == gcp.gemini", table) == message


def test_without_a_catalog_only_closed_words_are_checked() -> None:
    """Targets may be anything there."""
    assert policy("filter:\n  - provider == opnai\n", table=None).filters
    assert first_error("language == it", None) == "p.yaml:5:17: language is never 'it'; known: de, en, es, fr, pt"


def test_vocabularies_are_those_of_the_code() -> None:
    """One list each: what the catalog may say, and what features can be."""
    assert FIELDS["dialect"].values is FIELDS["origin.dialect"].values is DIALECTS
    assert set(CLOSED["data_class"]) == set(get_args(DataClass))
    assert all(FIELDS[name].source == "request" and not FIELDS[name].values for name in CLOSED)


def test_the_language_page_loads_with_the_packaged_catalog(caplog: pytest.LogCaptureFixture) -> None:
    """The lines of the language's own example."""
    lines = ("region in [eu]", "retention == none", "provider not in [deepseek]")
    body = "".join(f"  - {line}\n" for line in lines)
    assert len(policy(f"filter:\n{body}", table=load_catalog()).filters) == 3
    assert not caplog.messages


def test_a_bare_model_names_all_targets_of_it() -> None:
    """`gpt-4o` is served at more than one place: the writer chooses."""
    table = catalog(target("openai/gpt-4o"), target("groq/gpt-4o"), target("openai/o3"))
    with pytest.raises(PolicyError) as caught:
        policy("rules: [{name: a, use: [gpt-4o, o3]}]\ndefault: gpt-4o\n", table=table)
    assert str(caught.value).splitlines() == [
        "p.yaml:3:25: unknown tier 'gpt-4o'; write 'groq/gpt-4o' or 'openai/gpt-4o'",
        "p.yaml:3:33: unknown tier 'o3'; write 'openai/o3'",
        "p.yaml:4:10: unknown target 'gpt-4o'; write 'groq/gpt-4o' or 'openai/gpt-4o'",
    ]


@pytest.mark.parametrize("line", ["region == EU", "provider == OpenAI", "provider not in [DeepSeek]"])
def test_large_letters_are_a_slip(line: str) -> None:
    """Words are compared letter by letter, so the word that is meant stands in the remedy, also of a guard."""
    with pytest.raises(PolicyError) as caught:
        read_policy(f"waypost: policy/v1\nname: p\nfilter: ['{line}']\n", "p.yaml", catalog=load_catalog(None))
    word = line.rpartition(" ")[2].strip("[]").lower()
    assert str(caught.value).endswith(f"did you mean '{word}'?")
