"""What a case exercises of the sections on narrowing, spending and selecting: the names of what took effect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from generators_decision import Ask
from oracle.aside import cheaper_tiers, overriding
from oracle.asked import Asked, World
from oracle.catalogs import AT_HOME
from oracle.checks import action_of, meets, own_target, unpriced
from oracle.facts import fact
from oracle.oracle import OracleDecision, decide, ranking
from oracle.standing import means
from waypost.core.policy.tree import Select

EFFECTS = (
    *("call.models", "call.only", "call.ignore", "call.max_price"),
    *("limit.user", "limit.all", "limit.target", "limit.endpoint", "limit.provider"),
    *("a ceiling", "an unknown price below a ceiling", "a refusal", "a warning", "two budgets of one name"),
    *("override", "override left out", "override by a hop", "override of nobody"),
    *("claims against an override", "claims against a budget"),
    *("a tier of the policy", "a tier of the catalog", "downgrade", "downgrade does not apply"),
    *("budget beside the shortlist", "budget left out", "one budget of several"),
    *("warm is the first", "warm is kept", "warm is too dear", "warm is out"),
    *("weighted by the policy", "weighted by the catalog"),
    *("explored", "not explored", "canary", "not the canary"),
    *("a canary alone", "a canary that is out", "the pool is empty", "taken from beyond the standby"),
    *("keyed by the context", "keyed by the seed", "no chance on a hop", "no chance for the pinned"),
    *("a fallback behind the first", "a fallback on a hop", "a fallback from beyond the standby"),
    *("an alias among fallbacks", "fallbacks that change nothing"),
    *("a preference", "a strategy", "both", "nobody for budget", "nobody for limit"),
    *("advised", "advised by another", "advice that names nobody", "advice that names none who survived"),
    *(
        "advice beside the first",
        "an equal pick",
        "a pick twice",
        "listed",
        "listed set aside",
        "listed without a list",
    ),
    *("asked for what it is not known for", "asked for in vain", "another at home lacks it"),
)


ALIASES = ("spare", "other")


def effects(world: World, ask: Ask, decision: OracleDecision) -> Iterator[str]:
    """Of `EFFECTS`, each that this question had."""
    asked = Asked(world, ask.question, ask.snapshot, ask.seed, ask.tried)
    yield from (name for name in decision.names if name.startswith(("call.", "limit.")))
    yield from spending(asked, decision)
    yield from forcing(asked, decision)
    yield from lowering(asked, decision)
    if decision.selected is not None:
        yield from keeping(asked, decision)
        yield from choosing(asked, decision)
        yield from standing(asked, decision)
    yield from leading(asked, decision)
    yield from at_home(asked, decision)
    context = ask.question.context
    claimed = {"a preference": context.preference is not None, "a strategy": context.strategy is not None}
    yield from (name for name, held in claimed.items() if held)
    if all(claimed.values()):
        yield "both"
    if decision.selected is None and decision.cause in ("budget", "limit"):
        yield f"nobody for {decision.cause}"


def at_home(asked: Asked, decision: OracleDecision) -> Iterator[str]:
    """What the caller asked of a model of its own endpoint, and what that means for the others there."""
    world, question = asked.world, asked.question
    own = own_target(world, question)
    unnamed = replace(question, requested="")
    needs = {need.flag for need in question.needs if need.severity == "required"}
    if own is not None and any(not meets(world, unnamed, own, flag) for flag in needs):
        known = any(name.startswith("need.") for name in decision.rejections[own.id])
        yield "asked for in vain" if known else "asked for what it is not known for"
    if any(
        target.endpoint == question.origin.endpoint and not meets(world, question, target, flag)
        for target in world.catalog.targets
        for flag in needs & {*AT_HOME}
    ):
        yield "another at home lacks it"


def leading(asked: Asked, decision: OracleDecision) -> Iterator[str]:
    """What an advice or a list puts in front."""
    rank, advice, context = asked.world.policy.rank, asked.question.advice, asked.question.context
    if not rank.behind or context.strategy is not None or context.preference is not None or not decision.order:
        return
    if rank.strategy == "listed":
        yield (
            "listed without a list" if decision.rank != "listed" else "listed set aside" if decision.aside else "listed"
        )
    elif advice is not None and advice.advisor != rank.advisor:
        yield "advised by another"
    elif decision.rank != "advisor":
        yield "advice that names nobody"
    else:
        scores = [score for _, score in decision.line_up if score >= 0]
        yield "advised" if scores else "advice that names none who survived"
        if scores and decision.line_up[-1][1] < 0:
            yield "advice beside the first"
        if len(set(scores)) < len(scores):
            yield "an equal pick"
        if advice is not None and len(dict(advice.picks)) < len(advice.picks):
            yield "a pick twice"


def spending(asked: Asked, decision: OracleDecision) -> Iterator[str]:
    budgets = asked.world.policy.budgets
    actions = [action_of(budget, asked) for budget in budgets]
    if "fail" in actions:
        yield "a ceiling"
    elif any(what == "fail" for budget in budgets for _, what in budget.thresholds) and any(
        unpriced(target.prices[:1]) for target in asked.world.catalog.targets
    ):
        yield "an unknown price below a ceiling"
    if "warn" in actions:
        yield "a warning"
    if any(name in decision.names for name, _ in asked.snapshot.refused):
        yield "a refusal"
    if len({budget.rule for budget in budgets}) < len(budgets):
        yield "two budgets of one name"


def forcing(asked: Asked, decision: OracleDecision) -> Iterator[str]:
    override = asked.question.override
    if override is None:
        return
    if decision.aside == "override":
        yield "override" if decision.survivors else "claims against an override"
    elif override.target in asked.tried:
        yield "override by a hop"
    elif overriding(asked) is None:
        yield "override of nobody"
    else:
        yield "override left out"


def lowering(asked: Asked, decision: OracleDecision) -> Iterator[str]:
    """Budgets that ask for cheaper tiers."""
    actions = {budget.rule: action_of(budget, asked) for budget in asked.world.policy.budgets}
    soft = [action for action in actions.values() if action not in (None, "warn", "fail")]
    if len(soft) > 1:
        yield "one budget of several"
    if decision.aside in actions and not decision.survivors:
        yield "claims against a budget"
    elif decision.aside in actions:
        own = [name for name, _ in asked.world.policy.tiers]
        action = actions[decision.aside]
        yield "downgrade" if action == "downgrade" else f"a tier of the {'policy' if action in own else 'catalog'}"
    elif decision.aside is None and soft and decision.selected is not None:
        if cheaper_tiers(asked, decision.line_up[0][0]) is None:
            yield "downgrade does not apply"
        elif any(name in actions and actions[name] in soft for name in decision.names):
            yield "budget beside the shortlist"
        else:
            yield "budget left out"


def without_chance(asked: Asked, decision: OracleDecision) -> list[str]:
    """The survivors as they are ranked, before affinity and chance."""
    alive = [target for target in asked.world.catalog.targets if target.id in decision.survivors]
    return [target for target, _ in ranking(asked.world, asked.question, asked.snapshot, alive)]


def still(asked: Asked, decision: OracleDecision) -> str | None:
    """Why neither affinity nor chance has a part."""
    if asked.tried:
        return "no chance on a hop"
    if asked.question.pinned:
        return "no chance for the pinned"
    return "override" if decision.aside == "override" else None


def keeping(asked: Asked, decision: OracleDecision) -> Iterator[str]:
    if asked.snapshot.warm is None or asked.world.policy.affinity is None or still(asked, decision):
        return
    warm = asked.snapshot.warm[0]
    if warm not in decision.survivors:
        yield "warm is out"
    elif warm == without_chance(asked, decision)[0]:
        yield "warm is the first"
    else:
        yield "warm is kept" if warm == decision.selected and not decision.chance else "warm is too dear"


def choosing(asked: Asked, decision: OracleDecision) -> Iterator[str]:
    select = asked.world.policy.select
    if select is None or select.kind == "best" or asked.question.override is not None:
        return
    why = still(asked, decision)
    if why is not None and len(decision.survivors) > 1:
        yield why
    if decision.chance:
        keyed = select.by is not None and fact(select.by, asked.view) is not None
        yield "keyed by the context" if keyed else "keyed by the seed"
        yield by_chance(select, asked, decision)
        if decision.selected not in without_chance(asked, decision)[:8]:
            yield "taken from beyond the standby"
    elif why is None and select.kind == "canary":
        yield "a canary alone" if decision.survivors == (select.target,) else "a canary that is out"
    elif why is None and select.weights and not set(dict(select.weights)) & set(decision.survivors):
        yield "the pool is empty"


def standing(asked: Asked, decision: OracleDecision) -> Iterator[str]:
    """What the call's own fallbacks change of the order."""
    entries = asked.question.context.fallbacks
    if not entries:
        return
    context = replace(asked.question.context, fallbacks=())
    plain = decide(asked.world, replace(asked.question, context=context), asked.snapshot, asked.seed, asked.tried)
    if plain.order == decision.order:
        yield "fallbacks that change nothing"
        return
    yield "a fallback on a hop" if asked.tried else "a fallback behind the first"
    if set(decision.order) - set(plain.order):
        yield "a fallback from beyond the standby"
    if any(means(asked, entry, decision.order[1 - bool(asked.tried)]) for entry in entries if entry in ALIASES):
        yield "an alias among fallbacks"


def by_chance(select: Select, asked: Asked, decision: OracleDecision) -> str:
    if select.kind == "weighted":
        return "weighted by the policy" if select.weights else "weighted by the catalog"
    if select.kind == "canary":
        return "canary" if decision.selected == select.target else "not the canary"
    return "not explored" if decision.selected == without_chance(asked, decision)[0] else "explored"
