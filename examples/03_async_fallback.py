"""Three questions at once. Where a provider fails before the first token, the next candidate of the policy answers."""

import asyncio

import openai

import waypost

QUESTIONS = (
    "What is the capital of France?",
    "Qual é a capital do Brasil?",
    "How many days are in a leap year?",
)


async def ask(client: openai.AsyncOpenAI, question: str) -> str:
    answer = await client.chat.completions.create(model="auto", messages=[{"role": "user", "content": question}])
    attempts = [hop["attempt"] for hop in waypost.receipt(answer).to_dict()["hops"]]
    way = " -> ".join(f"{each['target']}{' (failed)' if each['failure'] else ''}" for each in attempts)
    return f"{answer.choices[0].message.content}\n  {way}"


async def main() -> None:
    async with openai.AsyncOpenAI() as client:
        for line in await asyncio.gather(*(ask(client, question) for question in QUESTIONS)):
            print(line)


waypost.auto_instrument()
asyncio.run(main())
