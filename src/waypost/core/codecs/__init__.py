"""One file a dialect: wire dict to conversation and back. Codecs know nothing of each other."""
