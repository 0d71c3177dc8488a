"""``waypost doctor``: whether this environment, its SDKs, its files and its store are as Waypost needs them."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import textwrap
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib import import_module, metadata, util
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from waypost._version import __version__
from waypost.adapters.stores.content import ContentStore
from waypost.adapters.stores.sqlite import SqliteStore, StoreError
from waypost.core.model.target import Endpoint
from waypost.core.policy.choose import last_resort
from waypost.core.policy.plan import Plan
from waypost.core.policy.tree import Policy
from waypost.core.policy.units import shown
from waypost.core.policy.wrap import KEPT_FOR_NS
from waypost.errors import ConfigError
from waypost.runtime import advisors, bundle, otlp, settings
from waypost.runtime.alarms import UNMATCHED_REMEDY, unmatched
from waypost.runtime.home import Home
from waypost.runtime.patch import adapters
from waypost.surfaces.cli import home

HELP = "whether environment, SDKs, credentials, store and telemetry are as they should be"

SDKS = {"openai": "openai", "anthropic": "anthropic", "google-genai": "google.genai"}
LIBRARIES = ("opentelemetry-api", "opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http", "httpx", "httpx2")
UNCOVERED = (
    ("openai", "batch jobs, the realtime API, file and fine-tuning endpoints"),
    ("anthropic", "message batches"),
    ("google-genai", "live sessions, interactions, batch jobs"),
)
NO_KEY = "keys"
COUNTS = (
    "policy {policy}: {counted} are counted in the memory of each process, from zero when it starts; several processes "
    "count apart, so that four workers may use four times as much"
)
ADDRESSES = ("OPENAI_BASE_URL", "ANTHROPIC_BASE_URL", "GOOGLE_GEMINI_BASE_URL")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. A ``finding`` is something to mend and makes the exit code 1."""

    topic: str
    state: Literal["ok", "note", "finding"]
    text: str
    remedy: str | None = None


def arguments(parser: argparse.ArgumentParser) -> None:
    home.arguments(parser)
    parser.add_argument(
        "--policy", metavar="FILE", help="check this policy (default: WAYPOST_POLICY, else the packaged)"
    )
    parser.add_argument(
        "--catalog", metavar="FILE", help="check this catalog (default: WAYPOST_CATALOG, else the packaged)"
    )


def run(args: argparse.Namespace) -> int:
    checks = [*environment(), *sdks(), *configuration(args.policy, args.catalog), *store(home.directory(args))]
    checks += [*telemetry(), *uncovered()]
    found = sum(check.state == "finding" for check in checks)
    if args.json:
        home.print_json({"schema": "doctor/v1", "findings": found, "checks": [asdict(check) for check in checks]})
    else:
        _print(checks, found)
    return 1 if found else 0


def environment() -> Iterator[Check]:
    """Versions of ourselves, Python and the libraries that matter here."""
    yield Check("waypost", "ok", f"{__version__}, Python {platform.python_version()}, {sys.platform}")
    found = [f"{name} {version}" for name in LIBRARIES if (version := _version(name)) is not None]
    yield Check("libraries", "ok", ", ".join(found))
    if os.environ.get("WAYPOST_ENABLED", "1").strip().lower() in ("0", "false", "no", "off"):
        yield Check("enabled", "finding", "WAYPOST_ENABLED switches Waypost off", "unset it")
    for name, near in settings.unknown():
        remedy = f"did you mean {near}?" if near is not None else "known: " + ", ".join(settings.VARIABLES)
        yield Check("variable", "finding", f"{name} is ignored, because no such setting is known", remedy)


def sdks() -> Iterator[Check]:
    """Each SDK: installed, its version, and whether the seam fits it."""
    known = {adapter.MODULE.rpartition(".")[0]: adapter for adapter in adapters()}
    for name, module in SDKS.items():
        version = _version(name)
        if version is None:
            yield Check(f"sdk {name}", "note", "not installed")
        elif module not in known:
            yield Check(f"sdk {name}", "note", f"{version}; its calls are not routed and leave no receipts")
        else:
            problem = _fits(known[module])
            state: Literal["ok", "finding"] = "ok" if problem is None else "finding"
            remedy = None if problem is None else f"install a version of {name} that Waypost knows"
            yield Check(f"sdk {name}", state, f"{version}{'' if problem is None else f': {problem}'}", remedy)


