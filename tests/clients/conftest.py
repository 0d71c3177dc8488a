"""Client libraries on top of the SDKs, as their users call them, with Waypost beneath them (`make clients`).

Each library has an environment of its own, with the SDK versions that it resolves to; a file is collected where its
library is installed. The libraries know nothing of Waypost, and nothing of theirs is replaced: a loopback provider
answers as Anthropic, another as OpenAI, and a policy sends the calls of OpenAI's client to Anthropic's model.
"""

from __future__ import annotations

from importlib.util import find_spec

from client_world import both as both

LIBRARIES = {
    "test_langchain.py": "langchain_openai",
    "test_pydantic_ai.py": "pydantic_ai",
    "test_pydantic_ai_as_oracle.py": "pydantic_ai",
    "test_openai_agents.py": "agents",
    "test_instructor.py": "instructor",
    "test_llama_index.py": "llama_index",
}
collect_ignore = [file for file, library in LIBRARIES.items() if find_spec(library) is None]
