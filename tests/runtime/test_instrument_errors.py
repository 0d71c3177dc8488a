"""What a user sees of a file that cannot be used: the message, and their own line."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

import waypost
from waypost.errors import ConfigError
from waypost.runtime import instrument


@pytest.mark.parametrize("setting", ["policy", "catalog", "mode"])
def test_the_last_frame_is_auto_instrument(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str) -> None:
    """No frame of ours below it, no cause and no context: the message is the last thing that is read."""
    monkeypatch.setenv("WAYPOST_HOME", str(tmp_path / "home"))
    bad = tmp_path / "bad.yaml"
    bad.write_text("waypost: policy/v1\nname: bad\nmode: rute\n")
    before = instrument.engine()
    with pytest.raises(ConfigError) as caught:
        waypost.auto_instrument(**{setting: "rute" if setting == "mode" else str(bad)})  # type: ignore[arg-type]
    frames = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert frames == ["test_the_last_frame_is_auto_instrument", "auto_instrument"]
    assert caught.value.__suppress_context__
    assert caught.value.__cause__ is None
    text = "".join(traceback.format_exception(caught.value))
    assert text.count("Traceback") == 1
    assert text.endswith(f"waypost.errors.{type(caught.value).__name__}: {caught.value}\n")
    assert instrument.engine() is before
