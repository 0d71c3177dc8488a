"""What a request needs, with no text in it."""
