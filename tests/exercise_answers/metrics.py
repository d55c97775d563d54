"""Answers to the exercises of the chapter `metrics`."""

RIGHT = {}

WRONG = {}
