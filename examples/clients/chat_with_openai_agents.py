"""OpenAI's Agents SDK, answered by whoever the policy chooses. Needs openai-agents, and the keys."""

# %% The agents know nothing of Waypost; the OpenAI SDK below them is routed.
import asyncio

import agents
import openai

import waypost

waypost.auto_instrument()
agents.set_tracing_disabled(True)  # its own traces go to OpenAI, whoever answers


@agents.function_tool
def weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"Sunny in {city}"


async def main() -> None:
    model = agents.OpenAIChatCompletionsModel(model="auto", openai_client=openai.AsyncOpenAI())
    guide = agents.Agent(name="guide", instructions="Be brief.", model=model)
    print("chat:", (await agents.Runner.run(guide, "What is the capital of France?")).final_output)
    events = agents.Runner.run_streamed(guide, "What is the capital of France?").stream_events()
    raw = [event.data async for event in events if event.type == "raw_response_event"]
    print("stream:", "".join(data.delta for data in raw if data.type == "response.output_text.delta"))
    helper = agents.Agent(name="helper", model=model, tools=[weather])
    print("tool:", (await agents.Runner.run(helper, "How is the weather in Paris?")).final_output)
    # %% What goes wrong is an error of the OpenAI SDK.
    long = agents.RunConfig(model_settings=agents.ModelSettings(max_tokens=10**9))
    try:
        await agents.Runner.run(guide, "Tell me all, which is more than any model can say.", run_config=long)
    except openai.BadRequestError as error:
        print("error:", error.code)


asyncio.run(main())
