"""Rejections by rules with a reserved name, which no filter line says: what was observed and what was asked for."""

from __future__ import annotations

from collections.abc import Iterator

from waypost.core.model.decision import Decision, Rejection, Source
from waypost.core.model.money import MICRO
from waypost.core.model.needs import asked_only, level
from waypost.core.model.question import Narrow
from waypost.core.model.target import Target
from waypost.core.policy import spending
from waypost.core.policy.columns import unpriced
from waypost.core.policy.facts import UNKNOWN, Facts
from waypost.core.policy.plan import Plan
from waypost.core.policy.reasons import CREDENTIALS
from waypost.core.policy.request import MAX_OUTPUT, SEALED, TOKENS_IN, TOKENS_OUT, glob
from waypost.core.policy.tree import Budget, Rule
from waypost.core.policy.units import shown

CEILINGS = (("price.input", "max_input_price"), ("price.output", "max_output_price"))


class Reserved:
    """The reserved rules of one decision. ``best`` is the first of those that the rule's own shortlist leaves."""

    def __init__(self, plan: Plan, facts: Facts, decision: Decision, rule: Rule | None, best: Target | None) -> None:
        self.plan = plan
        self.facts = facts
        self.decision = decision
        self.rule = rule
        self.used = dict(facts.snapshot.used)
        self.narrow = facts.question.context.narrow or Narrow()
        self.strictest = spending.strictest(plan.policy, self.used, plan.catalog.targets, best)

    def rows(self, name: str, target: Target) -> list[Rejection]:
        """Why the rule of that name rejects ``target``; a rule that is not known here has its name alone."""
        kind, _, rest = name.partition(".")
        found: list[Rejection] = []
        if kind == "call":
            found = list(self.claims(name, target))
        elif kind == "budget":
            found = list(self.budgets(name, target))
        elif kind == "limit":
            found = list(self.limits(name))
        elif name in ("need.context_window", "need.max_output"):
            found = [self.size(name, target)]
        elif kind == "need":
            found = [Rejection(name, *self.need(rest, target), "")]
        else:
            found = list(self.others(name, target))
        return found or [Rejection(name, "", "", "", "")]

    def others(self, name: str, target: Target) -> Iterator[Rejection]:
        """What depends on the call's origin, on earlier attempts, or on who may be chosen at all."""
        origin, forced = self.facts.question.origin, self.facts.question.override
        match name:
            case "tried":
                yield Rejection(name, "target", "not in", target.id, "tried")
            case "cross_origin":
                yield Rejection(name, "endpoint", "==", target.endpoint, origin.endpoint or origin.host)
            case "dialect":
                spoken = self.plan.catalog.endpoints[target.endpoint].dialect
                yield Rejection(name, "dialect", "in", spoken, "dialects that can be spoken here")
            case "provider.credentials":
                endpoint = self.plan.catalog.endpoints[target.endpoint]
                wanted = " or ".join(endpoint.key_env) or endpoint.base_url_env or CREDENTIALS
                yield Rejection(name, "endpoint", "in", target.endpoint, wanted)
            case "breaker":
                yield Rejection(name, "target", "==", "open", "closed")
            case "override" if forced is not None:
                yield Rejection(name, "target", "==", target.id, forced.target)
            case _ if self.rule is not None and name == f"rule.{self.rule.name}":
                yield Rejection(name, "target", "in", target.id, f"rule {self.rule.name}", place(self.rule.at))

    # What the call says itself

    def claims(self, name: str, target: Target) -> Iterator[Rejection]:
        """What the call says itself; it has no place in a file."""
        narrow = self.narrow
        match name:
            case "call.models" | "call.only":
                asked = narrow.models if name == "call.models" else narrow.only
                yield Rejection(name, "target", "in", target.id, f"[{', '.join(asked)}]")
            case "call.ignore":
                named = [entry for entry in narrow.ignore if names(entry, target)]
                yield Rejection(name, "target", "not in", target.id, f"[{', '.join(named)}]")
            case "call.max_price":
                for field, said in CEILINGS:
                    limit = getattr(narrow, said)
                    price = self.facts.value(field, target, self.facts.grid)
                    if limit is not None and (price is None or price > limit):
                        yield self.number(name, field, "<=", price, limit)

    def number(self, name: str, field: str, op: str, value: int | None, limit: int) -> Rejection:
        observed = UNKNOWN if value is None else shown(value, "usd_per_mtok")
        if limit < 0:
            return Rejection(name, field, op, observed, "what could not be read")
        margin = None if value is None or not limit else abs(value - limit) * MICRO // limit
        return Rejection(name, field, op, observed, shown(limit, "usd_per_mtok"), margin_ppm=margin)

    # What is spent

    def limits(self, name: str) -> Iterator[Rejection]:
        """The policy's limits of that name; the snapshot does not say which of several is reached."""
        mine = [limit for limit in self.plan.policy.limits if limit.rule == name]
        if mine:
            rates = " or ".join(spending.rate_of(limit) for limit in mine)
            yield Rejection(name, mine[0].of, "<", "reached", rates, place(mine[0].at))

    def budgets(self, name: str, target: Target) -> Iterator[Rejection]:
        """A budget that is used up, has no room for this target, or leaves only others."""
        mine = [budget for budget in self.plan.policy.budgets if budget.rule == name]
        for budget in mine:
            at = spending.reached(budget, self.used)
            if at is not None and at[1] == "fail":
                yield self.used_up(budget, at[0])
            elif budget.ceiling and unpriced(target):
                yield Rejection(name, "price", "<=", UNKNOWN, spending.sum_of(budget), place(budget.at))
        if mine and (name, target.id) in self.facts.snapshot.refused:
            cost = spending.most_cost(target, self.facts.question.features)
            room = " and ".join(f"the rest of {spending.sum_of(budget)}" for budget in mine)
            asked = UNKNOWN if cost is None else shown(cost, "usd")
            yield Rejection(name, "estimated.cost", "<=", asked, room, place(mine[0].at))
        if self.strictest is not None and self.strictest[0].rule == name:
            budget, action, mask, at_ppm = self.strictest
            if not mask >> self.plan.catalog.index[target.id] & 1 and self.sets_aside(name):
                yield self.too_high(budget, action, at_ppm, target)

    def sets_aside(self, name: str) -> bool:
        """Whether the budget narrowed at all: where nobody would be left, it is left out."""
        return self.decision.aside in (None, name)

    def used_up(self, budget: Budget, threshold: int) -> Rejection:
        used = self.used[budget.key]
        return Rejection(
            budget.rule,
            "used",
            "<",
            f"{spending.share(used)} of {spending.sum_of(budget)}",
            spending.share(threshold),
            place(budget.at),
            margin_ppm=(used - threshold) * MICRO // threshold if threshold else None,
        )

    def too_high(self, budget: Budget, action: str, threshold: int, target: Target) -> Rejection:
        own = dict(self.plan.policy.tiers).get(action) if action != "downgrade" else None
        spent = f"{spending.share(threshold)} of {spending.sum_of(budget)} are used"
        said = f"{action}, because {spent}"
        if own is not None:
            return Rejection(budget.rule, "target", "in", target.id, f"tier {said}", place(budget.at))
        observed = target.tier or UNKNOWN
        limit = said if action == "downgrade" else f"{action} or below, because {spent}"
        return Rejection(budget.rule, "tier", "in", observed, limit, place(budget.at))

    # What the request needs

    def need(self, flag: str, target: Target) -> tuple[str, str, str]:
        """Which level a need failed on: field, operator, observed."""
        where, home = level(flag), self.facts.question.origin.endpoint
        if flag == "reasoning.signature" and self.facts.values[SEALED] is not None:
            return "endpoint", "==", target.endpoint
        if where == "endpoint" and target.endpoint != home:
            return "endpoint", "==", target.endpoint
        if asked_only(flag):
            return "target", "==", target.id
        if where == "endpoint":
            return "capabilities", "has", "absent"
        if where == "model" and flag not in target.capabilities:
            return "capabilities", "has", "absent"
        return "dialect", "has", self.facts.text("dialect", target) or UNKNOWN

    def size(self, name: str, target: Target) -> Rejection:
        values, features = self.facts.values, self.facts.question.features
        field, allowed = name[5:], values[MAX_OUTPUT]
        limit = exact = allowed
        if field == "context_window":
            limit = values[TOKENS_IN] + (values[TOKENS_OUT] if allowed is None else allowed)
            exact = features.tokens_input + (features.tokens_output if allowed is None else allowed)
        room = self.facts.value(field, target, self.facts.grid)
        return Rejection(
            name,
            field,
            ">=",
            UNKNOWN if room is None else shown(room, "count"),
            shown(limit, "count"),
            exact=None if exact == limit else shown(exact, "count"),
            margin_ppm=None if room is None or not limit else abs(room - limit) * MICRO // limit,
        )


def names(entry: str, target: Target) -> bool:
    """Whether an entry of a call's list names ``target``."""
    plain = target.id.partition("@")[0]
    if entry in (target.id, plain, target.model, target.id.partition("/")[0], target.endpoint):
        return True
    return ("*" in entry or "?" in entry) and glob(entry)(target.id)


def place(at: Source) -> Source | None:
    """``None`` for what was rebuilt without places."""
    return at if at.line else None
