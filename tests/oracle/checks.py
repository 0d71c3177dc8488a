"""*Evaluation*, *Narrowing*, and what is hard of *Budgets and limits*: every rule but the shortlist, in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from oracle.asked import Asked, Entry, World, provider_of, without_deployment
from oracle.facts import grid
from oracle.kleene import glob, truth
from waypost.core.model import needs as vocabulary
from waypost.core.model.question import Question
from waypost.core.model.target import Price, Target
from waypost.core.policy.tree import Budget, Filter, Policy, Rule


def above(asked: Asked) -> list[Entry]:
    """What stands above the shortlist."""
    return [*places(asked), *narrowing(asked.question), *limits(asked), *ceilings(asked), *needs(asked)]


def places(asked: Asked) -> Iterator[Entry]:
    """1 to 5: where the call may go at all."""
    question, snapshot, origin = asked.question, asked.snapshot, asked.question.origin.endpoint
    stays = not may_leave(asked.world.policy, question)
    yield Entry("tried", lambda target: target.id in asked.tried)
    yield Entry("cross_origin", lambda target: stays and target.endpoint != origin)
    yield Entry("dialect", lambda target: mute(asked.world, question, target))
    yield Entry(
        "provider.credentials",
        lambda target: target.endpoint not in question.credentials and target.endpoint != origin,
    )
    yield Entry("breaker", lambda target: target.id in snapshot.broken or target.endpoint in snapshot.disabled)


def narrowing(question: Question) -> Iterator[Entry]:
    """The claims of the call."""
    narrow = question.context.narrow
    if narrow is None:
        return
    if narrow.models:
        yield Entry("call.models", lambda target: not named(narrow.models, target))
    if narrow.only:
        yield Entry("call.only", lambda target: not named(narrow.only, target))
    yield Entry("call.ignore", lambda target: named(narrow.ignore, target))
    yield Entry(
        "call.max_price",
        lambda target: (
            dearer(target, "input", narrow.max_input_price) or dearer(target, "output", narrow.max_output_price)
        ),
    )


def named(entries: Sequence[str], target: Target) -> bool:
    """Whether one of the entries names the target."""
    names = [target.id, without_deployment(target.id), provider_of(target.id), target.endpoint]
    if "/" not in target.model:
        names.append(target.model)
    for entry in entries:
        if entry in names:
            return True
        if ("*" in entry or "?" in entry) and glob(entry, target.id):
            return True
    return False


def dearer(target: Target, part: str, highest: int | None) -> bool:
    """Whether a price is above what the call allows, or unknown."""
    if highest is None:
        return False
    price = getattr(target.prices[0], part) if target.prices else None
    return price is None or price > highest


def limits(asked: Asked) -> Iterator[Entry]:
    """Those that the world says are reached."""
    for rule, value in asked.snapshot.limited:
        scope = rule.removeprefix("limit.")
        yield Entry(rule, lambda target, scope=scope, value=value: limited(target, scope, value))  # type: ignore[misc]


def limited(target: Target, scope: str, value: str) -> bool:
    if scope == "target":
        return target.id == value
    if scope == "endpoint":
        return target.endpoint == value
    if scope == "provider":
        return provider_of(target.id) == value
    return True


def ceilings(asked: Asked) -> Iterator[Entry]:
    """Budgets that fail everybody, or whom nobody can price; and reservations that found no room."""
    for budget in asked.world.policy.budgets:
        if action_of(budget, asked) == "fail":
            yield Entry(budget.rule, lambda target: True)
        elif "fail" in [action for _, action in budget.thresholds]:
            yield Entry(budget.rule, lambda target: unpriced(target.prices[:1]))
    yield from refusals(asked)


def refusals(asked: Asked) -> Iterator[Entry]:
    for rule, refused in asked.snapshot.refused:
        yield Entry(rule, lambda target, refused=refused: target.id == refused)  # type: ignore[misc]


def unpriced(prices: Sequence[Price]) -> bool:
    """Whether there is none, or one that lacks a rate, itself or in a tier above it."""
    if not prices:
        return True
    return any(None in (price.input, price.output) or unpriced_above(price) for price in prices)


def unpriced_above(price: Price) -> bool:
    return any(unpriced([dearer]) for _, dearer in price.above)


def action_of(budget: Budget, asked: Asked) -> str | None:
    """The action of the highest threshold that is reached; ``None`` where none is."""
    action = None
    for key, used in asked.snapshot.used:
        if key == budget.key:
            for threshold, what in sorted(budget.thresholds, key=lambda pair: pair[0]):
                if threshold <= used:
                    action = what
    return action


def needs(asked: Asked) -> Iterator[Entry]:
    """6 to 8."""
    question = asked.question
    for flag in sorted({need.flag for need in question.needs if need.severity == "required"}):
        yield Entry(
            f"need.{flag}",
            lambda target, flag=flag: not meets(asked.world, question, target, flag),  # type: ignore[misc]
        )
    yield Entry("need.context_window", lambda target: not fits(question, target))
    given = question.features.max_output
    if given is not None:
        yield Entry("need.max_output", lambda target: target.max_output is None or given > target.max_output)


def filters(asked: Asked, rule: Rule | None) -> list[Entry]:
    """10: what stands below the shortlist."""
    return [
        Entry(
            line.name,
            lambda target, line=line: truth(line.predicate, asked.at(target)) is not True,  # type: ignore[misc]
        )
        for line in applying(asked, rule)
    ]


def applying(asked: Asked, rule: Rule | None) -> list[Filter]:
    """The policy's filters, then the matched rule's; those whose ``when`` is false are left out."""
    lines = asked.world.policy.filters + (rule.filters if rule is not None else ())
    return [line for line in lines if line.when is None or truth(line.when, asked.view) is not False]


def may_leave(policy: Policy, question: Question) -> bool:
    """Whether the call may go anywhere but its own endpoint."""
    if question.pinned or not question.granted or policy.cross_origin != "auto":
        return False
    return question.origin.endpoint is not None or any(host_matches(e, question.origin.host) for e in policy.leave)


def host_matches(entry: str, host: str) -> bool:
    """Equal, or ``*.rest`` and a host that ends with ``.rest``: a name that merely ends alike is someone else's."""
    if entry == host:
        return True
    return entry.startswith("*.") and host.endswith(entry[1:])


