"""Generated requests to generate content, for property tests of the codecs: portable ones, and ones of any kind."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from generators_conversation import json_objects, maybe, names, sampled, schemas, texts

_BASE64 = st.sampled_from(["AAAA", "iVBORw0KGgo=", "UklGRg+/"])
_IMAGES = st.sampled_from(["image/png", "image/jpeg", "image/webp"])
_IDS = st.integers(0, 10**9).map("fc_{:x}".format)


def _record(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """An object without the members that came out as ``None``."""
    return st.fixed_dictionaries(members).map(lambda raw: {key: item for key, item in raw.items() if item is not None})


_text = texts.map(lambda text: {"text": text})
_parts = st.lists(
    _text
    | _record(mimeType=_IMAGES, data=_BASE64).map(lambda blob: {"inlineData": blob})
    | _record(mimeType=st.just("application/pdf"), data=_BASE64, displayName=names).map(
        lambda blob: {"inlineData": blob}
    ),
    min_size=1,
    max_size=3,
)


@st.composite
def _turns(draw: st.DrawFn) -> list[dict[str, Any]]:
    turns: list[dict[str, Any]] = [{"role": "user", "parts": draw(_parts)}]
    for _ in range(draw(st.integers(0, 3))):
        called = draw(st.lists(names, max_size=3))
        said = draw(st.lists(_text, max_size=1)) if called else [draw(_text)]
        if called:
            # With ids, or without any: then results are told apart by name and order.
            ids = draw(st.none() | st.lists(_IDS, min_size=len(called), max_size=len(called), unique=True))
            own = [{} if ids is None else {"id": call_id} for call_id in ids or called]
            calls = [
                {"functionCall": {**mark, "name": name, "args": draw(json_objects)}}
                for mark, name in zip(own, called, strict=True)
            ]
            turns.append({"role": "model", "parts": said + calls})
            results = [
                {"functionResponse": {**mark, "name": name, "response": {"output": draw(texts)}}}
                for mark, name in zip(own, called, strict=True)
            ]
            turns.append({"role": "user", "parts": results})
            if draw(st.booleans()):
                turns.append({"role": "user", "parts": draw(_parts)})
        else:
            turns.append({"role": "model", "parts": said})
            turns.append({"role": "user", "parts": draw(_parts)})
    return turns


_functions = st.lists(
    _record(name=names, description=maybe(texts), parametersJsonSchema=schemas), min_size=1, max_size=3
)
_modes = st.sampled_from(["AUTO", "NONE", "ANY"]).map(lambda mode: {"mode": mode}) | names.map(
    lambda name: {"mode": "ANY", "allowedFunctionNames": [name]}
)
_sampling = sampled("temperature", "topP")
_config = _record(
    maxOutputTokens=st.integers(16, 64000),
    thinkingConfig=maybe(
        st.sampled_from(["LOW", "MEDIUM", "HIGH", "XHIGH"]).map(lambda level: {"thinkingLevel": level})
    ),
)


@st.composite
def google_bodies(draw: st.DrawFn) -> dict[str, Any]:
    """Portable requests."""
    config = {**draw(_config), **draw(_sampling)}
    schema = draw(maybe(schemas))
    if schema is not None:
        config |= {"responseMimeType": "application/json", "responseJsonSchema": schema}
    body: dict[str, Any] = {"model": "auto", "contents": draw(_turns()), "generationConfig": config}
    system = draw(st.lists(_text, max_size=2))
    if system:
        body["systemInstruction"] = {"parts": system}
    if draw(st.booleans()):
        body["stream"] = True
    used = any("functionCall" in part for turn in body["contents"] for part in turn["parts"])
    if used or draw(st.booleans()):
        body["tools"] = [{"functionDeclarations": draw(_functions)}]
        choice = draw(maybe(_modes))
        if choice is not None:
            body["toolConfig"] = {"functionCallingConfig": choice}
    return body


_odd_turns = st.sampled_from(
    [
        {"parts": [{"text": "x"}]},
        {"role": "user", "parts": []},
        {"role": "model", "parts": [{"text": "Hm.", "thought": True, "thoughtSignature": "Q29F"}, {"text": "x"}]},
        {"role": "model", "parts": [{"functionCall": {"name": "a.b", "args": {"x": 1.5}}}, {"text": "x"}]},
        {"role": "model", "parts": [{"functionCall": {"name": "f"}, "thoughtSignature": "Q29F"}]},
        {"role": "function", "parts": [{"functionResponse": {"name": "f", "response": {"error": {"code": 1}}}}]},
        {"role": "user", "parts": [{"text": "a"}, {"functionResponse": {"name": "f", "response": {}}}, {"text": "b"}]},
        {"role": "user", "parts": [{"fileData": {"fileUri": "gs://b/a.mp4", "mimeType": "video/mp4"}}]},
        {"role": "user", "parts": [{"fileData": {"fileUri": "https://e.org/a.png", "mimeType": "image/png"}}]},
        {
            "role": "user",
            "parts": [{"inlineData": {"mimeType": "video/mp4", "data": "-__-"}, "videoMetadata": {"fps": 1}}],
        },
        {"role": "user", "parts": [{"inlineData": {"mimeType": "audio/ogg", "data": "AAAA"}}, {"text": " "}]},
        {"role": "user", "parts": [{"text": "x", "mood": "y"}], "glow": 1},
        {"role": "model", "parts": [{"executableCode": {"language": "PYTHON", "code": "1"}}]},
        {"role": "model", "parts": [{"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]},
    ]
)
_extras = _record(
    safetySettings=maybe(st.just([{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}])),
    cachedContent=maybe(st.just("cachedContents/x")),
    labels=maybe(st.just({"k": "v"})),
    serviceTier=maybe(st.sampled_from(["standard", "flex"])),
    store=maybe(st.booleans()),
    aFieldOfTomorrow=maybe(st.just({"x": 1})),
)
_odd_config = _record(
    topK=maybe(st.integers(1, 40)),
    seed=maybe(st.integers(0, 9)),
    candidateCount=maybe(st.integers(1, 3)),
    stopSequences=maybe(st.lists(texts | st.just("\n"), max_size=5)),
    presencePenalty=maybe(st.sampled_from([0, 0.5])),
    responseModalities=maybe(st.sampled_from([["TEXT"], ["IMAGE"]])),
    mediaResolution=maybe(st.just("MEDIA_RESOLUTION_LOW")),
    temperature=maybe(st.sampled_from([0.5, 1.5])),
    responseLogprobs=maybe(st.booleans()),
    thinkingConfig=maybe(st.sampled_from([{"thinkingBudget": -1}, {"thinkingBudget": 0}, {"thinkingBudget": 99}])),
    sparkle=maybe(st.just(True)),
)
_odd_tools = st.sampled_from(
    [
        {"googleSearch": {}},
        {"codeExecution": {}, "functionDeclarations": [{"name": "g"}]},
        {
            "functionDeclarations": [
                {"name": "h", "parameters": {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}}}
            ]
        },
    ]
)


@st.composite
def google_bodies_of_any_kind(draw: st.DrawFn) -> dict[str, Any]:
    """Requests with whatever the dialect has."""
    body = {**draw(google_bodies()), **draw(_extras)}
    body["generationConfig"] = {**body["generationConfig"], **draw(_odd_config)}
    turns = list(body["contents"])
    for odd in draw(st.lists(_odd_turns, max_size=3)):
        turns.insert(draw(st.integers(0, len(turns))), odd)
    tools = [*body.get("tools", ()), *draw(st.lists(_odd_tools, max_size=2))]
    return {**body, "contents": turns, **({"tools": tools} if tools else {})}
