"""An administrator's policies among those that are given: they wrap the others and are kept with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import waypost.policy
from waypost.adapters.stores.objects import ObjectStore
from waypost.core.policy.document import policy_from_document
from waypost.errors import PolicyError
from waypost.runtime import bundle
from waypost.runtime.catalogs import load_catalog
from waypost.runtime.checking import check_files
from waypost.runtime.lookup import stored_plan
from waypost.runtime.settings import Settings

HEAD = "waypost: policy/v1\nname: {}\n"
ENVELOPE = HEAD.format("house") + "envelope: true\nfilter: [retention == none]\ngrants: [preference]\n"
OURS = HEAD.format("ours") + "filter: [provider == openai]\n"
THEIRS = HEAD.format("theirs") + "match: department == hr\n"


def load(folder: Path, **files: str) -> bundle.Bundle:
    paths = []
    for name, text in files.items():
        paths.append(folder / f"{name}.yaml")
        paths[-1].write_text(text)
    return bundle.load(Settings(folder / "home", tuple(paths)))


def filters(found: bundle.Bundle) -> dict[str, list[str]]:
    return {plan.policy.name: [line.name for line in plan.policy.filters] for plan in found.routes.plans}


def test_an_envelope_wraps_every_other_policy(tmp_path: Path) -> None:
    """Wherever it stands in the list; it is no plan itself, and its file is one of the bundle's."""
    found = load(tmp_path, theirs=THEIRS, house=ENVELOPE, ours=OURS)
    assert filters(found) == {"theirs": ["retention == none"], "ours": ["provider == openai", "retention == none"]}
    assert [plan.policy.grants for plan in found.routes.plans] == [("preference",)] * 2
    assert str(tmp_path / "house.yaml") in found.files


def test_envelopes_alone_wrap_the_packaged_policy(tmp_path: Path) -> None:
    """Calls need one that chooses."""
    found = load(tmp_path, house=ENVELOPE)
    (plan,) = found.routes.plans
    packaged = bundle.load(Settings(tmp_path / "home")).routes.plans[0].policy
    assert plan.policy.name == packaged.name
    assert plan.policy.fingerprint != packaged.fingerprint
    assert [line.name for line in plan.policy.filters][-1] == "retention == none"


def test_a_wrapped_policy_is_kept_and_rebuilt(tmp_path: Path) -> None:
    """Its fingerprint on a receipt resolves to the very same policy, envelopes and all."""
    found = load(tmp_path, house=ENVELOPE, ours=OURS)
    (plan,) = found.routes.plans
    objects = ObjectStore(tmp_path / "objects")
    bundle.keep(found, objects)
    again = policy_from_document(json.loads(objects.get(plan.policy.fingerprint)))
    assert again.fingerprint == plan.policy.fingerprint
    assert [line.name for line in again.filters] == ["provider == openai", "retention == none"]
    assert again.grants == ("preference",)
    rebuilt = stored_plan(objects, plan.policy.fingerprint, found.routes.catalog.fingerprint)
    assert rebuilt is not None
    assert rebuilt.policy.fingerprint == plan.policy.fingerprint
    assert [line.at.line for line in rebuilt.policy.filters] == [line.at.line for line in plan.policy.filters]


MARRIED = HEAD.format("house") + "envelope: true\nfilter:\n  - provider == anthropic\n"


def test_a_default_that_an_envelope_rejects_is_an_error(tmp_path: Path) -> None:
    """Nobody could ever be sent to it; both places are named, wherever policies and envelopes meet."""
    ours = HEAD.format("ours") + "default: {openai: openai/gpt-4o,\n  anthropic: anthropic/claude-haiku-4-5}\n"
    said = (
        f"{tmp_path / 'ours.yaml'}:3:19: the default 'openai/gpt-4o' is rejected by `provider == anthropic` at "
        f"{tmp_path / 'house.yaml'}:5:5, of the envelope 'house'"
    )
    with pytest.raises(PolicyError) as caught:
        load(tmp_path, house=MARRIED, ours=ours)
    assert f"{caught.value.where}: {caught.value.what}" == said
    assert caught.value.others == ()
    files = [tmp_path / "house.yaml", tmp_path / "ours.yaml"]
    with pytest.raises(PolicyError) as caught:
        waypost.policy.load(files)
    assert f"{caught.value.where}: {caught.value.what}" == said
    house, found = check_files(files, load_catalog(None))
    assert [f"{one.where}: {one.what}" for one in found.problems if one.severity == "error"] == [said]
    assert house.count("error") == 0


def test_the_packaged_defaults_are_nobodys_mistake(tmp_path: Path) -> None:
    """An envelope by itself stays possible, and one that holds for some calls only says nothing of a default."""
    assert len(load(tmp_path, house=MARRIED).routes.plans) == 1
    assert len(waypost.policy.load(tmp_path / "house.yaml").plans) == 1
    some = MARRIED.replace("filter:", "match: {department: hr}\nfilter:")
    ours = HEAD.format("ours") + "default: openai/gpt-4o\n"
    assert len(load(tmp_path, house=some, ours=ours).routes.plans) == 1
