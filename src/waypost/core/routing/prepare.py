"""From a bound call to a question, a plan and a mode. It must not perform or translate anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from waypost.core.catalog.table import Catalog
from waypost.core.features.department import department_hint
from waypost.core.features.extract import extract
from waypost.core.model.conversation import Conversation
from waypost.core.model.events import Started
from waypost.core.model.frozen import dataclass, factory
from waypost.core.model.money import MICRO
from waypost.core.model.needs import Need
from waypost.core.model.question import Context, Mode, Override, Question
from waypost.core.model.target import Dialect, Endpoint, Target
from waypost.core.policy.choose import LADDER
from waypost.core.policy.decide import choose, may_leave, mode_of
from waypost.core.policy.plan import Plan
from waypost.core.policy.tree import Claim
from waypost.core.routing.effects import Call
from waypost.core.routing.narrow import CLAIMS, in_force, withhold
from waypost.core.routing.ports import Codec, Memory
from waypost.core.routing.sealing import needs_of, recalled

OBSERVED = frozenset(("embeddings",))
"""Operations that are seen and never decided: what one model makes there no other can stand for."""


@dataclass(frozen=True, slots=True)
class Routes:
    """Everything that a call is routed with; swapped whole when a policy or a catalog changes.

    ``mode`` is the operator's own and stands above the policies'. ``endpoints`` have their base URLs resolved.
    ``now`` is epoch nanoseconds; ``credentials`` the names of endpoints that can be used by
    sync calls, or (given true) by async ones.
    """

    plans: tuple[Plan, ...]
    catalog: Catalog
    endpoints: Mapping[str, Endpoint]
    codecs: Mapping[Dialect, Codec]
    mode: Mode | None
    now: Callable[[], int]
    credentials: Callable[[bool], tuple[str, ...]]
    overrides: tuple[Override, ...] = ()
    """All that are written down, in order; those that have expired among them."""
    memory: Memory | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """A call that is ready to be decided."""

    call: Call
    routes: Routes
    plan: Plan
    mode: Mode
    question: Question
    conversation: Conversation
    started: Started
    requested: Target | None
    """The catalog's target for the model that the caller named, if it has one."""


_new_question, _new_started, _new_stage = factory(Question), factory(Started), factory(Stage)


def switched_off(call: Call, routes: Routes) -> bool:
    """Whether the mode is off whatever the call turns out to need, so that nothing of it need be read."""
    if call.context.mode == "off" and all(
        _follows(plan, "mode") and not _goes_round(plan, "off") for plan in routes.plans
    ):
        return True
    if routes.mode is not None:
        return routes.mode == "off"
    return all(plan.policy.mode.mode == "off" for plan in routes.plans)


def _follows(plan: Plan, claim: Claim) -> bool:
    return plan.policy.grants is None or claim in plan.policy.grants


def _goes_round(plan: Plan, mode: Mode) -> bool:
    """Whether a call that asks for ``mode`` would get past an envelope's lines, which hold for what is routed, and
    nobody granted that in so many words."""
    policy = plan.policy
    if LADDER.index(mode) >= LADDER.index(policy.mode.mode) or "mode" in (policy.grants or ()):
        return False
    return any(line.enveloped for line in policy.filters)


def prepare(call: Call, routes: Routes) -> Stage:
    """Raises whatever is wrong in our own code or in the body; the flow fails open on it."""
    conversation = _decoded(call, routes)
    features = extract(conversation)
    if not routes.codecs[call.dialect].has_room:
        conversation = recalled(conversation, routes.memory)
    needs = needs_of(conversation, home_of(call, routes)) + call.needs if conversation.needs else call.needs
    question = _new_question(
        dialect=call.dialect,
        requested=call.requested,
        auto=call.auto,
        origin=call.origin,
        features=features,
        needs=needs,
        context=_context(call, conversation),
        streaming=call.streaming,
        granted=True,
        credentials=_credentials(call, routes),
        withheld=call.withheld,
    )
    plan, question = governed(question, routes, names_policy=call.names_policy)
    if question.auto is not call.auto:
        call = replace(call, auto=question.auto)
    mode, drawn = effective_mode(plan, question, call.seed, routes.mode)
    if mode != "off" and (call.operation in OBSERVED or _owned(call, conversation) or call.closed):
        mode, drawn = "observe", False
    requested = None if call.auto else named(call, routes.catalog)
    return _new_stage(
        call, routes, plan, mode, question, conversation, started(call, plan, mode, routes, drawn=drawn), requested
    )


def home_of(call: Call, routes: Routes) -> Endpoint | None:
    """The caller's own endpoint, where the catalog has it."""
    return None if call.origin.endpoint is None else routes.endpoints.get(call.origin.endpoint)


def named(call: Call, catalog: Catalog) -> Target | None:
    """The catalog's entry for the model that the caller named."""
    if call.operation in OBSERVED:
        return catalog.embedding(call.requested, call.origin.endpoint)
    origin = call.origin
    return catalog.resolve(call.requested, origin.endpoint, origin.provider)


