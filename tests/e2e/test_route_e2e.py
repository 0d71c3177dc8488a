"""Routed calls of a real program, found again in Jaeger and Prometheus (S4.03, S4.04, S4.05, S2.21).

The program runs to its end in a process of its own and flushes nothing: what is asserted was delivered by its exit.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from e2e.backends import Endpoints, Jaeger, JaegerSpan, Prometheus
from process_site import Site
from stub_provider import chat_body, json_answer, message_body

pytestmark = pytest.mark.e2e

PROGRAM = Path(__file__).parent / "programs" / "two_calls.py"
PROMPT = "Featherstonehaugh"
ANSWER = "Quokkas in Rottnest"
KEYS = ("sk-caller-secret", "sk-ant-ours")
POLICY = """\
waypost: policy/v1
name: clinic
mode: route
baseline: openai/gpt-4o
rules:
  - name: trio
    use: [openai/gpt-4o-mini, anthropic/claude-haiku-4-5, openai/gpt-4o]
filter:
  - {rule: estimated.cost <= 0.0005 USD, because: A letter is worth no more}
rank: cheapest
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """What a program of a service of its own did: its receipts, and the Jaeger traces of their calls."""

    service: str
    receipts: list[dict[str, Any]]
    traces: list[list[JaegerSpan]]

    @property
    def trace_ids(self) -> list[str]:
        return [receipt["call"]["trace_id"] for receipt in self.receipts]


@pytest.fixture(scope="module", params=["own", "none"], ids=["configured by the application", "by OTEL_* alone"])
def sent(request: pytest.FixtureRequest, stack: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Sent:
    """The program's two calls: gpt-4o-mini is overloaded once, so the first is answered by Claude."""
    site = Site(tmp_path_factory.mktemp("clinic"))
    site.write("policy.yaml", POLICY)
    busy = iter([json_answer({"error": {"message": f"overloaded by {PROMPT}", "type": "server_error"}}, 503)])
    site.chat = lambda asked: next(busy, None) or json_answer(chat_body(ANSWER, asked.body["model"]))
    site.messages = lambda asked: json_answer(message_body(ANSWER, asked.body["model"]))
    service = f"clinic-{uuid.uuid4().hex[:8]}"
    with site.openai, site.anthropic:
        ended = site.run(PROGRAM, request.param, OTEL_EXPORTER_OTLP_ENDPOINT=stack.otlp_http, OTEL_SERVICE_NAME=service)
    assert (ended.code, ended.err) == (0, "")
    receipts = json.loads(ended.out)
    jaeger = Jaeger(stack.jaeger)
    ids = [receipt["call"]["trace_id"] for receipt in receipts]
    return Sent(service, receipts, [jaeger.trace(id_, spans) for id_, spans in zip(ids, (3, 2), strict=True)])


def test_a_trace_is_found_by_its_id_on_the_receipt(sent: Sent) -> None:
    """The trace id of each receipt finds one route span with one attempt span per hop, and nothing else (S4.03)."""
    first, second = sent.traces
    assert len(set(sent.trace_ids)) == 2
    assert {span.service for span in (*first, *second)} == {sent.service}
    assert [span.name for span in first] == ["route clinic", "chat gpt-4o-mini", "chat claude-haiku-4-5"]
    assert [span.name for span in second] == ["route clinic", "chat gpt-4o-mini"]
    for route, *attempts in sent.traces:
        assert route.parent_id is None
        assert route.tags["span.kind"] == "internal"
        assert [attempt.parent_id for attempt in attempts] == [route.span_id] * len(attempts)
        assert {attempt.tags["span.kind"] for attempt in attempts} == {"client"}


def test_a_trace_is_found_by_tags(stack: Endpoints, sent: Sent) -> None:
    """The receipt's id finds its trace; the rule that a candidate failed finds both; a wrong value none (S4.04)."""
    jaeger = Jaeger(stack.jaeger)
    for receipt, trace_id in zip(sent.receipts, sent.trace_ids, strict=True):
        assert jaeger.search(sent.service, {"waypost.receipt.id": receipt["id"]}) == {trace_id}
    dear = {"waypost.rejected.openai/gpt-4o": "estimated.cost <= 0.0005 USD"}
    assert jaeger.search(sent.service, dear) == set(sent.trace_ids)
    assert jaeger.search(sent.service, {"waypost.rejected.openai/gpt-4o": "rule.trio"}, wait=False) == set()
    tried = {"waypost.rejected.openai/gpt-4o-mini": "tried"}
    assert jaeger.search(sent.service, tried) == {sent.trace_ids[0]}


def test_a_handled_failure_is_on_the_attempt_alone(sent: Sent) -> None:
    """The failed attempt is an error with its type; the route span, whose caller got an answer, is none (S4.03)."""
    route, failed, answered = sent.traces[0]
    assert failed.tags["error.type"] == "server_error"
    assert failed.tags["otel.status_code"] == "ERROR"
    assert failed.tags["waypost.attempt.reason"] == "primary"
    assert answered.tags["waypost.attempt.reason"] == "fallback"
    for span in (route, answered, *sent.traces[1]):
        assert {"error", "error.type", "otel.status_code"}.isdisjoint(span.tags)
    assert route.tags["waypost.outcome"] == "ok"
    assert route.tags["waypost.fallback.used"] is True
    assert route.tags["waypost.fallback.reason"] == "server_error"
    assert {"waypost.fallback.used", "waypost.fallback.reason"}.isdisjoint(sent.traces[1][0].tags)


def test_the_route_span_is_no_inference(sent: Sent) -> None:
    """Nothing of gen_ai.* stands on a route span, where backends would count it twice; all of it on the attempts."""
    for route, *_ in sent.traces:
        assert [name for name in route.tags if name.startswith("gen_ai.")] == []
        assert route.tags["waypost.request.model"] == "auto"
    answered = sent.traces[0][2].tags
    about = {name: value for name, value in answered.items() if name.startswith(("gen_ai.", "server."))}
    assert about.pop("server.port") in range(1024, 65536)
    assert about == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": "claude-haiku-4-5",
        "gen_ai.response.id": "msg_01abc",
        "gen_ai.response.model": "claude-haiku-4-5",
        "gen_ai.response.finish_reasons": '["end_turn"]',
        "gen_ai.usage.input_tokens": 12,
        "gen_ai.usage.output_tokens": 4,
        "gen_ai.usage.cache_read.input_tokens": 2,
        "server.address": "127.0.0.1",
    }
    assert answered["waypost.attempt.cost.amount"] == 0.0000302