def spoken(world: World, question: Question, target: Target) -> str:
    """What is spoken with a target: the caller's dialect, where its endpoint also has that, else the endpoint's."""
    endpoint = world.catalog.endpoints[target.endpoint]
    others = [dialect for dialect, _ in endpoint.also]
    return question.dialect if question.dialect in others else endpoint.dialect


def mute(world: World, question: Question, target: Target) -> bool:
    """Whether nobody here can speak to the target: neither the caller's own dialect nor one with a codec."""
    dialect = spoken(world, question, target)
    return dialect != question.dialect and dialect not in world.expresses


def meets(world: World, question: Question, target: Target, flag: str) -> bool:
    """Whether a required need is met, on the level where its flag belongs."""
    dialect = spoken(world, question, target)
    homes = [need.value for need in question.needs if need.flag == flag and need.severity == "required"]
    if flag == "reasoning.signature" and homes[0] is not None:
        endpoint = world.catalog.endpoints[target.endpoint]
        return homes[0] == (endpoint.signing_domain or endpoint.name)
    if dialect == question.dialect and target == own_target(world, question):
        return True
    said = dialect == question.dialect or flag in world.expresses.get(dialect, frozenset())
    if flag in vocabulary.MODEL:
        return flag in target.capabilities and said
    if flag in vocabulary.DIALECT:
        return said
    if question.origin.endpoint is None or target.endpoint != question.origin.endpoint:
        return False
    if flag == "server_state.cached_content":
        return False
    if flag in ("output.image", "output.modality") or (flag.split(".")[0] == "server_tool" and not question.auto):
        return flag in target.capabilities
    return True


def own_target(world: World, question: Question) -> Target | None:
    """The target at the caller's own endpoint that it asked for by name."""
    if question.auto or question.origin.endpoint is None:
        return None
    home = [target for target in world.catalog.targets if target.endpoint == question.origin.endpoint]
    found = [target for target in home if is_called(world, question.requested, target)]
    if len(found) > 1:
        exact = [target for target in found if target.id == question.requested]
        found = exact or [target for target in found if target.deployment is None]
    return found[0] if len(found) == 1 else None


def is_called(world: World, name: str, target: Target) -> bool:
    """Whether a name is a target's id, its model, or an alias of it."""
    aliases = [alias for alias, meant in world.catalog.aliases.items() if meant == target.id]
    short = [alias.removeprefix(provider_of(target.id) + "/") for alias in aliases]
    return name in (target.id, target.model, *aliases, *short)


def fits(question: Question, target: Target) -> bool:
    """Whether prompt and answer fit into the window."""
    features = question.features
    answer = features.max_output if features.max_output is not None else grid(features.tokens_output)
    return target.context_window is not None and grid(features.tokens_input) + answer <= target.context_window
