"""One file is one outside thing. Adapters do not know each other; the runtime binds them."""