def test_the_route_span_says_what_was_decided(sent: Sent) -> None:
    """Chosen, by which rule, for how much against which baseline: the numbers of the receipt (S4.03)."""
    for receipt, (route, *_) in zip(sent.receipts, sent.traces, strict=True):
        assert route.tags["waypost.policy.name"] == "clinic"
        assert route.tags["waypost.selected.target"] == receipt["hops"][-1]["selected"]
        assert route.tags["waypost.selected.cause"] == receipt["hops"][-1]["decision"]["cause"]
        assert route.tags["waypost.cost.amount"] == receipt["settlement"]["cost"]["nano_usd"] / 1e9
        assert route.tags["waypost.context.department"] in {"rd", "sales"}
    first, second = (route.tags for route, *_ in sent.traces)
    assert first["waypost.cost.baseline.policy"] == 0.0000675
    assert json.loads(str(second["waypost.candidate.outcomes"]))[:3] == ["selected", "standby", "rejected"]
    assert json.loads(str(second["waypost.candidate.ids"]))[:2] == ["openai/gpt-4o-mini", "anthropic/claude-haiku-4-5"]
    assert json.loads(str(first["waypost.candidate.outcomes"]))[:2] == ["selected", "tried"]


def test_no_content_and_no_secret_was_stored(sent: Sent) -> None:
    """No word of prompt or answer, no key and no person, on no span, event or resource."""
    stored = "".join(span.raw for trace in sent.traces for span in trace)
    assert "clinic" in stored
    for secret in (PROMPT, "diagnosis", ANSWER, "Quokka", *KEYS, "u-4711"):
        assert secret not in stored


def test_the_cost_counted_is_the_cost_on_the_receipts(stack: Endpoints, sent: Sent) -> None:
    """Prometheus' sum over the service's calls is the receipts' to the nano-dollar, by model and department (S4.05)."""
    prometheus = Prometheus(stack.prometheus)
    samples = prometheus.query(f'waypost_cost_total{{job="{sent.service}"}}')
    by = {(each.labels["waypost_model"], each.labels["waypost_context_department"]): each.value for each in samples}
    assert {key: round(value * 1e9) for key, value in by.items()} == {
        ("claude-haiku-4-5", "rd"): 30_200,
        ("gpt-4o-mini", "sales"): 4_800,
    }
    assert sum(receipt["settlement"]["cost"]["nano_usd"] for receipt in sent.receipts) == 35_000


def test_the_cost_leads_to_its_trace(stack: Endpoints, sent: Sent) -> None:
    """Each series' exemplar names the very trace in which that money was spent, and Jaeger has it (S4.05)."""
    exemplars = Prometheus(stack.prometheus).exemplars(f'waypost_cost_total{{job="{sent.service}"}}')
    found = {each.series["waypost_context_department"]: each.trace_id for each in exemplars}
    assert found == dict(zip(("rd", "sales"), sent.trace_ids, strict=True))
    jaeger = Jaeger(stack.jaeger)
    assert all(jaeger.has(trace_id) for trace_id in found.values())


def test_decisions_and_attempts_are_counted(stack: Endpoints, sent: Sent) -> None:
    """Three attempts, one of them failed, in two calls with three decisions, one of them after a failure."""
    prometheus = Prometheus(stack.prometheus)
    attempts = prometheus.query(f'waypost_attempts_total{{job="{sent.service}"}}')
    counted = {(each.labels["waypost_model"], each.labels.get("error_type")): each.value for each in attempts}
    assert counted == {
        ("gpt-4o-mini", "server_error"): 1.0,
        ("gpt-4o-mini", None): 1.0,
        ("claude-haiku-4-5", None): 1.0,
    }
    decisions = prometheus.query(f'waypost_decisions_total{{job="{sent.service}"}}')
    by_cause = {each.labels["waypost_selected_cause"]: each.value for each in decisions}
    assert by_cause == {"rule": 2.0, "fallback": 1.0}
