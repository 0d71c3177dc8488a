"""`waypost doctor`: what calls would be routed by: policy, catalog, endpoints, and whose keys are there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal
from urllib.parse import urlsplit

from waypost.core.model.target import Endpoint
from waypost.core.policy.choose import last_resort
from waypost.core.policy.plan import Plan
from waypost.core.policy.tree import Policy
from waypost.core.policy.units import shown
from waypost.core.policy.wrap import KEPT_FOR_NS
from waypost.errors import ConfigError
from waypost.runtime import advisors, bundle, settings
from waypost.runtime.alarms import UNMATCHED_REMEDY, unmatched
from waypost.surfaces.cli.doctor_check import Check

NO_KEY = "keys"
COUNTS = (
    "policy {policy}: {counted} are counted in the memory of each process, from zero when it starts; several processes "
    "count apart, so that four workers may use four times as much"
)
ADDRESSES = ("OPENAI_BASE_URL", "ANTHROPIC_BASE_URL", "GOOGLE_GEMINI_BASE_URL")


def configuration(policy: str | None, catalog: str | None) -> Iterator[Check]:
    """Whether policy and catalog load, and for which endpoints there are credentials; names of variables only."""
    try:
        chosen = settings.read(policy=policy, catalog=catalog)
        routes = bundle.load(chosen).routes
    except (ConfigError, OSError) as error:
        yield Check("policy", "finding", str(error), "auto_instrument() raises the same error")
        return
    names = ", ".join(f"{plan.policy.name} (mode {plan.policy.mode.mode})" for plan in routes.plans)
    yield Check("policy", "ok", names)
    yield from _advisors(routes.plans)
    last = last_resort([plan.policy for plan in routes.plans])
    if last is not None:
        yield Check("policy", "note", unmatched(last), UNMATCHED_REMEDY)
    yield Check(
        "catalog", "ok", f"{routes.catalog.name}: {len(routes.catalog)} targets, {routes.catalog.fingerprint[:12]}"
    )
    for plan in routes.plans:
        if plan.policy.content != "none":
            yield Check("content", "note", _content(plan.policy))
        if counted := _counted(plan.policy):
            yield Check(counted, "note", COUNTS.format(policy=plan.policy.name, counted=counted))
    usable = routes.credentials(False)
    yield from _keys(routes.endpoints)
    for name, endpoint in sorted(routes.endpoints.items()):
        text, variable = _credentials(endpoint, usable), endpoint.base_url_env
        yield _endpoint(f"endpoint {name}", "ok" if name in usable else "note", text, variable)
    known = {endpoint.base_url_env for endpoint in routes.endpoints.values()}
    for variable in (name for name in ADDRESSES if name not in known):
        if os.environ.get(variable):
            yield _endpoint("address", "note", "no endpoint of the catalog", variable)


def _advisors(plans: Iterable[Plan]) -> Iterator[Check]:
    """Those that policies rank by, with their versions; each could be made, or its policy would not have loaded."""
    asking: dict[str, list[str]] = {}
    for plan in plans:
        if plan.policy.rank.advisor is not None:
            asking.setdefault(plan.policy.rank.advisor, []).append(plan.policy.name)
    for name, policies in sorted(asking.items()):
        yield Check("advisor", "ok", f"{name} ({advisors.find(name).version}), asked by {', '.join(policies)}")


def _content(policy: Policy) -> str:
    """What a policy keeps of calls, for how long, and how to see and to erase it."""
    if policy.content == "hash":
        return f"policy {policy.name} keeps a digest of what is asked, and none of its words"
    how = "redacted" if policy.content == "redacted" else "in full"
    lasting = shown(policy.content_for_ns or KEPT_FOR_NS, "ns")
    return (
        f"policy {policy.name} keeps what is asked and answered, {how}, encrypted, for {lasting}; "
        "`waypost content ID` shows it, `waypost forget --user U` erases it"
    )


def _counted(policy: Policy) -> str:
    """What of the policy counts over calls."""
    kinds = (("budgets", policy.budgets), ("limits", policy.limits))
    return " and ".join(name for name, entries in kinds if entries)


def _keys(endpoints: Mapping[str, Endpoint]) -> Iterator[Check]:
    """Only where no key of any provider is in the environment: what was looked for, and what happens without."""
    wanted = sorted({name for endpoint in endpoints.values() for name in endpoint.key_env})
    if wanted and not any(os.environ.get(name) for name in wanted):
        text = (
            f"no provider key was found; looked for {', '.join(wanted)}. A client that the program gives a key "
            "reaches its own provider only, one without a key raises the SDK's own error, and every other hosted "
            "provider is rejected by the rule provider.credentials"
        )
        yield Check(NO_KEY, "note", text, "set one of them, or try `waypost demo --serve`, which needs none")


def _endpoint(topic: str, state: Literal["ok", "note"], text: str, variable: str | None) -> Check:
    """What is known of an endpoint, and where its variable moves it to; a finding where that is nowhere."""
    value = os.environ.get(variable) if variable is not None else None
    if variable is None or not value:
        return Check(topic, state, text)
    place = _address(value)
    if place is None:
        remedy = f"write {variable} as http(s)://host/path, or unset it"
        return Check(topic, "finding", f"{text}; moved to what is no http(s) address by {variable}", remedy)
    return Check(topic, state, f"{text}; moved to {place} by {variable}")


def _credentials(endpoint: Endpoint, usable: tuple[str, ...]) -> str:
    if not endpoint.key_env:
        address = endpoint.base_url_env
        return "needs no key" if endpoint.name in usable or address is None else f"set {address} to use it"
    found = [name for name in endpoint.key_env if os.environ.get(name)]
    return f"key in {found[0]}" if found else f"no key in {' or '.join(endpoint.key_env)}"


def _address(value: str) -> str | None:
    """A URL without the credentials that it may hold; ``None`` where it is none that a client could send to."""
    try:
        url = urlsplit(value)
        usable = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        return None
    place = url._replace(netloc=url.netloc.rpartition("@")[2], query="", fragment="")
    return place.geturl() if usable else None
