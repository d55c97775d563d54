"""Property tests draw the same examples in every run, and none fails for being slow."""

from hypothesis import settings

settings.register_profile("book", derandomize=True, deadline=None)
settings.load_profile("book")
