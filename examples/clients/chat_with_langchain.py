"""LangChain's `ChatOpenAI`, answered by whoever the policy chooses. Needs langchain-openai, and the keys."""

# %% LangChain knows nothing of Waypost; the OpenAI SDK below it is routed.
import openai
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

import waypost

waypost.auto_instrument()
model = ChatOpenAI(model="auto")
print("chat:", model.invoke([("system", "Be brief."), ("human", "What is the capital of France?")]).content)

# %% A stream comes word by word.
print("stream:", "".join(chunk.content for chunk in model.stream("What is the capital of France?")))


# %% A tool is called by one vendor's model, under an id that LangChain takes for OpenAI's.
@tool
def weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"Sunny in {city}"


question = HumanMessage("How is the weather in Paris?")
asked = model.bind_tools([weather]).invoke([question])
results = [weather.invoke(call) for call in asked.tool_calls]
print("tool:", model.bind_tools([weather]).invoke([question, asked, *results]).content)

# %% What goes wrong is an error of the OpenAI SDK, and so LangChain treats it as it always does.
try:
    model.bind(max_tokens=10**9).invoke("Tell me all, which is more than any model can say.")
except openai.BadRequestError as error:
    print("error:", error.code)
