"""All targets with their facts, and what a usage costs at one of them."""
