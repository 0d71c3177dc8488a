"""The wait that Google asks for stands in the body of an error, and in a header as others have it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from google.genai import errors

from waypost.adapters.sdks.google_bound import classify
from waypost.core.model.outcome import Failure

BODY: dict[str, Any] = {
    "error": {
        "code": 429,
        "status": "RESOURCE_EXHAUSTED",
        "message": "M",
        "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}],
    }
}


@pytest.mark.parametrize(("headers", "wait"), [({}, 7_000_000_000), ({"retry-after": "3"}, 3_000_000_000)])
def test_the_wait_of_a_failure_at_home(headers: dict[str, str], wait: int) -> None:
    """A 429 of the SDK is classified with the wait that came with it; a header comes first."""
    error = errors.ClientError(429, BODY, SimpleNamespace(headers=headers))
    assert classify(error) == Failure("rate_limited", 429, "RESOURCE_EXHAUSTED", wait)
