"""Who would answer, and why, without a call: no key, no network, nothing recorded."""

import waypost

policies = waypost.policy.load(__file__.replace("06_dry_run.py", "demo-policy.yaml"))

# Features by their names in `waypost fields`; what is left out is a short simple call for model="auto".
for task, complexity in (("question_answer", "simple"), ("debugging", "complex")):
    verdict = policies.decide(task=task, complexity=complexity, tokens=(2_000, 400), needs=["tools"])
    print(f"{complexity} {task}: {verdict.selected}, by rule {verdict.decision.rule}; then {verdict.standby[0]}")

# A real request body works as well; its dialect is recognised.
body = {"model": "auto", "messages": [{"role": "user", "content": "What is the capital of France?"}]}
verdict = policies.decide(body=body, preference="cost")
print(f"{verdict.question.features.task}: {verdict.selected}, cause {verdict.decision.cause}")
