"""A routed stream is the SDK's own stream; its receipt is open until the stream has ended."""

import openai

import waypost

waypost.auto_instrument()

stream = openai.OpenAI().chat.completions.create(
    model="auto",
    messages=[{"role": "user", "content": "What is OpenTelemetry, in one sentence?"}],
    stream=True,
)
print("before the first chunk:", waypost.receipt(stream).status)
for chunk in stream:
    for choice in chunk.choices:
        print(choice.delta.content or "", end="", flush=True)
print()
print("after the last chunk:", waypost.receipt(stream).status)
