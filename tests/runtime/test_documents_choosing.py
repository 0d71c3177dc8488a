"""Keys that choose among the survivors, count what is used, and say what calls may ask: read, stored, read again."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from policy_samples import CATALOG, HEAD, policy
from waypost.core.policy.document import policy_from_document
from waypost.core.policy.render import render
from waypost.core.policy.tree import Affinity, Budget, Limit, Select
from waypost.core.policy.wrap import wrap
from waypost.errors import PolicyError
from waypost.runtime import policy_grants
from waypost.runtime.documents import read_policy

SECOND = 10**9
AT = policy("").at
SELECTS = [
    ("best", None),
    ("{weighted: deployments}", Select("weighted", AT)),
    ("{weighted: {openai/mini: 1, big: 3}, by: user}",
     Select("weighted", AT, weights=(("openai/big", 3), ("openai/mini", 1)), by="user")),
    ("{explore: 5%}", Select("explore", AT, share_ppm=50_000)),
    ("{explore: 0.05, by: context.team}", Select("explore", AT, share_ppm=50_000, by="context.team")),
    ("{canary: {target: openai/mini, share: 10%, by: session}}",
     Select("canary", AT, share_ppm=100_000, target="openai/mini", by="session")),
    ("{canary: {target: big, share: 0%}, by: user}",
     Select("canary", AT, share_ppm=0, target="openai/big", by="user")),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), SELECTS, ids=[text for text, _ in SELECTS])
def test_every_kind_of_select_is_read(text: str, expected: Select | None) -> None:
    """S5.02: the settings in base units, aliases as targets, weights by target; places stand beside."""
    found = policy(f"select: {text}\n").select
    assert (found and _nowhere(found)) == (expected and _nowhere(expected))
    if found is not None:
        assert str(found.at) == "p.yaml:3:9"


def _nowhere(select: Select) -> tuple[object, ...]:
    return (select.kind, select.weights, select.share_ppm, select.target, select.by)


def test_affinity_goes_by_conversation_unless_said() -> None:
    """The duration is in nanoseconds."""
    found = policy("affinity: {for: 1 h}\n").affinity
    assert found == Affinity("conversation", 3_600 * SECOND, found.at if found else AT)
    assert policy("affinity: {by: user, for: 90 s}\n").affinity == Affinity(
        "user",
        90 * SECOND,
        policy("affinity: {by: user, for: 90 s}\n").affinity.at,  # type: ignore[union-attr]
    )
    assert policy("affinity:\n").affinity is None


BUDGETS = """\
tiers: {mine: [openai/mini]}
budgets:
  - {scope: user, limit: 5 USD/day, at: {80%: downgrade, 100%: fast_cheap}}
  - {scope: context.team, limit: 0.5 USD/week}
  - {scope: all, limit: 1 USD/month, at: {50%: warn, 90%: mine, 100%: fail}}
