"""The Anthropic SDK, routed: messages, a stream and a tool, whoever answers. Needs the keys of who may answer."""

# %% One line more than without Waypost. The client is the SDK's own, and so is everything that it returns.
import anthropic

import waypost

waypost.auto_instrument()
client = anthropic.Anthropic()
elsewhere = {"ignore": ["anthropic"]}  # for the example's sake: somebody else has to answer


def ask(text: str, **more: object) -> dict:
    return {"model": "auto", "max_tokens": 200, "messages": [{"role": "user", "content": text}], **more}


# %% The model "auto" lets the policy choose. What comes back is a `Message`, and names who wrote it.
with waypost.context(**elsewhere):
    answer = client.messages.create(**ask("What is the capital of France?"))
print(f"{type(answer).__name__} of {answer.model}: {answer.content[0].text}")

# %% The SDK's stream helper accumulates another vendor's words as if they were Claude's.
with waypost.context(**elsewhere), client.messages.stream(**ask("What is OpenTelemetry, in one sentence?")) as stream:
    print("streamed:", "".join(stream.text_stream))

# %% A tool is written as Anthropic writes it, and called as Anthropic calls it.
schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
weather = {"name": "weather", "description": "Tells the weather of a city.", "input_schema": schema}
with waypost.context(**elsewhere):
    called = client.messages.create(**ask("How is the weather in Paris?", tools=[weather]))
for block in called.content:
    if block.type == "tool_use":
        print("calls", block.name, "with", sorted(block.input))

# %% Every call has left a receipt: who was asked, who answered, why, and for how much.
receipt = waypost.receipt(answer)
print("answered by", receipt.to_dict()["hops"][-1]["attempt"]["target"])
