"""The Google Gen AI SDK, routed: an answer, a stream and a chat, whoever answers. Needs the keys of who may answer."""

from google import genai

import waypost

waypost.auto_instrument()
client = genai.Client()

with waypost.context(ignore=["google"]):  # for the example's sake: somebody else has to answer
    answer = client.models.generate_content(model="auto", contents="What is the capital of France?")
    print(f"{type(answer).__name__} of {answer.model_version}: {answer.text}")

    chunks = client.models.generate_content_stream(model="auto", contents="What is OpenTelemetry, in one sentence?")
    print("streamed:", "".join(chunk.text or "" for chunk in chunks))

    chat = client.chats.create(model="auto")
    chat.send_message("What is the capital of France?")
    print("chatted:", chat.send_message("And what is OpenTelemetry?").text)
