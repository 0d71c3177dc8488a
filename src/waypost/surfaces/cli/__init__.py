"""The `waypost` command, one file a subcommand."""