"""


def test_budgets_are_read_in_their_order() -> None:
    """S3.15: nano-USD, ppm, and `fail` at 100 % where nothing is said."""
    found = policy(BUDGETS).budgets
    assert [(item.scope, item.limit_nano_usd, item.period, item.thresholds, item.at.line) for item in found] == [
        ("user", 5 * 10**9, "day", ((800_000, "downgrade"), (1_000_000, "fast_cheap")), 5),
        ("context.team", 5 * 10**8, "week", ((1_000_000, "fail"),), 6),
        ("all", 10**9, "month", ((500_000, "warn"), (900_000, "mine"), (1_000_000, "fail")), 7),
    ]
    assert [item.key for item in found] == ["user/day", "context.team/week", "all/month"]


def test_an_entry_of_limits_is_one_limit_for_each_kind() -> None:
    """Rates keep their own period; `k` and `M` are counts."""
    found = policy(
        "limits: [{scope: user, tokens: 200k/min, requests: 60/min}, {scope: endpoint, requests: 5/s},\n"
        "  {scope: provider, tokens: 1.5M/min}]\n"
    ).limits
    assert [(item.key, item.amount, item.per_ns) for item in found] == [
        ("user/requests", 60, 60 * SECOND),
        ("user/tokens", 200_000, 60 * SECOND),
        ("endpoint/requests", 5, SECOND),
        ("provider/tokens", 1_500_000, 60 * SECOND),
    ]


def test_what_may_be_kept_and_for_how_long() -> None:
    """Without the key nothing is kept; without `for` as long as usual."""
    for body, expected in (
        ("", ("none", None)),
        ("privacy:", ("none", None)),
        ("privacy: {content: redacted}", ("redacted", None)),
        ("privacy: {content: full, for: 12 h}", ("full", 43_200 * SECOND)),
        ("envelope: true", ("full", None)),
        ("envelope: true\nprivacy: {for: 7 d}", ("full", 604_800 * SECOND)),
        ("envelope: true\nprivacy: {content: none}", ("none", None)),
    ):
        found = policy(body + "\n")
        assert (found.content, found.content_for_ns) == expected, body
        again = policy_from_document(found.document)
        assert (again.content, again.content_for_ns, again.fingerprint) == (*expected, found.fingerprint)


def test_words_are_kept_only_where_they_can_be_encrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the library a policy that keeps words is refused with the remedy; an envelope that allows it is not."""
    monkeypatch.setattr(policy_grants, "installed", lambda: False)
    with pytest.raises(PolicyError) as caught:
        policy("privacy: {content: redacted}\n")
    assert str(caught.value) == (
        "p.yaml:3:20: `privacy: {content: redacted}` encrypts what it keeps, and the library for that is not "
        "installed; pip install '.[content]' in a checkout of Waypost, or write `{content: hash}`"
    )
    assert policy("privacy: {content: hash}\n").content == "hash"
    assert policy("envelope: true\nprivacy: {content: redacted}\n").content == "redacted"


def test_privacy_grants_and_aliases() -> None:
    """S5.01, S1.41: grants are a set; without the key all claims are followed, which is not the same as none."""
    found = policy("privacy: {content: hash}\ngrants: [only, models, only]\naliases: {gpt-4: chat, auto: other}\n")
    assert found.content == "hash"
    assert found.grants == ("models", "only")
    assert found.aliases == (("auto", "other"), ("gpt-4", "chat"))
    assert policy("").grants is None
    assert policy("grants: []\n").grants == ()


def test_an_intent_is_one_that_the_aliases_name() -> None:
    """S1.41: like every closed vocabulary, a misspelt intent could never be true."""
    found = policy("aliases: {gpt-4: chat}\nrules: [{name: a, when: intent == chat, use: fast_cheap}]\n")
    assert found.rules[0].when is not None
    with pytest.raises(PolicyError) as caught:
        policy("aliases: {gpt-4: chat}\nrules: [{name: a, when: intent == chta, use: fast_cheap}]\n")
    assert str(caught.value) == "p.yaml:4:35: intent is never 'chta'; did you mean 'chat'?"
    with pytest.raises(PolicyError) as caught:
        policy("rules: [{name: a, when: intent == chat, use: fast_cheap}]\n")
    assert caught.value.remedy == "say what requested models stand for: `aliases: {requested-model: chat}`"


def test_an_envelope_may_ask_for_an_intent_of_others() -> None:
    """It has no aliases of its own; those of the policy that it is wrapped around say what is meant."""
    text = "envelope: true\nmatch: intent == chat\nfilter: [{rule: quality >= 0.5, when: intent != chat}]\n"
    assert policy(text).envelope is True
    with pytest.raises(PolicyError) as caught:
        policy("aliases: {gpt-4: chat}\nmatch: intent == chat\n")
    assert str(caught.value) == "p.yaml:4:8: `match` cannot ask for the intent; match the requested.model instead"


