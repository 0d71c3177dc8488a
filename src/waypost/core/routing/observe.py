"""What passes by on a stream: counts, the head and the tail of the bytes, and what they say at the end.

No JSON is parsed per chunk unless somebody has to know where the content begins or the dialect changes. Pure: bytes
in, bytes out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from waypost.core.codecs.citations import ENDING, LEFT_OUT
from waypost.core.codecs.framing import SseParser
from waypost.core.codecs.resealing import Change
from waypost.core.model.deltas import Cited, Delta, Finished, PartDelta, PartStart, Start, StreamError
from waypost.core.model.outcome import Failure, Usage
from waypost.core.routing.effects import Observed, Send
from waypost.core.routing.glimpse import observe_bytes, told_its_end
from waypost.core.routing.inflating import inflating
from waypost.core.routing.last_words import last_words
from waypost.core.routing.ports import Codec, Reader, Writer
from waypost.core.routing.spoken import spoken_tokens
from waypost.core.routing.tape import Tape
from waypost.core.routing.usage_strip import UsageStrip

TAIL = 65_536
HEAD = 2_048
_KEPT = 2 * TAIL
"""How much is kept before it is cut to its tail: cutting copies the tail."""


class Watch:
    """Bookkeeping of one stream. ``chunk`` takes what came and gives what the caller gets."""

    __slots__ = (
        *(
            "_before",
            "_bytes",
            "_called",
            "_change",
            "_created",
            "_head",
            "_inflate",
            "_parser",
            "_parts",
            "_passing",
            "_steps",
            "_strip",
            "_tape",
        ),
        *("committed", "failure", "finished", "reader", "seen", "writer"),
    )

    def __init__(
        self,
        *,
        reader: Reader | None,
        writer: Writer | None,
        strip_usage: bool,
        change: Change | None = None,
        encoding: str | None = None,
        started_ns: int = 0,
        called: tuple[str, str] = ("", ""),
    ) -> None:
        """``change`` changes what goes on. ``started_ns`` is when the attempt began, ``called`` an id and a model: a
        translated stream says so where the upstream does not."""
        self.reader = reader
        self.writer = writer
        self._strip = UsageStrip() if strip_usage else None
        self.committed = False
        self.finished = False
        self.failure: Failure | None = None
        self.seen = Observed()
        self._parser = SseParser() if reader is not None else None
        if self._parser is not None and reader is not None and writer is not None:
            self._steps = self._parser.feed, reader.feed, writer.feed
        self._change = change
        self._inflate = inflating(encoding)
        self._head = b""
        self._parts: list[bytes] = []
        self._bytes = 0
        self._before = 0
        self._created = started_ns // 1_000_000_000
        self._called = called
        self._passing = reader is None and writer is None and self._is_read_as_it_is

    @classmethod
    def of(cls, send: Send) -> Watch:
        """The watch over the stream that answers ``send`` from another endpoint."""
        return cls(
            reader=send.reader,
            writer=send.writer,
            strip_usage=send.strip_usage,
            change=send.change,
            started_ns=send.attempt.started_ns,
            called=send.called,
        )

    @property
    def _is_read_as_it_is(self) -> bool:
        return self._inflate is None and self._change is None

    def chunk(self, data: bytes) -> bytes:
        """One chunk of the upstream's bytes, to the bytes that go on.

        Raises:
            ValueError: only while deltas are being read: the stream is not of its dialect.
        """
        if not self._passing:
            return self._read(data)
        self._parts.append(data)
        self._bytes += len(data)
        if self._bytes > _KEPT:
            self._shorten()
        # The usage frame is the one whose list of choices is empty; hardly another has an empty list in it.
        if self._strip is None or (data.find(b"[]") < 0 and data[-2:] == b"\n\n" and not self._strip.held):
            return data
        return self._strip.feed(data, self._said_first)

    @property
    def later(self) -> Callable[[bytes], bytes]:
        """`chunk` for all chunks but the first, chosen once for a stream."""
        return self.chunk if self.writer is None else self._translated

    def _read(self, data: bytes) -> bytes:
        """As `chunk`, while somebody has to look into the bytes."""
        plain = data if self._inflate is None else self._inflate.feed(data)
        if self._change is not None:
            data = plain = self._change.feed(plain)
        if self.writer is not None:
            return self._translated(plain)
        self._parts.append(plain)
        self._bytes += len(plain)
        if self._bytes > _KEPT:
            self._shorten()
        if self.reader is not None and not self.committed:
            for _ in self._deltas(plain):
                pass
        self._passing = self._is_read_as_it_is and (self.reader is None or self.committed)
        return data if self._strip is None else self._strip.feed(data, self._said_first)

    def _translated(self, data: bytes) -> bytes:
        """What is no event of its dialect ends the stream as an error of the caller's: that it came from another
        dialect's server is not the caller's to see."""
        self._parts.append(data)
        self._bytes += len(data)
        if self._bytes > _KEPT:
            self._shorten()
        if self.failure is not None:
            return b""
        out: list[bytes] = []
        parse, read, write = self._steps
        try:
            for event, text in parse(data):
                for delta in read(event, text):
                    # Most deltas of a stream say nothing that would have to be noted.
                    if type(delta) is not PartDelta or not self.committed:
                        delta = self._note(delta)
                    out.append(write(delta))
        except ValueError:
            self.failure = Failure("malformed", committed=self.committed)
            out.append(write(StreamError("malformed", None, None)))
        return b"".join(out)

    @property
    def events(self) -> int:
        """How many frames there were. Counted when asked for, because that costs nothing per chunk."""
        return self._before + _frames(b"".join(self._parts))

    def spoken(self) -> int:
        """About how many tokens of answer have passed: its text where it can be seen, else one a frame.

        Of a long stream the tail is looked at and stands for the rest by the number of its frames. Nothing of this is
        done while the stream passes.
        """
        whole = b"".join(self._parts)
        frames = _frames(whole)
        said = spoken_tokens(whole)
        if said is None:
            return max(self._before + frames - 1, 0)
        return said * (self._before + frames) // max(frames, 1)

    def flush(self) -> bytes:
        """The upstream has ended: what is still owed to the caller."""
        rest = b"" if self._change is None else self._change.close()
        return (self.chunk(rest) if rest else b"") + self._owed()

    def _owed(self) -> bytes:
        if self.reader is not None and (self.writer is not None or not self.committed):
            deltas = [self._note(delta) for delta in (*self._unframed(self.reader), *self.reader.close())]
            if self.writer is not None:
                return b"".join(self.writer.feed(delta) for delta in deltas) + self.writer.close()
        return b"" if self._strip is None else self._strip.close()

    def _said_first(self) -> bytes:
        return self._head or b"".join(self._parts)

    def _unframed(self, reader: Reader) -> Sequence[Delta]:
        """What a body says that is no stream, where one was asked for: an error with the status of a success."""
        whole = b"".join(self._parts) if self._bytes < HEAD and self.failure is None else b""
        if not whole.lstrip().startswith(b"{"):
            return ()
        try:
            said = reader.feed(None, whole.decode(errors="replace"))
        except ValueError:
            return ()
        # Of an answer that came whole most dialects' readers find the end, and nothing of what it says.
        heard = any(isinstance(delta, PartDelta | StreamError) for delta in said)
        return said if heard else (StreamError("malformed", None, None),)

    def observed(self, codec: Codec) -> Observed:
        """What the stream said of itself, from its deltas or from its head and tail."""
        if self.writer is not None:
            usage = self.seen.usage
            left = {*self.seen.left_out, *getattr(self.writer, "left", ())}
            seen = replace(self.seen, left_out=tuple(sorted(left))) if left else self.seen
            return seen if usage is None or self.finished else self._so_far(seen, usage)
        whole = b"".join(self._parts)
        seen = observe_bytes(codec, self._head or whole[:HEAD], whole[-TAIL:])
        return seen if seen.usage is None or self.complete() else self._so_far(seen, seen.usage)

    def _so_far(self, seen: Observed, usage: Usage) -> Observed:
        """Of a stream that was cut: what its start says of its end is a placeholder, and the provider bills what it had
        produced."""
        return replace(seen, usage=replace(usage, output=max(usage.output, self.spoken()), estimated=True))

    def broken(self, codec: Codec, *, over: bool) -> Failure | None:
        """What the stream broke off with, where nobody read it; ``over``: it was read to its end."""
        if self.writer is not None:
            return None
        tail = b"".join(self._parts)[-TAIL:]
        whole = not self._head and self._bytes <= TAIL
        if over and whole and b"data:" not in tail:
            return Failure("malformed")
        return last_words(tail, codec, whole=whole, over=over)

    def unsayable(self) -> Failure | None:
        """What ended the stream, because the caller's dialect has no words for it or it is not encoded as it says."""
        undecodable = self._inflate is not None and self._inflate.broken
        return Failure("malformed", committed=True) if undecodable or getattr(self.writer, "broken", False) else None

    def complete(self) -> bool:
        """Whether the upstream had said all that it had to say."""
        if self.writer is not None or self.finished:
            return self.finished
        tail = b"".join(self._parts[-8:])[-TAIL:]
        if b"[DONE]" in tail[-512:] or b'"message_stop"' in tail[-512:]:
            return True
        return told_its_end(tail)

    def _shorten(self) -> None:
        """Keep the head and the tail of what has passed, and the number of frames before the tail."""
        whole = b"".join(self._parts)
        tail = whole[-TAIL:]
        self._head = self._head or whole[:HEAD]
        tape: Tape | None = getattr(self, "_tape", None)  # few streams are kept, and only they have one
        if tape is not None:
            tape.take(whole, len(tail))
        self._before += _frames(whole) - _frames(tail)
        self._parts, self._bytes = [tail], len(tail)

    def keep(self, limit: int) -> None:
        """Keep what has come and what will come, up to ``limit`` bytes; they are taken when the parts are shortened,
        so that a chunk costs what it cost."""
        self._tape = Tape(limit)

    def kept(self) -> Tape:
        """All that was to be kept."""
        whole = b"".join(self._parts)
        self._tape.take(whole, len(whole))
        return self._tape

    def _deltas(self, data: bytes) -> Iterator[Delta]:
        assert self.reader is not None
        assert self._parser is not None
        for event, text in self._parser.feed(data):
            for delta in self.reader.feed(event, text):
                yield self._note(delta)

    def _left_out(self, end: Finished) -> tuple[str, ...]:
        """What the reader could not say, and the reason of the end, where the caller's dialect has no word for it."""
        names = {*end.left_out, *self.seen.left_out}
        if end.finish == "other" and end.raw_finish and not getattr(self.writer, "ends", False):
            names.add(ENDING)
        return tuple(sorted(names))

    def _note(self, delta: Delta) -> Delta:
        if isinstance(delta, Start):
            self.seen = Observed(delta.usage, delta.id or self._called[0], delta.model)
            if delta.created is None or not delta.id or not delta.model:
                made, model = self._called
                created = self._created if delta.created is None else delta.created
                delta = replace(delta, id=delta.id or made, model=delta.model or model, created=created)
        elif isinstance(delta, Finished):
            self.finished = True
            usage = delta.usage or self.seen.usage
            reasons = (delta.raw_finish or delta.finish,)
            seen = self.seen
            left_out = () if self.writer is None else self._left_out(delta)
            self.seen = Observed(usage, seen.response_id, seen.response_model, reasons, left_out=left_out)
        elif isinstance(delta, Cited):
            if not getattr(self.writer, "cites", True):
                self.seen = replace(self.seen, left_out=(LEFT_OUT,))
        elif isinstance(delta, StreamError):
            self.failure = Failure("stream_error", delta.status, delta.type, committed=self.committed)
        if isinstance(delta, PartStart) and delta.kind != "tool_call":
            return delta  # that a text begins says nothing yet; what it begins with does
        if delta.commits or isinstance(delta, Finished):
            self.committed = True
        return delta


def _frames(data: bytes) -> int:
    return data.count(b"\n\n") or data.count(b"\r\n\r\n")
