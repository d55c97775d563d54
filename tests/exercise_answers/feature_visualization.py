"""Answers to the exercises of the chapter `feature_visualization`."""

RIGHT = {}

WRONG = {}
