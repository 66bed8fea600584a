"""Every test makes the same examples on every run: what is green here is green elsewhere."""

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")