WRONG = [
    ("filter: [{rule: , when: code == true}]", "3:10: a filter without a `rule`; write `- rule: field op value`"),
    ("filter: [quality >= 0.5, ~]", "3:26: a filter is empty; write `- field op value`, or remove the line"),
    ("rules: [~]", "3:9: a rule is empty; write `- name: ...`, or remove the line"),
    ("rules: [{name: a, when: code == true, use: }]", "3:9: rule 'a' does nothing; add `use` or `filter`"),
    ("select: bset", "3:9: unknown select 'bset'; did you mean 'best'?"),
    ("select: explore", "3:9: `explore` needs its settings; write `{explore: 5%}`"),
    ("select: [best]", "3:9: select is a list, not a text; write one word or a quoted text"),
    ("select: {}", "3:9: `select` names no kind; write one of weighted, explore, canary, or `select: best`"),
    ("select: {explore: 5%, weighted: deployments}",
     "3:9: `select` names more than one kind; write one of weighted, explore, canary, or `select: best`"),
    ("select: {exlore: 5%}", "3:10: unknown key 'exlore' in select; did you mean 'explore'?"),
    ("select: {explore: 10}", "3:19: the share of explore is more than 100%; write a share from 0% to 100%; "
     "did you mean 10%?"),
    ("select: {explore: 120%}", "3:19: the share of explore is more than 100%; write a share from 0% to 100%"),
    ("select: {explore: -5%}",
     "3:19: the share of explore is -5%, and must not be negative; write a ratio such as 0.5 or 50%"),
    ("select: {explore: }", "3:19: `explore` has no share; write `{explore: 5%}`"),
    ("select: {explore: 5%, by: usr}", "3:27: by 'usr' is unknown; did you mean 'user'?"),
    ("select: {weighted: evenly}",
     "3:20: select.weighted is 'evenly'; "
     "write `{weighted: deployments}`, or targets with weights: `{weighted: {openai/gpt-4o: 3}}`"),
    ("select: {weighted: {}}", "3:20: no target has a weight; "),
    ("select: {weighted: {openai/mini: 0}}",
     "3:34: the weight of openai/mini is 0; leave the target out, or give it a weight above 0"),
    ("select: {weighted: {openai/mini: }}",
     "3:34: the weight of openai/mini is missing; write a whole number from 1 to 1000000"),
    ("select: {weighted: {openai/mini: 0.5}}",
     "3:34: the weight of openai/mini is 0.5; write a whole number from 1 to 1000000"),
    ("select: {weighted: {openai/gone: 1}}",
     "3:21: unknown target 'openai/gone'; `waypost catalog show` lists the targets of catalog 'sample'"),
    ("select: {weighted: {big: 1, openai/big: 2}}", "3:29: a second weight of 'openai/big'; leave one of the two"),
    ("select: {canary: {target: openai/gone, share: 1%}}",
     "3:27: unknown target 'openai/gone'; `waypost catalog show` lists the targets of catalog 'sample'"),
    ("select: {canary: {target: big, share: 101%}}",
     "3:39: the share of the canary is more than 100%; write a share from 0% to 100%"),
    ("select: {canary: {target: big}}",
     "3:18: the canary has no share; write `{canary: {target: provider/model, share: 10%}}`"),
    ("select: {canary: {share: 1%}}",
     "3:18: the canary has no target; write `{canary: {target: provider/model, share: 10%}}`"),
    ("select: {canary: big}", "3:18: canary is 'big', not a mapping; write `key: value` lines"),
    ("select: {canary: {target: big, share: 1%, by: user}, by: user}",
     "3:18: `by` is given twice; leave the one inside of `canary`"),
    ("affinity: {by: conversation}",
     "3:11: `affinity` does not say for how long; write `{by: conversation, for: 1 h}`"),
    ("affinity: {for: 0 s}", "3:17: affinity.for is out of range; write a duration above 0 and at most 30 d"),
    ("affinity: {for: 31 d}", "3:17: affinity.for is out of range; write a duration above 0 and at most 30 d"),
    ("affinity: {for: 1 h, by: convesation}", "3:26: by 'convesation' is unknown; did you mean 'conversation'?"),
    ("budgets: [x]", "3:11: a budget is 'x', not a mapping; write `key: value` lines"),
    ("budgets: [{limit: 5 USD/day}]",
     "3:11: a budget has no scope; write `scope: user`, or `scope: all` for everybody together"),
    ("budgets: [{scope: usr, limit: 5 USD/day}]", "3:19: scope 'usr' is unknown; did you mean 'user'?"),
    ("budgets: [{scope: target, limit: 5 USD/day}]",
     "3:19: a budget cannot have the scope 'target'; "
     "only limits count by target; write a scope of the caller, such as user"),
    ("budgets: [{scope: user}]", "3:11: the limit is missing; write a sum such as 5 USD/day"),
    ("budgets: [{scope: user, limit: 5 USD}]",
     "3:32: limit is 5 USD: USD is the unit of a sum, not of a sum for a period; write a sum such as 5 USD/day"),
    ("budgets: [{scope: user, limit: 5}]", "3:32: limit is 5: it has no unit; write a sum such as 5 USD/day"),
    ("budgets: [{scope: user, limit: 5 USD/dya}]",
     "3:32: unknown unit 'USD/dya' in limit; did you mean 'USD/day'?"),
    ("budgets: [{scope: user, limit: 0 USD/day}]",
     "3:32: limit is 0, so nobody could ever be asked; write an amount above 0"),
    ("budgets: [{scope: user, limit: -1 USD/day}]",
     "3:32: limit is -1 USD/day, and must not be negative; write a sum such as 5 USD/day"),
    ("budgets: [{scope: user, limit: 1 USD/day, at: {}}]",
     "3:47: `at` has no threshold; write `{100%: fail}`, or leave `at` out"),
    ("budgets: [{scope: user, limit: 1 USD/day, at: {80%: warn, 0.8: fail}}]",
     "3:59: the threshold 0.8 is twice; write each threshold once"),
    ("budgets: [{scope: user, limit: 1 USD/day, at: {120%: fail}}]",
     "3:48: the threshold 120% is out of range; write whole percents from 1% to 100%"),
    ("budgets: [{scope: user, limit: 1 USD/day, at: {80: warn}}]",
     "3:48: the threshold 80 is out of range; write whole percents from 1% to 100%; did you mean 80%?"),
    ("budgets: [{scope: user, limit: 1 USD/day, at: {12.5%: warn}}]",
     "3:48: the threshold 12.5% is out of range; write whole percents from 1% to 100%"),
    ("budgets: [{scope: user, limit: 1 USD/day, at: {100%: fial}}]",
     "3:54: unknown action 'fial'; did you mean 'fail'?"),
    ("budgets: [{scope: user, limit: 1 USD/day, at: {100%: }}]",
     "3:54: the threshold has no action; write warn, downgrade, fail, or a tier"),
    ("budgets: [{scope: user, limit: 1 USD/day}, {scope: user, limit: 2 USD/day}]",
     "3:44: a second budget user/day; the first is at p.yaml:3:11; "
     "leave one, or write `budgets: !replace` in the child"),
    ("limits: [{scope: user}]", "3:10: the limit limits nothing; write `requests: 60/min` or `tokens: 200k/min`"),
    ("limits: [{scope: user, requests: 60}]",
     "3:34: requests is 60: it has no unit; write a rate such as 60/min or 200k/min"),
    ("limits: [{scope: user, requests: 60/h}]", "3:34: unknown unit '/h' in requests; "),
    ("limits: [{scope: user, requests: 0.5/s}]",
     "3:34: requests is 0.5/s: a fraction is too fine; write a rate such as 60/min or 200k/min"),
    ("limits: [{scope: user, requests: 0/s}]",
     "3:34: requests is 0, so nobody could ever be asked; write an amount above 0"),
    ("limits: [{scope: model, requests: 1/s}]", "3:18: scope 'model' is unknown; "),
    ("limits: [{scope: user, requests: 1/s}, {scope: user, requests: 90/min}]",
     "3:40: a second limit user/requests; the first is at p.yaml:3:10; "
     "leave one, or write `limits: !replace` in the child"),
    ("limits: [~]", "3:10: a limit is empty; write `{scope: user, ...}`, or remove the line"),
    ("privacy: {content: everything}",
     "3:20: privacy.content 'everything' is unknown; known: full, hash, none, redacted"),
    ("privacy: {content: full, for: 0 d}",
     "3:31: privacy.for is out of range; write a duration above 0 and at most 3650 d"),
    ("privacy: {content: full, for: 3651 d}",
     "3:31: privacy.for is out of range; write a duration above 0 and at most 3650 d"),
    ("privacy: {content: hash, for: 30 d}",
     "3:31: `privacy.for` has nothing to end: `content` is hash; remove it, or write `{content: redacted, for: 30 d}`"),
    ("privacy: {for: 30 d}",
     "3:16: `privacy.for` has nothing to end: `content` is none; remove it, or write `{content: redacted, for: 30 d}`"),
    ("grants: [modles]", "3:10: unknown claim 'modles'; did you mean 'models'?"),
    ("grants:", "3:8: `grants` is empty; write `[]` to follow no claim, or leave the key out to follow all"),
    ("grants: all", "3:9: grants is 'all', not a list; write a list: [a, b]"),
    ("aliases: {gpt-4: }", "3:18: aliases.gpt-4 stands for nothing; write an intent: `{gpt-4: chat}`"),
    ("aliases: [gpt-4]", "3:10: aliases is a list, not a mapping; write `key: value` lines"),
    ("envelope: yes", "3:11: envelope 'yes' is unknown; "),
    ("envelope: true\nrules: [{name: a, use: fast_cheap}]",
     "4:1: an envelope has no `rules`; "
     "remove it, and do not extend a policy that has it; an envelope only narrows what others choose"),
    ("tiers: {fail: [openai/mini]}", "3:9: `fail` is what a budget does; give the tier another name"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "message"), WRONG, ids=[body for body, _ in WRONG])
