"""A look at Waypost without keys: ordinary SDK calls against an emulator of the providers on this machine."""
