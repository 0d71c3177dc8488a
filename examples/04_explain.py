"""Why did this model answer, what was rejected by which rule, and what would others have cost?"""

import openai

import waypost

waypost.auto_instrument(mode="advise")

# A concrete name is never rerouted in mode advise; its receipt says what the policy would have chosen.
answer = openai.OpenAI().chat.completions.create(
    model="gpt-4o",
    messages=[{"role": "user", "content": "How many days are in a leap year?"}],
)
receipt = waypost.receipt(answer)
print(receipt.explain())

told = receipt.to_dict()
hop = told["hops"][0]
print(f"answered by {hop['attempt']['target']}, the policy would have chosen {hop['selected']}")
print(f"rules that rejected somebody: {', '.join(name for name, _ in hop['decision']['rejections'])}")