def test_a_mistake_is_named_with_place_and_remedy(body: str, message: str) -> None:
    """file:line:column: what; remedy."""
    with pytest.raises(PolicyError) as caught:
        policy(f"{body}\n")
    first = str(caught.value).splitlines()[0]
    assert first == f"p.yaml:{message}" or (message.endswith("; ") and first.startswith(f"p.yaml:{message}"))


@pytest.mark.parametrize(
    "key", ["rules: []", "rank: best", "select: best", "affinity: {for: 1 h}", "default: big", "aliases: {a: b}",
            "fallback: {max_attempts: 2}", "tiers: {mine: [big]}", "mode: route",
            "baseline: big", "scales: {quality: 0..1}", "on_no_candidates: error", "on_internal_error: open"]
)  # fmt: skip
def test_an_envelope_does_not_choose(key: str) -> None:
    """docs/decision.md, *Envelopes*: what `wrap` would not read is a load error at its place."""
    with pytest.raises(PolicyError) as caught:
        policy(f"envelope: true\n{key}\n")
    assert (caught.value.where, caught.value.what) == (
        "p.yaml:4:1",
        f"an envelope has no `{key.partition(':')[0]}`",
    )


EVERYTHING = (
    BUDGETS
    + """\
select: {canary: {target: openai/mini, share: 10%, by: session}}
affinity: {by: conversation, for: 1 h}
limits: [{scope: user, requests: 60/min, tokens: 200k/min}]
privacy: {content: hash}
grants: [models]
aliases: {gpt-4: chat}
"""
)


