"""The command line: one module per verb, each with a ``command``; nothing heavy at import."""
