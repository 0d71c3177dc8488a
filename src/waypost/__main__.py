"""``python -m waypost`` is ``waypost``."""

from waypost.surfaces.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