@pytest.mark.parametrize("body", [EVERYTHING, "envelope: true\nfilter: [quality >= 0.5]\n", "grants: []\n"])
def test_a_policy_is_rebuilt_from_its_stored_document(body: str) -> None:
    """S1.27: through JSON, with and without places; the fingerprint is the same."""
    made = policy(body)
    stored = json.loads(json.dumps(made.document, sort_keys=True))
    again = policy_from_document(stored, json.loads(json.dumps(made.positions)))
    for name in ("select", "affinity", "budgets", "limits", "content", "envelope", "grants", "aliases", "positions"):
        assert getattr(again, name) == getattr(made, name), name
    assert again.fingerprint == made.fingerprint
    assert policy_from_document(stored).fingerprint == made.fingerprint


def test_a_policy_from_the_cache_of_parsed_files_is_the_same(tmp_path: Path) -> None:
    """The second reading has no YAML parser; tags, places and all keys are as in the first."""
    text = f"{HEAD}{EVERYTHING}extends: base\n".replace("budgets:\n", "budgets: !replace\n")
    (tmp_path / "base.yaml").write_text(f"{HEAD}budgets: [{{scope: user, limit: 1 USD/day}}]\n")
    read = partial(read_policy, text, "p.yaml", catalog=CATALOG, search=[tmp_path], cache=tmp_path / "cache")
    assert read() == read()
    assert [budget.key for budget in read().budgets] == ["user/day", "context.team/week", "all/month"]


def test_keys_that_say_nothing_do_not_change_the_fingerprint() -> None:
    """Policies of before have the fingerprint of before: what is at its default is not in the document."""
    plain = policy("")
    spelled = policy("select: best\naffinity:\nbudgets: []\nlimits: []\nenvelope: false\naliases: {}\n")
    assert spelled.fingerprint == plain.fingerprint
    assert "budgets" not in plain.document
    assert plain.fingerprint == "1200dcc9ee4e37a9751154af8390f9f52e8ce677cf7e69415f5cdb862afab086"


