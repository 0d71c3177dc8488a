"""Ways to reach a target."""
