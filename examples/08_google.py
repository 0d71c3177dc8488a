"""The Google Gen AI SDK, routed: an answer, a stream and a chat, whoever answers. Needs the keys of who may answer."""

# %% One line more than without Waypost. The client is the SDK's own, and so is everything that it returns.
from google import genai

import waypost

waypost.auto_instrument()
client = genai.Client()
elsewhere = {"ignore": ["google"]}  # for the example's sake: somebody else has to answer

# %% The model "auto" lets the policy choose. What comes back is a `GenerateContentResponse`, and names who wrote it.
with waypost.context(**elsewhere):
    answer = client.models.generate_content(model="auto", contents="What is the capital of France?")
print(f"{type(answer).__name__} of {answer.model_version}: {answer.text}")

# %% A stream is chunks of the SDK's own, as they come.
with waypost.context(**elsewhere):
    chunks = client.models.generate_content_stream(model="auto", contents="What is OpenTelemetry, in one sentence?")
    print("streamed:", "".join(chunk.text or "" for chunk in chunks))

# %% A chat remembers, also where two vendors answer its turns.
with waypost.context(**elsewhere):
    chat = client.chats.create(model="auto")
    chat.send_message("What is the capital of France?")
    print("chatted:", chat.send_message("And what is OpenTelemetry?").text)

# %% Every call has left a receipt: who was asked, who answered, why, and for how much.
receipt = waypost.receipt(answer)
print("answered by", receipt.to_dict()["hops"][-1]["attempt"]["target"])
