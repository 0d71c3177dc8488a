"""The Anthropic SDK, routed: messages, a stream and a tool, whoever answers. Needs the keys of who may answer."""

import anthropic

import waypost

waypost.auto_instrument()
client = anthropic.Anthropic()
WEATHER = {
    "name": "weather",
    "description": "Tells the weather of a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def ask(text: str, **more: object) -> dict:
    return {"model": "auto", "max_tokens": 200, "messages": [{"role": "user", "content": text}], **more}


with waypost.context(ignore=["anthropic"]):  # for the example's sake: somebody else has to answer
    answer = client.messages.create(**ask("What is the capital of France?"))
    print(f"{type(answer).__name__} of {answer.model}: {answer.content[0].text}")

    with client.messages.stream(**ask("What is OpenTelemetry, in one sentence?")) as stream:
        print("streamed:", "".join(stream.text_stream))

    called = client.messages.create(**ask("How is the weather in Paris?", tools=[WEATHER]))
    for block in called.content:
        if block.type == "tool_use":
            print("calls", block.name, "with", sorted(block.input))
