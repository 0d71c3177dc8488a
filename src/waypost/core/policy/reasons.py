"""A rejection in one line that says what holds, not what was asked for."""

from __future__ import annotations

from waypost.core.model.decision import Rejection
from waypost.core.policy.facts import UNKNOWN

CREDENTIALS = "credentials"
"""What is wanted of an endpoint that no variable of the environment opens."""

NEGATED = {
    "==": "!=",
    "!=": "==",
    "<": ">=",
    "<=": ">",
    ">": "<=",
    ">=": "<",
    "in": "not in",
    "not in": "in",
    "has": "has no",
    "has no": "has",
    "matches": "does not match",
    "does not match": "matches",
}
"""The operator that holds where the other does not."""


NEEDS = {
    "n": "gives one answer, and several are asked for (n)",
    "logprobs": "gives no probabilities of tokens (logprobs)",
    "background": "gives no answer that is fetched later (background)",
    "server_state.store": "is not who is to store the answer (store); write store=False",
    "server_state.previous_response": "does not have the earlier answer (previous_response_id)",
    "sampling.temperature.above_1": "takes no temperature above 1",
    "sampling.temperature_and_top_p": "takes temperature or top_p, and both are set",
    "sampling.penalties": "takes no penalties (presence_penalty, frequency_penalty)",
    "output.json_object": "does not promise a JSON object",
    "output.json_schema": "holds no answer to a schema",
    "output.audio": "gives no spoken answer",
    "output.image": "gives no image",
}
"""What a target cannot, by the needs whose name alone says little."""


def _need(flag: str) -> str:
    head, _, rest = flag.partition(".")
    match head:
        case _ if flag in NEEDS:
            return NEEDS[flag]
        case "sampling":
            return f"takes no {rest}"
        case "server_tool":
            return f"does not run the tool {rest} itself"
        case _:
            return f"no {flag}"


def reason(rejection: Rejection) -> str:
    """What holds instead of what was asked for, in one line: ``quality 0.42 < 0.5``, ``no tools``."""
    rule, field, op = rejection.rule, rejection.field, rejection.op
    observed, limit = rejection.observed, rejection.limit
    match rule:
        case "tried":
            return "already tried"
        case "cross_origin":
            return f"may not leave {limit}"
        case "dialect":
            return f"nothing here speaks {observed}"
        case "provider.credentials":
            return f"no credentials for {observed}" + ("" if limit == CREDENTIALS else f" ({limit})")
        case "breaker":
            return "breaker open"
        case "override":
            return f"an override forces {limit}"
        case "call.models" | "call.only":
            return f"not named by the call's {rule[5:]} {limit}"
        case "call.ignore":
            return f"named by the call's ignore {limit}"
        case "call.max_price":
            return f"{field} {observed}{', not under' if observed == UNKNOWN else ' >'} the call's ceiling of {limit}"
    if field and rule.startswith(("budget.", "limit.")):
        return _spent(rule, field, observed, limit)
    if rule.startswith("need.") and not limit:
        return _need(rule[5:])
    if rule.startswith("rule.") and field == "target":
        return f"not on the list of {limit}"
    if not field:
        return rule
    if observed == UNKNOWN or limit.startswith(UNKNOWN):
        return f"{field} {observed}, must be {op} {limit}"
    if op in ("has", "has no"):
        return f"{field} {NEGATED[op]} {limit}"
    return f"{field} {observed} {NEGATED.get(op, f'not {op}')} {limit}"


def _spent(rule: str, field: str, observed: str, limit: str) -> str:
    """A budget or a limit: ``budget.user used 104% of $5 per day, fails at 100%``."""
    match field:
        case "requests" | "tokens":
            return f"{rule} reached: {limit}"
        case "used":
            return f"{rule} used {observed}, fails at {limit}"
        case "price":
            return f"{rule} stops at {limit}, and the price is unknown"
        case "estimated.cost":
            return f"{rule} has no room for {observed} in {limit}"
        case _:
            return f"{field} {observed}, {rule} allows {limit}"
