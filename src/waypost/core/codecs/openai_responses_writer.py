"""OpenAI responses: its streams as they are written. Deltas to events.

The last event repeats the whole answer, so its text is held until then, and nothing else is.
"""

from __future__ import annotations

from typing import Any, assert_never

from waypost.core.codecs.citations import REASONING, to_openai
from waypost.core.codecs.framing import frame
from waypost.core.codecs.handout import Handed, Handout, Signer
from waypost.core.codecs.ids import answer_id, fit_call_id
from waypost.core.codecs.json_text import dumps_ascii, is_object_text
from waypost.core.codecs.openai_errors import error_body
from waypost.core.codecs.openai_responses_encode import CALL_ID
from waypost.core.codecs.openai_responses_held import Piece
from waypost.core.codecs.openai_responses_reply import (
    answer_status,
    item_id,
    logprob_out,
    message_out,
    response_out,
)
from waypost.core.model.deltas import Cited, Delta, Finished, PartDelta, PartStart, PartStop, Start, StreamError
from waypost.core.model.outcome import Failure


class ResponsesWriter:
    """Deltas to events as OpenAI writes them, with the reasoning of ``signer`` in envelopes."""

    __slots__ = (
        *("_calls", "_created", "_ended", "_handout", "_heads", "_id", "_message", "_model", "_number", "_open"),
        *("_output", "left"),
    )

    def __init__(self, signer: Signer | None = None) -> None:
        self.left: set[str] = set()
        self._handout = Handout(signer)
        self._ended = False
        self._number = 0
        self._calls = 0
        self._id = answer_id("resp_", "", "")
        self._model = ""
        self._created = 0
        self._open: dict[int, Piece] = {}
        self._heads: dict[int, str] = {}
        self._message: list[Piece] | None = None
        self._output: list[list[Piece]] = []

    def feed(self, delta: Delta) -> bytes:
        """The frames of one delta; empty where it has none in this dialect."""
        if self._ended:
            return b""
        match delta:
            case Start():
                return self._start(delta)
            case PartStart():
                return self._part(delta)
            case PartDelta():
                return self._delta(delta)
            case Cited():
                return self._cite(delta)
            case PartStop(index=index):
                return self._stop(index)
            case Finished():
                return self._finish(delta)
            case StreamError():
                self._ended = True
                kind: Any = delta.kind
                error = error_body(Failure(kind, delta.status, delta.type), "")["error"]
                return self._event("error", **error, error=error)
            case _:
                assert_never(delta)

    def close(self) -> bytes:
        """Nothing is owed: the last event comes with the finish or the error."""
        self._ended = True
        return b""

    def _event(self, kind: str, **fields: Any) -> bytes:
        raw = {**fields, "type": kind, "sequence_number": self._number}
        self._number += 1
        return frame(kind, dumps_ascii(raw))

    def _start(self, start: Start) -> bytes:
        self._id = answer_id("resp_", start.id, f"{start.model}/{start.created}")
        self._model, self._created = start.model, start.created or 0
        response = response_out(self._id, self._model, self._created, [], "in_progress")
        return self._event("response.created", response=response) + self._event(
            "response.in_progress", response=response
        )

    # Parts.

    def _part(self, part: PartStart) -> bytes:
        self._handout.begin(part)
        if part.kind == "reasoning":
            return b""
        out = b""
        if part.kind == "tool_call":
            out += self._end_message()
            call_id = fit_call_id(part.id or f"{self._id}/{self._calls}", CALL_ID)
            self._calls += 1
            out += self._sealed(self._handout.call(part, call_id))
            piece = self._piece(part, 0, call_id, [])
            item = piece.call(self._id, "in_progress")
            self._heads[part.index] = f'"output_index":{piece.at},"item_id":"{item["id"]}"'
            return out + self._event("response.output_item.added", output_index=piece.at, item=item)
        if self._message is None:
            self._message = []
            made = self._item_id("msg_", len(self._output))
            item = message_out(made, [], "in_progress")
            out += self._event("response.output_item.added", output_index=len(self._output), item=item)
            piece = self._piece(part, 0, "", self._message)
        else:
            piece = self._piece(part, len(self._message), "", self._message)
        where = self._where(piece)
        self._heads[part.index] = dumps_ascii(where)[1:-1]
        return out + self._event("response.content_part.added", **where, part=piece.content())

    def _piece(self, part: PartStart, within: int, call_id: str, item: list[Piece]) -> Piece:
        at = len(self._output) if not item else item[0].at
        piece = self._open[part.index] = Piece(part, at, within, call_id)
        if not item:
            self._output.append(item)
        item.append(piece)
        return piece

    def _where(self, piece: Piece) -> dict[str, Any]:
        made = self._item_id("msg_", piece.at)
        return {"output_index": piece.at, "item_id": made, "content_index": piece.within}

    def _item_id(self, prefix: str, at: int) -> str:
        return item_id(prefix, self._id, at)

    def _delta(self, delta: PartDelta) -> bytes:
        if delta.kind == "signature":
            self._handout.sealed(delta)
            return b""
        if delta.kind == "reasoning" and delta.index not in self._open:
            if not self._handout.shown:
                self.left.add(REASONING)
                return b""
            return self._think(delta.index) + self._delta(delta)
        piece = self._open.get(delta.index)
        if piece is None:
            return b""
        piece.text.add(delta.text)
        match delta.kind:
            case "text":
                known = [logprob_out(item) for item in delta.logprobs]
                piece.logprobs += known
                more = f',"logprobs":{dumps_ascii(known) if known else "[]"}'
                return self._more("response.output_text.delta", delta, more)
            case "refusal":
                return self._more("response.refusal.delta", delta, "")
            case "arguments":
                kind = "custom_tool_call_input" if piece.free else "function_call_arguments"
                return self._more(f"response.{kind}.delta", delta, "")
            case "reasoning":
                return self._more("response.reasoning_summary_text.delta", delta, "")
            case _:
                assert_never(delta.kind)

    def _cite(self, cited: Cited) -> bytes:
        piece = self._open.get(cited.index)
        if piece is None or piece.kind != "text":
            return b""
        said = len(piece.text.whole())
        where, before = self._where(piece), len(piece.citations)
        piece.citations += cited.citations
        kind = "response.output_text.annotation.added"
        pages = to_openai(cited.citations, said, nested=False)
        return b"".join(
            self._event(kind, **where, annotation=page, annotation_index=at) for at, page in enumerate(pages, before)
        )

    def _think(self, index: int) -> bytes:
        """Reasoning of which there is something to be read."""
        out = self._end_message()
        piece = self._piece(PartStart(index, "reasoning"), 0, "", [])
        item = piece.thought(self._id, "in_progress")
        where = {"output_index": piece.at, "item_id": item["id"], "summary_index": 0}
        self._heads[index] = dumps_ascii(where)[1:-1]
        out += self._event("response.output_item.added", output_index=piece.at, item=item)
        part = {"type": "summary_text", "text": ""}
        return out + self._event("response.reasoning_summary_part.added", **where, part=part)

    def _sealed(self, handed: Handed) -> bytes:
        """Whole items of reasoning of which there is nothing to be read."""
        out = self._end_message() if handed else b""
        for _, envelope in handed:
            piece = Piece(PartStart(-1, "reasoning"), len(self._output), 0, "")
            piece.envelope = envelope
            self._output.append([piece])
            begun = piece.thought(self._id, "in_progress")
            out += self._event("response.output_item.added", output_index=piece.at, item=begun)
            item = piece.thought(self._id, "completed")
            out += self._event("response.output_item.done", output_index=piece.at, item=item)
        return out

    def _more(self, kind: str, delta: PartDelta, more: str) -> bytes:
        # The deltas of a part share their beginning, which is most of each.
        head = self._heads[delta.index]
        said = dumps_ascii(delta.text)
        number = self._number
        self._number += 1
        data = f'{{"type":"{kind}","sequence_number":{number},{head},"delta":{said}{more}}}'
        return f"event: {kind}\ndata: {data}\n\n".encode()

    def _stop(self, index: int) -> bytes:
        piece = self._open.get(index)
        if piece is None:
            return self._sealed(self._handout.end(index))
        # Some servers of chat completions go on with a call after another has begun; what is done cannot be undone.
        if piece.kind == "tool_call" and not piece.free and not is_object_text(piece.text.whole()):
            return b""
        return self._close(index)

    def _close(self, index: int) -> bytes:
        piece = self._open.pop(index)
        del self._heads[index]
        if piece.kind == "tool_call":
            return self._call_done(piece)
        if piece.kind == "reasoning":
            return self._thought(index, piece)
        where = self._where(piece)
        content = piece.content()
        if piece.kind == "refusal":
            out = self._event("response.refusal.done", **where, refusal=content["refusal"])
        else:
            out = self._event("response.output_text.done", **where, text=content["text"], logprobs=content["logprobs"])
        out += self._event("response.content_part.done", **where, part=content)
        return out + self._sealed(self._handout.end(index))

    def _thought(self, index: int, piece: Piece) -> bytes:
        handed = self._handout.end(index, said=True)
        piece.envelope = handed[0][1] if handed else None
        item = piece.thought(self._id, "completed")
        where = {"output_index": piece.at, "item_id": item["id"], "summary_index": 0}
        part = item["summary"][0]
        out = self._event("response.reasoning_summary_text.done", **where, text=part["text"])
        out += self._event("response.reasoning_summary_part.done", **where, part=part)
        return out + self._event("response.output_item.done", output_index=piece.at, item=item)

    def _call_done(self, piece: Piece) -> bytes:
        item = piece.call(self._id, "completed")
        where = {"output_index": piece.at, "item_id": item["id"]}
        if piece.free:
            done = self._event("response.custom_tool_call_input.done", **where, input=item["input"])
        else:
            given = {"name": piece.name, "arguments": item["arguments"]}
            done = self._event("response.function_call_arguments.done", **where, **given)
        return done + self._event("response.output_item.done", output_index=piece.at, item=item)

    # Items and the end.

    def _end_message(self, status: str = "completed") -> bytes:
        if self._message is None:
            return b""
        at, item = self._message[0].at, self._whole(self._message, status)
        self._message = None
        return self._event("response.output_item.done", output_index=at, item=item)

    def _whole(self, pieces: list[Piece], status: str) -> dict[str, Any]:
        first = pieces[0]
        if first.kind == "tool_call":
            return first.call(self._id, "completed")
        if first.kind == "reasoning":
            return first.thought(self._id, "completed")
        return message_out(self._item_id("msg_", first.at), [piece.content() for piece in pieces], status)

    def _finish(self, finished: Finished) -> bytes:
        refused = any(piece.kind == "refusal" for pieces in self._output for piece in pieces)
        status = answer_status(finished.finish, refused=refused)
        said = "incomplete" if status == "incomplete" else "completed"
        out = b"".join(self._close(index) for index in list(self._open))
        out += self._end_message(said)
        self._ended = True
        output = [self._whole(pieces, said) for pieces in self._output]
        response = response_out(self._id, self._model, self._created, output, status, finished.finish, finished.usage)
        return out + self._event(f"response.{status}", response=response)
