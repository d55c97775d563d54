"""Intervals where cases come in groups; see `course_lib.intervals`."""

from .intervals import grouped_interval

__all__ = ["grouped_interval"]
