"""A pydantic-ai agent, answered by whoever the policy chooses. Needs pydantic-ai-slim[openai], and the keys."""

# %% pydantic-ai knows nothing of Waypost; the OpenAI SDK below it is routed.
import asyncio

from pydantic_ai import Agent
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.models.openai import OpenAIChatModel

import waypost

waypost.auto_instrument()
agent = Agent(OpenAIChatModel("auto"), instructions="Be brief.")
helper = Agent(OpenAIChatModel("auto"))


# %% A tool is written as ever.
@helper.tool_plain
def weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"Sunny in {city}"


async def main() -> None:
    print("chat:", (await agent.run("What is the capital of France?")).output)
    async with agent.run_stream("What is the capital of France?") as stream:
        print("stream:", "".join([text async for text in stream.stream_text(delta=True)]))
    print("tool:", (await helper.run("How is the weather in Paris?")).output)
    # %% What goes wrong is an error of the OpenAI SDK, which pydantic-ai wraps in its own.
    try:
        await agent.run("Tell me all, which is more than any model can say.", model_settings={"max_tokens": 10**9})
    except ModelHTTPError as error:
        print("error:", error.body["code"])


asyncio.run(main())
