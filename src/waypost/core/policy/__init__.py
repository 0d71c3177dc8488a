"""The policy language, its compilation, the decision and the proof."""
