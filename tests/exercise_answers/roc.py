"""Answers to the exercises of the chapter `roc`."""

RIGHT = {}

WRONG = {}
