"""Three simple and three complex queries with model="auto"; the policy decides which model answers each.

Without keys: `waypost demo`. With keys of your own: `python examples/six_queries.py`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai

import waypost

POLICY = Path(__file__).with_name("demo-policy.yaml")
CODE = "counter = 0\ndef work():\n    global counter\n    for _ in range(100000):\n        counter += 1"
QUERIES = {
    "simple_1": "What is the capital of France?",
    "simple_2": "Qual é a capital do Brasil?",
    "simple_3": "How many days are in a leap year?",
    "complex_1": "Debug this race condition: two threads update a shared counter in this Python code and the total is "
    f"sometimes wrong. Explain the root cause step by step and propose a fix.\n```python\n{CODE}\n```",
    "complex_2": "Design the architecture of a multi-region event-sourced billing platform; compare trade-offs of "
    "consistency, cost and failure isolation, and justify your choice.",
    "complex_3": "Prove that the square root of 2 is irrational and generalise the proof to any non-square integer.",
}


def ask(client: openai.OpenAI) -> Iterator[tuple[str, Any]]:
    """Each query's id with the native response."""
    for name, text in QUERIES.items():
        with waypost.context(workflow="six-queries", step=name):
            response = client.chat.completions.create(model="auto", messages=[{"role": "user", "content": text}])
        yield name, response


if __name__ == "__main__":
    waypost.auto_instrument(policy=POLICY)
    for name, response in ask(openai.OpenAI()):
        print(f"[Query {name}] {response.model}: {response.choices[0].message.content}")