def _owned(call: Call, conversation: Conversation) -> bool:
    """Whether the model stands in a template that its provider keeps, and the caller did not ask for another."""
    kept = any(need.flag == "server_state.prompt" for need in conversation.needs)
    return kept and not (call.auto and call.body.get("model"))


def _credentials(call: Call, routes: Routes) -> tuple[str, ...]:
    """The endpoints that can be used by this call: those of the process, and those that it brings a client for; not
    those for which it brings one that does not fit."""
    names = routes.credentials(call.is_async)
    return tuple(sorted({*names, *call.lent}.difference(call.barred))) if call.lent or call.barred else names


def governed(question: Question, routes: Routes, *, names_policy: bool = False) -> tuple[Plan, Question]:
    """The plan that holds for a call, and the question as it grants, names and overrides it.

    Which policies a call may name is for the one to say that would hold without that. With ``names_policy`` it is the
    call's own header or body that names one, and no code of the application: that takes a grant in so many words.
    """
    plan = choose(routes.plans, question)
    if question.context.policy is not None:
        unnamed = withhold(question, ("policy",))
        own = choose(routes.plans, unnamed)
        if not _follows(own, "policy") or (names_policy and own.policy.grants is None):
            plan, question = own, unnamed
    policy, mode = plan.policy, question.context.mode
    if mode is not None and _goes_round(plan, mode):
        question = withhold(question, ("mode",))
    if policy.grants is not None:
        question = withhold(question, [claim for claim in CLAIMS if claim != "policy" and claim not in policy.grants])
    if policy.aliases:
        question = _meant(question, policy.aliases, routes.catalog)
    if routes.overrides:
        forced = in_force(routes.overrides, question.context, routes.now())
        if forced is not None:
            question = replace(question, override=forced)
    return plan, question


def _meant(question: Question, aliases: tuple[tuple[str, str], ...], catalog: Catalog) -> Question:
    """With the intent that the requested name stands for; one that the caller's endpoint has no model for is asked
    to be routed."""
    intent = dict(aliases).get(question.requested)
    if intent is None:
        return question
    endpoint = question.origin.endpoint
    ids = catalog.names.get(question.requested, ())
    served = any(catalog.targets[catalog.index[target]].endpoint == endpoint for target in ids)
    return replace(question, intent=intent, auto=question.auto or (endpoint is not None and not served))


def _context(call: Call, conversation: Conversation) -> Context:
    """What the caller said, with the department that a system message names where nobody said one (S3.12)."""
    if call.context.department is not None:
        return call.context
    hint = department_hint(conversation)
    return call.context if hint is None else replace(call.context, department=hint)


class NotThisDialect(Exception):
    """The caller's body cannot be read: its own provider is to say so, or we do in its place."""


def _decoded(call: Call, routes: Routes) -> Conversation:
    try:
        return routes.codecs[call.dialect].decode_request(call.body)
    except ValueError as error:
        raise NotThisDialect(str(error)) from error


def effective_mode(plan: Plan, question: Question, seed: bytes, operator: Mode | None) -> tuple[Mode, bool]:
    """The policy's mode, or the operator's in its place, and whether a rollout's share decided it.

    A caller may go down the ladder. A call whose origin is unknown can be neither advised nor routed: it is observed.
    """
    if operator is None:
        mode, cause = mode_of(plan, question, seed)
        drawn = cause == "rollout"
    else:
        mode, drawn = _operators(operator, question), False
    if mode in ("advise", "route") and question.origin.endpoint is None and not _may_leave(plan, question):
        return "observe", False
    return mode, drawn


def _operators(operator: Mode, question: Question) -> Mode:
    asked = question.context.mode
    if operator == "off" or asked == "off":
        return "off"
    if question.auto:
        return "route"
    if asked is None:
        return operator
    if asked == "route" and operator == "advise":
        return "route"
    return min(asked, operator, key=LADDER.index)


def _may_leave(plan: Plan, question: Question) -> bool:
    return any(may_leave(question.origin.host, entry) for entry in plan.policy.leave)


def started(call: Call, plan: Plan, mode: Mode, routes: Routes, *, drawn: bool = False) -> Started:
    share = plan.policy.mode.share_ppm
    return _new_started(
        receipt=call.receipt,
        at_ns=routes.now(),
        sdk=call.sdk,
        operation=call.operation,
        dialect=call.dialect,
        streaming=call.streaming,
        requested=call.requested,
        provider=call.origin.provider,
        policy=plan.policy.name,
        policy_fingerprint=plan.policy.fingerprint,
        catalog=plan.catalog.fingerprint,
        mode=mode,
        request_id=call.request_id,
        drawn=drawn,
        drawn_ppm=None if not drawn else share if mode == "route" else MICRO - share,
    )


def with_need(question: Question, flag: str, path: str) -> Question:
    """The question with one more required need, found while encoding."""
    return replace(question, needs=(*question.needs, Need(flag, path)))
