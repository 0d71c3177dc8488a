"""What a call needs at its own endpoint: the model asked for has it, another only where the catalog says so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import openai
import pytest
from google.genai import errors

import waypost
from waypost.core.catalog.table import Catalog, build_catalog
from waypost.runtime.catalogs import load_catalog, packaged_catalog

BEST = "rank: best"
AT_GOOGLE = "filter: [provider == google]\nrank: best"
ASKED = "gemini-2.5-flash"
PAINTING = "gemini-2.5-flash-image"


def answered_by(world: Any) -> list[str]:
    """The models that Google's endpoint was asked for."""
    return [request.path.rpartition("/")[2].partition(":")[0] for request in world.google.seen]


OWN = {
    "two candidates": {"candidate_count": 2},
    "log probabilities": {"response_logprobs": True, "logprobs": 2},
    "a penalty": {"presence_penalty": 0.5},
    "speech": {"response_modalities": ["AUDIO"]},
}


@pytest.mark.parametrize("config", OWN.values(), ids=OWN)
@pytest.mark.parametrize("mode", ["route", "observe"])
def test_the_model_that_was_asked_for_answers(config: dict[str, Any], mode: str, world: Any, gemini: Any) -> None:
    """What works bare works in route: the catalog's word on a model does not stand against who asks it itself."""
    world.on(AT_GOOGLE, mode)
    answer = gemini.models.generate_content(model=ASKED, contents="Hi", config=config)
    assert (answer.text, answered_by(world)) == ("Ciao.", [ASKED])
    assert waypost.receipt(answer).status == "ok"


BOUND = {
    "a cache": {"cached_content": "cachedContents/1"},
    "a computer": {"tools": [{"computer_use": {"environment": "ENVIRONMENT_BROWSER"}}]},
    "a search": {"tools": [{"google_search": {}}]},
    "a picture": {"response_modalities": ["IMAGE"]},
}


@pytest.mark.parametrize("config", BOUND.values(), ids=BOUND)
def test_no_other_model_answers_what_is_not_known_of_it(config: dict[str, Any], world: Any, gemini: Any) -> None:
    """A better model of the same endpoint is not sent a cache, a tool or a wish that it may not have."""
    world.on(BEST)
    plain = gemini.models.generate_content(model=ASKED, contents="Hi")
    assert waypost.receipt(plain).to_dict()["hops"][0]["attempt"]["model"] != ASKED
    world.google.seen.clear()
    answer = gemini.models.generate_content(model=ASKED, contents="Hi", config=config)
    assert answered_by(world) == [ASKED]
    assert waypost.receipt(answer).status == "ok"


def with_a_painter() -> Catalog:
    """The packaged catalog with one model that is known to make pictures."""
    catalog = load_catalog(packaged_catalog())
    like = catalog.targets[catalog.index[f"google/{ASKED}"]]
    painter = replace(like, id=f"google/{PAINTING}", model=PAINTING, capabilities=("output.image", "stream"))
    return build_catalog("painting", (*catalog.targets, painter), catalog.endpoints)


def test_another_model_answers_where_the_catalog_says_so(world: Any, gemini: Any) -> None:
    """A model that is known for pictures makes one for `auto`; text models make none, and a cache is nobody else's."""
    world.on(BEST, catalog=with_a_painter())
    for model in ("auto", PAINTING):
        gemini.models.generate_content(model=model, contents="Hi", config={"response_modalities": ["IMAGE"]})
    assert answered_by(world) == [PAINTING] * 2
    with pytest.raises(errors.ClientError, match=r"no server_state\.cached_content|target google/"):
        gemini.models.generate_content(model="auto", contents="Hi", config={"cached_content": "cachedContents/1"})
    assert len(answered_by(world)) == 2


def test_a_model_that_nobody_knows_is_replaced_by_none_that_cannot(world: Any, client: Any) -> None:
    """A search that only models of its kind run is not sent to the best of the others."""
    world.on(BEST)
    with pytest.raises(openai.BadRequestError, match="no eligible model"):
        client.chat.completions.create(
            model="gpt-4o-search-preview", messages=[{"role": "user", "content": "Hi"}], web_search_options={}
        )
    assert world.openai.seen == []
