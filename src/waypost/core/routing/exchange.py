"""What is sent to one target and how its answer becomes the caller's: same endpoint, same dialect, or translated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from waypost.core.codecs.citations import left_out
from waypost.core.codecs.handout import Signer
from waypost.core.codecs.hints import untold
from waypost.core.codecs.resealing import Change, Resealer, resealed
from waypost.core.model.frozen import dataclass, factory
from waypost.core.model.outcome import Attempt
from waypost.core.model.target import Endpoint, Target, host_and_port
from waypost.core.routing.effects import Observed, Send, Wire
from waypost.core.routing.ports import Codec, Reader, Writer
from waypost.core.routing.prepare import Stage, home_of
from waypost.core.routing.reducing import Reducer
from waypost.core.routing.sealing import at_home, elsewhere, signer


@dataclass(frozen=True, slots=True)
class Exchange:
    """One target with the body for it. ``ahead`` says that its stream is to be read ahead up to the first content.
    ``untold`` are the hints of the call that it leaves out: none where the call goes out as it was written."""

    stage: Stage
    target: Target
    endpoint: Endpoint
    home: bool
    body: Mapping[str, Any] | None
    codec: Codec
    last: bool
    strip_usage: bool
    untold: tuple[str, ...] = ()

    @property
    def place(self) -> tuple[str, int | None]:
        """Host and port of the server."""
        call = self.stage.call
        return (call.origin.host, call.port) if self.home else host_and_port(self.endpoint.base_url)

    @property
    def ahead(self) -> bool:
        return self.stage.call.streaming and not self.last

    @property
    def translated(self) -> bool:
        return self.codec.dialect != self.stage.call.dialect

    @staticmethod
    def unchanged(stage: Stage) -> Exchange | None:
        """The caller's own call as it is; ``None`` where its model is not in the catalog."""
        target = stage.requested
        if target is None:
            return None
        endpoint = stage.routes.endpoints[target.endpoint].addressed(stage.call.dialect)
        codec = stage.routes.codecs[stage.call.dialect]
        body = at_home(stage.call, endpoint, stage.conversation)
        changed = None if body is stage.call.body else body
        return Exchange(stage, target, endpoint, True, changed, codec, True, False)

    @property
    def signer(self) -> Signer:
        routes, call = self.stage.routes, self.stage.call
        has_room = routes.codecs[call.dialect].has_room
        return signer(self.endpoint, self.stage.conversation, routes.memory, has_room=has_room)

    @property
    def foreign(self) -> bool:
        """Whether it is another signer's endpoint, of the caller's dialect."""
        home = home_of(self.stage.call, self.stage.routes)
        return not self.home and not self.translated and (home is None or home.domain != self.endpoint.domain)

    def _change(self) -> Change | None:
        """What is changed of a stream that passes in its own dialect: its seals, and what its errors say."""
        if not self.stage.call.streaming or self.home or self.translated:
            return None
        return Reducer(self.codec, Resealer(self.signer) if self.foreign else None)

    def send(self, attempt: Attempt, timeout_ns: int | None) -> Send:
        """The effect. While candidates remain the policy owns retries; the last keeps the caller's own."""
        call = self.stage.call
        reader: Reader | None = None
        writer: Writer | None = None
        if call.streaming and (not self.home or self.ahead):
            reader = self.codec.reader()
            if self.translated:
                home = self.stage.routes.codecs[call.dialect]
                conversation = self.stage.conversation
                writer = home.writer(include_usage=conversation.include_usage, signer=self.signer)
        retries = None if self.last and self.home else call.max_retries if self.last else 0
        return _new_send(
            call=call,
            attempt=attempt,
            home=self.home,
            body=self.body,
            retries=retries,
            timeout_ns=timeout_ns,
            target=self.target,
            endpoint=self.endpoint,
            strip_usage=self.strip_usage,
            reader=reader,
            writer=writer,
            change=self._change(),
        )


_new_exchange, _new_send = factory(Exchange), factory(Send)


def plan_exchange(stage: Stage, target: Target, last: bool) -> Exchange:
    """Encode the call for ``target``.

    Raises:
        Untranslatable: the target's dialect cannot express a need; the candidate is rejected by it.
    """
    call = stage.call
    endpoint = stage.routes.endpoints[target.endpoint].addressed(call.dialect)
    codec = stage.routes.codecs[endpoint.dialect]
    home = target.endpoint == call.origin.endpoint
    if endpoint.dialect != call.dialect:
        body: Mapping[str, Any] = codec.encode_request(stage.conversation, target, endpoint)
        return Exchange(
            stage, target, endpoint, home, body, codec, last, False, _untold(stage, target, endpoint, codec)
        )
    if home:
        body = at_home(call, endpoint, stage.conversation)
        # Another model of the caller's own endpoint may refuse what the one that was named takes.
        body = dict(body) if target is stage.requested else codec.retarget(body, target, endpoint)
    else:
        mine = elsewhere(call, endpoint, home_of(call, stage.routes), stage.conversation)
        body = codec.retarget(mine, target, endpoint)
    asking = None
    if call.streaming and not stage.conversation.include_usage:
        asking = codec.ask_usage(body, () if home else endpoint.drops)
    left = () if target is stage.requested else _untold(stage, target, endpoint, codec)
    return _new_exchange(stage, target, endpoint, home, asking or body, codec, last, asking is not None, left)


def _untold(stage: Stage, target: Target, endpoint: Endpoint, codec: Codec) -> tuple[str, ...]:
    home = home_of(stage.call, stage.routes)
    return untold(stage.conversation, target, endpoint, codec.words, None if home is None else home.domain)


def wire_answer(stage: Stage, exchange: Exchange, sent: Wire) -> tuple[Wire, Observed]:
    """A whole answer of another endpoint in the caller's dialect, and what it says of itself.

    Raises:
        ValueError: the answer is not of its endpoint's dialect.
    """
    assert sent.body is not None
    reply = exchange.codec.decode_response(sent.body)
    observed = Observed(
        usage=reply.usage,
        response_id=reply.id or stage.call.seed.hex(),
        response_model=reply.model,
        finish_reasons=(reply.raw_finish or reply.finish,),
        request_id=sent.headers.get("x-request-id") or sent.headers.get("request-id"),
    )
    if not exchange.translated:
        body = resealed(sent.body, exchange.signer) if exchange.foreign else sent.body
        return sent if body is sent.body else replace(sent, body=body), observed
    home = stage.routes.codecs[stage.call.dialect]
    # What an upstream leaves out and the caller's dialect has in every answer: when, by whom, and an id of its own.
    reply = replace(
        reply,
        id=reply.id or stage.call.seed.hex(),
        model=reply.model or exchange.target.model,
        created=stage.routes.now() // 1_000_000_000 if reply.created is None else reply.created,
    )
    body = home.encode_response(reply, exchange.signer)
    return Wire(sent.status, sent.headers, body), replace(
        observed, left_out=left_out(reply, home.expresses, shown=stage.conversation.shows_reasoning)
    )