def _advisors(plans: Iterable[Plan]) -> Iterator[Check]:
    """Those that policies rank by, with their versions; each could be made, or its policy would not have loaded."""
    asking: dict[str, list[str]] = {}
    for plan in plans:
        if plan.policy.rank.advisor is not None:
            asking.setdefault(plan.policy.rank.advisor, []).append(plan.policy.name)
    for name, policies in sorted(asking.items()):
        yield Check("advisor", "ok", f"{name} ({advisors.find(name).version}), asked by {', '.join(policies)}")


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


def store(directory: Path) -> Iterator[Check]:
    """Whether receipts can be written and read, how many are open, and what of ours broke."""
    if directory.exists() and not directory.is_dir():
        named = "set WAYPOST_HOME or --home to a directory"
        yield Check("home", "finding", f"{directory}: is a file, not a directory", named)
        return
    if not directory.exists():
        ready = os.access(_existing(directory), os.W_OK)
        remedy = None if ready else "set WAYPOST_HOME or --home to a directory that can be written"
        yield Check("home", "note" if ready else "finding", f"{directory}: not there yet", remedy)
        return
    writable = os.access(directory, os.W_OK)
    free = shutil.disk_usage(directory).free
    remedy = None if writable else "set WAYPOST_HOME or --home to a directory that can be written"
    text = f"{directory}: {'writable' if writable else 'not writable'}, {free // 1_000_000:,} MB free"
    yield Check("home", "ok" if writable else "finding", text, remedy)
    receipts = SqliteStore(directory / home.STORE, readonly=not writable)
    try:
        if writable:
            receipts.fold(directory / home.JOURNAL)
        yield from _contents(directory, writable)
        waiting = len(receipts.open_receipts())
        yield Check("receipts", "ok", f"{receipts.count():,} in {home.STORE}")
        if waiting:
            remedy = "`waypost list --open` shows them; a process that died leaves them open"
            yield Check("open receipts", "note", f"{waiting:,} sent and not settled", remedy)
        for layer, error, count in receipts.faults():
            yield Check("internal errors", "finding", f"{layer}: {error}, {count:,} times", "please report it")
    except StoreError as error:
        yield Check("receipts", "finding", str(error), error.remedy)
    finally:
        receipts.close()


def _contents(directory: Path, writable: bool) -> Iterator[Check]:
    """How much is kept beside receipts."""
    place = directory / Home.CONTENT
    if place.is_dir():
        count, size = ContentStore(place, readonly=not writable).count(time.time_ns())
        yield Check("contents", "ok", f"{count:,} can be read, {size // 1000:,} kB encrypted")


def telemetry() -> Iterator[Check]:
    """Where the environment sends spans and metrics; an SDK that the application sets up itself is not seen here."""
    sdk = util.find_spec("opentelemetry.sdk") is not None
    signals: tuple[otlp.Signal, ...] = ("traces", "metrics")
    for signal in signals:
        place = otlp.endpoint(signal, os.environ)
        if place is None:
            text = "no OTLP endpoint is named in the environment; an SDK that the application configures is used"
            yield Check(signal, "note", text)
        elif otlp.wanted(signal, os.environ):
            yield Check(signal, "ok", "to the OTLP endpoint of OTEL_EXPORTER_OTLP_*")
        else:
            text = "an OTLP endpoint is named, but not exported to" + ("" if sdk else ": no SDK is installed")
            yield Check(
                signal, "finding", text, "pip install '.[otlp]' in a checkout of Waypost, or check the OTEL_* variables"
            )


def uncovered() -> Iterator[Check]:
    """What the seam does not see, so that no receipt and no budget claims it."""
    for name, what in UNCOVERED:
        if _version(name) is not None:
            yield Check("uncovered", "note", f"{name}: {what}")


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


def _fits(adapter: Any) -> str | None:
    try:
        problem: str | None = adapter.fits(import_module(adapter.MODULE))
    except Exception as error:
        return f"cannot be imported ({type(error).__name__})"
    return problem


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _existing(directory: Path) -> Path:
    path = directory.absolute()
    while not path.exists():
        path = path.parent
    return path


def _print(checks: list[Check], found: int) -> None:
    marks = {"ok": "ok  ", "note": "note", "finding": "MEND"}
    width = max(len(check.topic) for check in checks)
    for check in checks:
        head = f"{marks[check.state]}  {check.topic:<{width}}  "
        text = check.text if check.remedy is None else f"{check.text}; {check.remedy}"
        print(
            textwrap.fill(
                head + text, 100, subsequent_indent=" " * len(head), break_long_words=False, break_on_hyphens=False
            )
        )
    keyless = any(check.topic == NO_KEY for check in checks)
    closing = f"{found} to mend." if found else "Nothing to mend."
    print(home.bold(f"{closing} But no provider key was found: see `{NO_KEY}`." if keyless else closing))