CHANGES = [
    ("share: 10%", "share: 11%"),
    ("by: session", "by: user"),
    ("target: openai/mini", "target: openai/big"),
    ("for: 1 h", "for: 2 h"),
    ("limit: 5 USD/day", "limit: 5 USD/week"),
    ("80%: downgrade", "80%: warn"),
    ("requests: 60/min", "requests: 60/s"),
    ("tokens: 200k/min", "tokens: 201k/min"),
    ("content: hash", "content: none"),
    ("grants: [models]", "grants: []"),
    ("gpt-4: chat", "gpt-4: talk"),
]


@pytest.mark.parametrize(("old", "new"), CHANGES, ids=[new for _, new in CHANGES])
def test_every_change_of_meaning_changes_the_fingerprint(old: str, new: str) -> None:
    """S1.27: a semantic change always does."""
    assert old in EVERYTHING
    assert policy(EVERYTHING.replace(old, new)).fingerprint != policy(EVERYTHING).fingerprint


def test_without_a_catalog_the_ladder_is_known() -> None:
    """An action may name a tier of the ladder where nobody can say which tiers there are."""
    text = "budgets: [{scope: user, limit: 1 USD/day, at: {100%: fast_cheap}}]\n"
    assert policy(text, table=None).budgets[0].thresholds == ((1_000_000, "fast_cheap"),)
    assert isinstance(policy(BUDGETS, table=CATALOG).budgets[0], Budget)
    assert isinstance(policy("limits: [{scope: all, requests: 1/s}]\n").limits[0], Limit)


def test_a_match_of_numbers_and_quotes() -> None:
    """What stands in a mapping is the value itself: a department may be called 42, and a count is a count."""
    found = policy("match: {department: [42, 'a \"b\\\\'], turns: 3, context.team: 7}\n").match
    assert found is not None
    assert render(found) == 'context.team == "7" and department in ["42", "a \\"b\\\\\\\\"] and turns == 3'


def test_a_wrapped_policy_is_rebuilt_with_its_envelopes() -> None:
    """S2.16: the stored document of what was compiled has the envelopes in it, each with its places."""
    outer = policy(
        "envelope: true\nmatch: {department: hr}\nfilter: [region == eu, {rule: quality >= 0.5, when: code == true}]\n"
        "budgets: [{scope: all, limit: 9 USD/day}]\nprivacy: {content: none}\n",
        file="outer.yaml",
    )
    made = wrap(policy(EVERYTHING), (outer, policy("envelope: true\ngrants: []\n", file="bare.yaml")))
    stored = json.loads(json.dumps(made.document, sort_keys=True))
    again = policy_from_document(stored, json.loads(json.dumps(made.positions)))
    assert (again.fingerprint, again.positions, again.sources) == (made.fingerprint, made.positions, made.sources)
    assert (again.budgets, again.grants, again.document) == (made.budgets, made.grants, made.document)
    assert [str(line.predicate.at) for line in again.filters] == ["outer.yaml:5:10", "outer.yaml:5:31"]
    assert policy_from_document(stored).fingerprint == made.fingerprint != policy(EVERYTHING).fingerprint


def test_a_match_of_a_number_is_a_number_and_nothing_else() -> None:
    """The value of a mapping is never read as more of a predicate."""
    with pytest.raises(PolicyError) as caught:
        policy("match: {turns: 3 or code == true}\n")
    assert caught.value.what == "turns is a number, '3 or code == true' is text"
    with pytest.raises(PolicyError):
        policy("match: {turns: messages}\n")
    with pytest.raises(PolicyError) as caught:
        policy("match: {code == true or task: debugging}\n")
    assert caught.value.what == "unknown field 'code == true or task'"


def test_thresholds_may_stand_in_any_order() -> None:
    """The order of keys changes nothing: not the actions, and not the fingerprint."""
    rising, falling = (
        read_policy(f"{HEAD}budgets: [{{scope: user, limit: 1 USD/day, at: {{{at}}}}}]", "p.yaml", catalog=None)
        for at in ("80%: warn, 100%: fail", "100%: fail, 80%: warn")
    )
    assert falling.budgets[0].thresholds == ((800_000, "warn"), (1_000_000, "fail"))
    assert falling.fingerprint == rising.fingerprint
