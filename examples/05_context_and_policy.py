"""Say who asks, and let a policy of your own decide by it."""

from pathlib import Path
from tempfile import TemporaryDirectory

import openai

import waypost

POLICY = """\
waypost: policy/v1
name: departments
extends: base
rules:
  - {name: research, when: department == rd, use: powerful, because: Research may use the best}
  - {name: others, when: not department == rd, use: fast_cheap, because: The rest has a budget}
rank: cheapest
"""
MESSAGES = [{"role": "user", "content": "What is the capital of France?"}]

with TemporaryDirectory() as folder:
    file = Path(folder, "departments.yaml")
    file.write_text(POLICY)
    waypost.auto_instrument(policy=file)

client = openai.OpenAI()
for department in ("rd", "support"):
    with waypost.context(department=department, user="u1"):
        answer = client.chat.completions.create(model="auto", messages=MESSAGES)
    told = waypost.receipt(answer).to_dict()
    print(f"{department}: {answer.model} by rule {told['hops'][0]['decision']['rule']}")
