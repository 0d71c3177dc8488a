"""Instrumenting again with a provider of one's own puts a new engine in the old one's place."""

from __future__ import annotations

from process_site import Site

HEAD = """\
import os, threading
import openai, waypost
from opentelemetry.sdk.trace import TracerProvider
client = openai.OpenAI(max_retries=0)

def ask(**more):
    return client.chat.completions.create(model="auto", messages=[{"role": "user", "content": "Hi"}], **more)

def held():
    return threading.active_count(), len(os.listdir("/proc/self/fd"))
"""


def test_what_is_replaced_is_let_go_of(site: Site) -> None:
    """A test suite does it for each of its tests: neither threads nor files may add up, and no receipt is lost."""
    ended = site.run(
        HEAD
        + """
answers, marks = [], []
for _ in range(12):
    waypost.auto_instrument(tracer_provider=TracerProvider())
    answers.append(ask())
    marks.append(held())
(few, open_few), (many, open_many) = marks[1], marks[-1]
print(many - few, open_many - open_few < 6)
print({waypost.receipt(answer).status for answer in answers}, waypost.flush())
"""
    )
    assert (ended.lines, ended.err) == (["0 True", "{'ok'} True"], "")
    assert [receipt["status"] for receipt in site.receipts()] == ["ok"] * 12
