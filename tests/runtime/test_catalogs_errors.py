"""Every fault of a catalog file is named with its place, what it is and what to do; all of them in one go."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from waypost.errors import CatalogError
from waypost.runtime import catalog_reader
from waypost.runtime.catalogs import load_catalog, read_catalog

GOOD = """\
waypost: catalog/v1
name: small
sources:
  list: {text: "Price list", as_of: 2026-02-01}
endpoints:
  v: {provider: vendor, dialect: openai.chat, base_url: "https://v.example/v1", path: /chat/completions}
capabilities:
  base: {flags: [stream, tools], source: list}
targets:
  v/m:
    about: {family: f, tier: balanced, source: list}
    limits: {context_window: 1000, source: list}
    capabilities: base
    prices:
      - {since: 2026-01-15, input: 0.15, output: 0.60, source: list}
      - {since: 2025-01-15, input: 0.20, output: 0.70, source: list}
    priors: {quality: 0.5, first_token: 400 ms, per_token: 9 ms, source: list}
    data: {region: eu, source: list}
  v/n: {}
aliases: {nick: v/m}
"""


def faults(text: str) -> list[str]:
    """The errors of a file, in order."""
    with pytest.raises(CatalogError) as caught:
        read_catalog(text, "c.yaml")
    return [str(caught.value), *map(str, caught.value.others)]


def test_the_base_of_these_tests_is_good() -> None:
    """Each fault below is the only one."""
    assert len(read_catalog(GOOD, "c.yaml")) == 2


PRICE = "a price; write a decimal of USD per million tokens, at most nine places, as in 0.15"
COUNT = "a whole number above 0; write digits only, as in 128000"
SHARE = "within 0..1; write a decimal with at most six places, as in 0.5"
DURATION = "a duration; write a number and ns, us, ms or s, as in 400 ms"
SOURCE = "has no `source`; add `source:`, or a default under `by_default`"
FUTURE = "lies in the future; a price cannot begin after 2026-02-01, the day of its source"
PLACE = "\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}"
"""Stands before the place that an error must name; it is taken out before the file is read."""


def marked(text: str) -> tuple[str, str]:
    """The text without its mark, and the place of the mark as ``line:column``."""
    before, _, after = text.partition(PLACE)
    lines = before.split("\n")
    return before + after, f"{len(lines)}:{len(lines[-1]) + 1}"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("catalog/v1", "«catalog/v2", "`waypost` is 'catalog/v2'; write `waypost: catalog/v1`"),
        ("waypost: catalog/v1\n", "«", "`waypost` is None; write `waypost: catalog/v1`"),
        ("waypost: catalog/v1\nname: small", "«waypost: catalog/v1", "the file has no `name`; add `name:`"),
        ("aliases:", "«alias:", "unknown key 'alias'; did you mean 'aliases'?"),
        ("limits:", "«limit:", "unknown key 'limit'; did you mean 'limits'?"),
        ("context_window", "«context", "unknown key 'context'; did you mean 'context_window'?"),
        ("2026-02-01", "«2026-02-30", "`as_of` is '2026-02-30', not a date; write YYYY-MM-DD"),
        ('{text: "Price list", as_of: 2026-02-01}', '«{text: "x"}', "source 'list' has no `as_of`; add `as_of:`"),
        ('{text: "Price list", ', "«{", "source 'list' has no `text`; add `text:`"),
        ("2026-02-01}", "2026-02-01, basis: «priori}", "unknown basis 'priori'; did you mean 'prior'?"),
        ("path: /chat", "«drop: [], path: /chat", "unknown key 'drop'; did you mean 'drops'?"),
        (
            "path: /chat",
            "also: {«openai.chats: /x}, path: /chat",
            "unknown key 'openai.chats'; did you mean 'openai.chat'?",
        ),
        (
            "path: /chat",
            "also: {openai.chat: «/x}, path: /chat",
            "'openai.chat' is the endpoint's dialect already; leave it out",
        ),
        ("openai.chat", "«openai.chats", "unknown dialect 'openai.chats'; did you mean 'openai.chat'?"),
        ('"https://v', '«"v', "'v.example/v1' is no address; begin with https:// or http://"),
        ("provider: vendor", "provider: «''", "`provider` is '', not text; write a word, or quote it"),
        ("name: small", "name: «7", "`name` is '7', not text; write a word, or quote it"),
        ("tools]", "«tool]", "unknown capability 'tool'; did you mean 'tools'?"),
        ("[stream, tools]", "«stream", "`flags` is not a list; write [a, b]"),
        ("tools]", "«7]", "`flags` holds something that is not text; quote it"),
        ("{flags", "{without: «[n], flags", "'n' is not inherited; remove it from `without`"),
        ("{flags", "{extends: «bas, flags", "unknown capability set 'bas'; none is known here"),
        ("capabilities: base", "capabilities: «bas", "unknown capability set 'bas'; did you mean 'base'?"),
        ("v/n: {}", "vn: «{}", "target 'vn' is not provider/model; write provider/model[@deployment]"),
        ("v/n: {}", "v/n@: «{}", "target 'v/n@' is not provider/model; write provider/model[@deployment]"),
        ("v/n: {}", "v/n: «7", "v/n is not a mapping; write key: value pairs"),
        ("v/n: {}", "«v/m: {}", "duplicate key 'v/m'; it stands in line 10 already"),
        ("v/n: {}", "v/n: {endpoint: «w}", "unknown endpoint 'w'; known: v"),
        ("v/n: {}", "w/n: «{}", "unknown endpoint 'w'; known: v"),
        ("{family: f, tier: balanced, source: list}", "«{tier: balanced}", f"`about` {SOURCE}"),
        ("1000, source: list", "1000, source: «lst", "unknown source 'lst'; did you mean 'list'?"),
        ("tier: balanced", "tier: «balance", "unknown tier 'balance'; did you mean 'balanced'?"),
        ("tier: balanced", "status: «gone", "unknown status 'gone'; known: active, deprecated, shut_down"),
        ("1000,", "«0,", f"`context_window` is '0', not {COUNT}"),
        ("1000,", "«1k,", f"`context_window` is '1k', not {COUNT}"),
        ("0.15", "«-0.15", f"`input` is '-0.15', not {PRICE}"),
        ("0.15", "«0.0000000001", f"`input` is '0.0000000001', not {PRICE}"),
        ("0.15", "«15e-2", f"`input` is '15e-2', not {PRICE}"),
        ("0.15", '«"0.15"', f"`input` is '0.15', not {PRICE}"),
        ("0.15", "«99999999", f"`input` is '99999999', not {PRICE}"),
        ("0.15", "«[1]", f"`input` is a sequence, not {PRICE}"),
        ("0.15", "«~", f"`input` is '~', not {PRICE}"),
        ("0.15", "«.nan", ".nan is not a number here; write a finite number"),
        (
            "{since: 2026-01-15, input: 0.15, output: 0.60,",
            "«{",
            "a price with neither `input` nor `output`; give one, or remove the price",
        ),
        ("{since: 2026-01-15, input: 0.15, output: 0.60, source: list}", "«{input: 1}", f"`prices` {SOURCE}"),
        ("2026-01-15", "«2026-02-02", f"`since` 2026-02-02 {FUTURE}"),
        (
            "since: 2025-01-15",
            "since: «2026-01-16",
            "`since` 2026-01-16 is not before 2026-01-15; put the newest first",
        ),
        (
            "since: 2025-01-15",
            "since: «2026-01-15",
            "`since` 2026-01-15 is not before 2026-01-15; put the newest first",
        ),
        ("2026-01-15", "«2026-1-15", "`since` is '2026-1-15', not a date; write YYYY-MM-DD"),
        (
            "0.60,",
            "0.60, above: [{tokens: 9, input: 1}, {tokens: «9, input: 2}],",
            "tiers are not ascending; sort them by `tokens`",
        ),
        ("0.60,", "0.60, above: [«{input: 1}],", "a tier has no `tokens`; add `tokens:`"),
        ("0.60,", "0.60, above: [«7],", "a tier is not a mapping; write key: value pairs"),
        ("quality: 0.5", "quality: «1.01", f"`quality` is '1.01', not {SHARE}"),
        ("quality: 0.5", "quality: «-0.1", f"`quality` is '-0.1', not {SHARE}"),
        ("400 ms", "«fast", f"`first_token` is 'fast', not {DURATION}"),
        ("400 ms", "«0.1 ns", f"`first_token` is '0.1 ns', not {DURATION}"),
        (
            "{quality: 0.5, first_token: 400 ms, per_token: 9 ms",
            "«{first_token: 400 ms",
            "one of `first_token` and `per_token` is missing; give both or none",
        ),
        ("region: eu", "region: «7", "`region` is '7', not text; write a word, or quote it"),
        ("{nick: v/m}", "{nick: «v/mm}", "unknown target 'v/mm'; did you mean 'v/m'?"),
        ("{nick: v/m}", "{v/n: «v/m}", "alias 'v/n' is a target's own name; remove the alias or the target"),
        ("{nick: v/m}", "{n: «v/m}", "alias 'n' is a target's own name; remove the alias or the target"),
        ("v/n: {}", "v/n: {snapshots: [«m]}", "alias 'v/m' is a target's own name; remove the alias or the target"),
        ("{nick: v/m}", "«[nick]", "`aliases` is not a mapping; write key: value pairs"),
        ("name: small", "name: small\nby_default: {«price: list}", "unknown key 'price'; did you mean 'prices'?"),
        ("name: small", "name: small\nby_default: {prices: «lst}", "unknown source 'lst'; did you mean 'list'?"),
    ],
)
def test_one_fault_is_one_error(old: str, new: str, message: str) -> None:
    """Where, what, remedy: exact, and nothing else is complained about."""
    assert old in GOOD
    text, where = marked(GOOD.replace(old, new, 1))
    assert faults(text) == [f"c.yaml:{where}: {message}"]


def test_all_faults_are_reported_in_the_order_of_the_file() -> None:
    """One pass over the file names everything that is to be mended; the first is raised, the rest rides on it."""
    text = GOOD.replace("0.5,", "5,").replace("base_url:", "base:").replace("{nick: v/m}", "{nick: nobody}")
    assert [one.split(";")[0] for one in faults(text)] == [
        "c.yaml:6:47: unknown key 'base'",
        "c.yaml:17:23: `quality` is '5', not within 0..1",
        "c.yaml:20:17: unknown target 'nobody'",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "c.yaml:1:1: the file is empty; write a document"),
        ("[1]", "c.yaml:1:1: the file is not a mapping; write key: value pairs"),
    ],
)
def test_something_that_is_no_catalog_says_so(text: str, message: str) -> None:
    """Not even the shape: one error, with its place."""
    assert faults(text) == [message]


def test_a_syntax_error_has_its_place() -> None:
    """The same words and place whichever parser PyYAML has."""
    assert faults("a: b: c") == ["c.yaml:1:5: an unquoted value with a colon in it; quote the whole value"]


def test_no_targets_is_a_fault() -> None:
    """An empty catalog can serve nobody."""
    text = GOOD[: GOOD.index("targets:")] + "targets: {}\n"
    assert faults(text) == ["c.yaml:9:10: no targets; list at least one under `targets`"]


def test_two_targets_cannot_share_a_snapshot() -> None:
    """A served name means one target."""
    text = GOOD.replace("  v/n: {}", "  v/n: {snapshots: [x]}").replace("    data:", "    snapshots: [x]\n    data:")
    assert faults(text) == ["c.yaml:20:21: 'v/x' stands for 'v/m' already; keep one of the two"]


def test_a_source_of_the_future_is_a_fault() -> None:
    """Nobody can have read it; tomorrow is let through, because it is that day already somewhere."""
    today = date.today()
    tomorrow, after = ((today + timedelta(days=days)).isoformat() for days in (1, 2))
    last = max(tomorrow, catalog_reader.ISSUED)
    assert len(read_catalog(GOOD.replace("2026-02-01", last), "c.yaml")) == 2
    late = max(after, "2099-01-01")
    assert faults(GOOD.replace("2026-02-01", late)) == [
        f"c.yaml:4:37: `as_of` {late} of source 'list' lies in the future; "
        f"write the day on which it was read, at the latest {last}"
    ]


def test_a_slow_clock_does_not_refuse_the_packaged_catalog(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that was just switched on may think that it is 1970."""

    class Past(date):
        @classmethod
        def today(cls) -> date:
            return date(1970, 1, 1)

    monkeypatch.setattr(catalog_reader, "date", Past)
    assert max(source.as_of for source in load_catalog().sources.values()) == catalog_reader.ISSUED


@pytest.mark.parametrize(
    ("key", "written", "line"),
    [("targets", "tragets", 9), ("name", "nmae", 2), ("waypost", "waypsot", 1)],
)
def test_a_misspelt_key_of_the_file_is_told_and_not_its_absence(key: str, written: str, line: int) -> None:
    """What follows from a misspelling (no targets, no name, unknown aliases) would stand before it."""
    text = GOOD.replace(f"\n{key}:", f"\n{written}:") if key != "waypost" else GOOD.replace(key, written, 1)
    assert faults(text) == [f"c.yaml:{line}:1: unknown key {written!r}; did you mean {key!r}?"]


def test_an_unknown_key_hides_no_missing_one() -> None:
    """Only what is near a known key is taken for it."""
    text = GOOD[: GOOD.index("targets:")] + "colour: {}\n"
    assert [message.partition(": ")[2].partition(";")[0] for message in faults(text)] == [
        "no targets",
        "unknown key 'colour'",
    ]
