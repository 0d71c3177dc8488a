"""The mutable world as decisions read it."""
