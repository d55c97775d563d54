"""Answers to the exercises of the chapter `brain`."""

RIGHT = {}

WRONG = {}
