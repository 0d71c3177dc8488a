"""Policies as objects, and decisions without a call: ``waypost.policy.load("support.yaml").decide(task="debugging")``.

Nothing here sends anything, reads a key or writes a file: what is decided is what a call would get, and why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from waypost.core.analysis import verdict as told
from waypost.core.catalog.table import Catalog
from waypost.core.codecs import CODECS, EXPRESSES
from waypost.core.model.decision import Cause, Decision, Flip, Proof
from waypost.core.model.question import EMPTY_SNAPSHOT, Mode, Question, Snapshot
from waypost.core.model.target import TargetId
from waypost.core.policy.compile import compile_policy
from waypost.core.policy.decide import decide
from waypost.core.policy.fields import nearest
from waypost.core.policy.flip import minimal_flip
from waypost.core.policy.flip_match import Beside
from waypost.core.policy.plan import Plan
from waypost.core.policy.proof import prove
from waypost.core.policy.tree import Policy
from waypost.core.policy.why_not import WhyNot, why_not
from waypost.core.policy.wrap import wrapped
from waypost.core.routing.narrow import strangers
from waypost.core.routing.prepare import Routes, effective_mode, governed
from waypost.errors import SettingsError
from waypost.runtime.asking import ask, ask_body
from waypost.runtime.asking_advice import Said, with_advice
from waypost.runtime.asking_world import world
from waypost.runtime.bundle import packaged_policy
from waypost.runtime.catalogs import load_catalog
from waypost.runtime.documents import load_policy
from waypost.runtime.enclosing import enclosed
from waypost.runtime.narrowings import hinted

__all__ = ["Policies", "Policy", "Verdict", "load"]

SEED = bytes(16)
"""The seed where none is given: random choices (rollouts, ``explore``, ``canary``) are the same every time."""


def load(
    path: str | Path | Iterable[str | Path],
    catalog: Catalog | str | Path | Sequence[str | Path | Catalog] | None = None,
) -> Policies:
    """The policies in one file or in several, checked against ``catalog`` (the packaged one if none is given).

    ``catalog`` is a path or an object, or a list of one with overlays on it, as for ``auto_instrument``.
    Several are tried in their order, as with ``auto_instrument(policy=[...])``, which takes what is returned here.

    Raises:
        PolicyError: with file, line, column and the remedy; all further errors of the file are in ``others``.
        CatalogError: the catalog cannot be used.
        SettingsError: no path at all.
    """
    table = catalog if isinstance(catalog, Catalog) else load_catalog(catalog)
    paths = [path] if isinstance(path, str | Path) else list(path)
    found = Policies((load_policy(one, catalog=table, others=paths) for one in paths), table)
    enclosed(found, table)
    return found


class Policies(tuple[Policy, ...]):
    """One policy or several, in the order in which they are tried, over the ``catalog`` they were checked against."""

    catalog: Catalog

    def __new__(cls, policies: Iterable[Policy], catalog: Catalog) -> Policies:
        """Raises SettingsError where there is none."""
        self = super().__new__(cls, policies)
        if not self:
            raise SettingsError("no policy is given", where="waypost.policy", remedy="give the path of one")
        self.catalog = catalog
        return self

    def __repr__(self) -> str:
        return f"<Policies {', '.join(policy.name for policy in self)} over {self.catalog.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return Policies, (tuple(self), self.catalog)

    @cached_property
    def plans(self) -> tuple[Plan, ...]:
        """Each policy that can be chosen, inside of all envelopes among them, compiled against the catalog.

        Where there are only envelopes, they are around the packaged policy, as in a process.
        """
        policies = tuple(self)
        if all(policy.envelope for policy in policies):
            policies += (load_policy(packaged_policy(), catalog=self.catalog),)
        return tuple(compile_policy(policy, self.catalog, EXPRESSES) for policy in wrapped(policies))

    def decide(
        self,
        features: Mapping[str, Any] | None = None,
        /,
        *,
        body: Mapping[str, Any] | None = None,
        dialect: str | None = None,
        snapshot: Snapshot | Mapping[str, Any] | None = None,
        seed: bytes = SEED,
        credentials: Iterable[str] | None = None,
        tried: Iterable[TargetId] = (),
        advice: Said | None = None,
        **more: Any,
    ) -> Verdict:
        """Who would answer a call, without making one.

        ``features`` and ``more`` are the request's side of `waypost fields`, by name: ``task``, ``complexity``,
        ``tokens`` (``8000``, ``(8000, 300)`` or ``"8k:300"``), ``needs`` (a list of flags), ``streaming``,
        ``department``, ``user``, ``preference``, ``only``, ``ignore``, ``max_price``, ``fallbacks``, ``context``
        (labels by name). Underscores may stand for dots. What is left out is a short simple call with ``model="auto"``
        and no needs.

        ``body`` is a real request instead, a mapping as the SDK would send it; its dialect is recognised unless
        ``dialect`` names it, and features stand above what is read in it.

        ``snapshot`` is the world (nothing of it by default), as a record, as on a receipt or as in a policy test
        (``{"used": {"user/day": "80%"}}``). ``credentials`` are the
        endpoints that there are keys for: all of them by default, so that a dry run needs no key.
        ``tried`` are targets that have failed already.

        ``advice`` is what the advisor of the policy's rank says: targets with scores from 0 to 1
        (``{"openai/gpt-4o": 0.9}``), targets from the best to the worst, or how it fails (``"timeout"``). Left out, an
        advisor that sends nothing is asked, and any other is not.

        Raises:
            SettingsError: a name or a value that the language does not have, or a body that cannot be read.
        """
        given = {**(features or {}), **more}
        if body is None:
            if dialect is not None:
                given["dialect"] = dialect
            question = ask(given, self.catalog, credentials=credentials)
        else:
            question = ask_body(body, given, self.catalog, dialect=dialect, credentials=credentials)
        found = world(snapshot, self.catalog, lambda: governed(question, self._routes())[0].policy)
        return self.answer(question, found, seed=seed, tried=tried, advice=advice)

    def answer(
        self,
        question: Question,
        snapshot: Snapshot = EMPTY_SNAPSHOT,
        *,
        seed: bytes = SEED,
        tried: Iterable[TargetId] = (),
        advice: Said | None = None,
    ) -> Verdict:
        """As `decide`, for a question that is one already."""
        gone = frozenset(tried)

        def govern(plans: tuple[Plan, ...], asked: Question) -> tuple[Plan, Question]:
            plan, governing = governed(asked, replace(self._routes(), plans=plans))
            if advice is not None or plan.policy.rank.advisor is not None:
                governing = with_advice(plan, governing, snapshot, said=advice, seed=seed, tried=gone)
            return plan, governing

        plan, governing = govern(self.plans, question)
        return Verdict(plan, governing, snapshot, seed, gone, Beside(self.plans, question, govern))

    def _routes(self) -> Routes:
        """As a process would have them, with no override and at no time."""
        return Routes(
            plans=self.plans,
            catalog=self.catalog,
            endpoints=self.catalog.endpoints,
            codecs=CODECS,
            mode=None,
            now=lambda: 0,
            credentials=lambda _: (),
        )


class Verdict:
    """One decision with everything that it was made of. ``explain()`` says why; ``proof`` is the same as records."""

    def __init__(
        self,
        plan: Plan,
        question: Question,
        snapshot: Snapshot,
        seed: bytes,
        tried: frozenset[TargetId],
        beside: Beside | None = None,
    ) -> None:
        self.plan = plan
        self.beside = beside
        self.question = question
        self.snapshot = snapshot
        self.seed = seed
        self.decision: Decision = decide(plan, question, snapshot, seed, tried)
        self._mode, self._drawn = effective_mode(plan, question, seed, None)

    def __repr__(self) -> str:
        return f"<Verdict {self.selected or 'nobody'} by {self.policy.name}: {self.decision.cause}>"

    @property
    def policy(self) -> Policy:
        """The policy that held for the call."""
        return self.plan.policy

    @property
    def selected(self) -> TargetId | None:
        """The id of the target that would answer; ``None`` where no candidate survived."""
        index = self.decision.selected
        return None if index is None else self.plan.catalog.targets[index].id

    @property
    def standby(self) -> tuple[TargetId, ...]:
        """Who would be tried next, in order."""
        return tuple(self.plan.catalog.targets[index].id for index in self.decision.order[1:])

    @property
    def mode(self) -> Mode:
        """How far a call like it would go: ``route``, or only ``advise``, ``observe``, ``off``."""
        return self._mode

    @property
    def mode_cause(self) -> Cause:
        """``rollout`` where a share decided on the mode, else ``policy``."""
        return "rollout" if self._drawn else "policy"

    @cached_property
    def proof(self) -> Proof:
        """Every candidate with every rule that it failed, and why the winner won."""
        return prove(self.plan, self.question, self.snapshot, self.decision)

    @cached_property
    def flip(self) -> Flip:
        """The smallest change of one limit, weight, claim or fact that would have chosen another target."""
        return minimal_flip(self.plan, self.question, self.snapshot, self.decision, self.beside)

    def why_not(self, target: str) -> WhyNot:
        """What stands between ``target`` (an id, a model's name or an alias) and being selected.

        Raises:
            SettingsError: the catalog has no such target, or several.
        """
        found = self.plan.catalog.resolve(target)
        if found is None:
            known = {*self.plan.catalog.index, *(one.model for one in self.plan.catalog.targets)}
            raise SettingsError(f"{target!r} is no target", where="why_not", remedy=nearest(target, known))
        return why_not(self.plan, self.question, self.snapshot, self.decision, found.id, self.beside)

    def explain(self, format: Literal["text", "markdown", "json"] = "text") -> str:
        """Why it is so, as ``text``, ``markdown`` or ``json``. Raises ValueError for any other format."""
        return told.explain(self.told(flip=True), format)

    def to_dict(self) -> dict[str, Any]:
        """The same as a JSON-able document, ``verdict/v1``: question, snapshot, decision and a row per candidate."""
        return told.document(self.told(flip=True))

    def told(self, *, flip: bool = False) -> told.Told:
        """What the texts are made of, with the smallest flip where that is asked for."""
        plan, found = self.plan, self.flip if flip else None
        return told.Told(
            *(plan.policy, plan.catalog, self.question, self.snapshot, self.proof, self.mode, found),
            applies=plan.matches(self.question),
            strange=tuple(hinted(strangers(self.question.context, plan.catalog), plan.catalog)),
        )
