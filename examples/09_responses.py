"""OpenAI's responses, routed. A response that OpenAI is to store stays there; `store=False` lets it be anybody's."""

import openai

import waypost

waypost.auto_instrument()
client = openai.OpenAI()

with waypost.context(ignore=["openai"]):  # for the example's sake: somebody else has to answer
    answer = client.responses.create(model="auto", input="What is the capital of France?", store=False)
    print(f"{type(answer).__name__} of {answer.model}: {answer.output_text}")

    stream = client.responses.create(
        model="auto", input="What is OpenTelemetry, in one sentence?", store=False, stream=True
    )
    deltas = [event.delta for event in stream if event.type == "response.output_text.delta"]
    print("streamed:", "".join(deltas))

with waypost.context(mode="observe"):
    stored = client.responses.create(model="gpt-4o-mini", input="What is the capital of France?")
    print("stored at home:", waypost.receipt(stored).to_dict()["hops"][0]["attempt"]["target"])
