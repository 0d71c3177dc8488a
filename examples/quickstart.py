"""One line switches Waypost on; everything else is the OpenAI SDK as ever.

Needs OPENAI_API_KEY, and ANTHROPIC_API_KEY if Anthropic's models shall be candidates too.
"""

import openai

import waypost

waypost.auto_instrument()

client = openai.OpenAI()
answer = client.chat.completions.create(
    model="auto",
    messages=[{"role": "user", "content": "What is the capital of France?"}],
)
print(f"{answer.model}: {answer.choices[0].message.content}")

receipt = waypost.receipt(answer)
print(f"Receipt {receipt.id}; see it with: waypost explain {receipt.id}")
