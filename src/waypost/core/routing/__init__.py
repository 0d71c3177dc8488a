"""A whole call as a generator of effects. It sequences; it performs nothing."""
