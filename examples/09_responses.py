"""OpenAI's responses, routed. A response that OpenAI is to store stays there; `store=False` lets it be anybody's."""

# %% One line more than without Waypost. The client is the SDK's own, and so is everything that it returns.
import openai

import waypost

waypost.auto_instrument()
client = openai.OpenAI()
elsewhere = {"ignore": ["openai"]}  # for the example's sake: somebody else has to answer

# %% The model "auto" lets the policy choose. What comes back is a `Response`, and names who wrote it.
with waypost.context(**elsewhere):
    answer = client.responses.create(model="auto", input="What is the capital of France?", store=False)
print(f"{type(answer).__name__} of {answer.model}: {answer.output_text}")

# %% A stream has all the events of OpenAI's, whoever speaks.
question = "What is OpenTelemetry, in one sentence?"
with waypost.context(**elsewhere):
    stream = client.responses.create(model="auto", input=question, store=False, stream=True)
    deltas = [event.delta for event in stream if event.type == "response.output_text.delta"]
print("streamed:", "".join(deltas))

# %% What is stored is OpenAI's: such a call is seen, and answered at home.
with waypost.context(mode="observe"):
    stored = client.responses.create(model="gpt-4o-mini", input="What is the capital of France?")
print("stored at home:", waypost.receipt(stored).to_dict()["hops"][0]["attempt"]["target"])

# %% Every call has left a receipt: who was asked, who answered, why, and for how much.
receipt = waypost.receipt(answer)
print("answered by", receipt.to_dict()["hops"][-1]["attempt"]["target"])
