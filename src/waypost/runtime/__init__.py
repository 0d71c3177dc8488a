"""Binds core and adapters in one process: settings, patching, drivers, the worker."""
