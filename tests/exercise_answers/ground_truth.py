"""Answers to the exercises of the chapter `ground_truth`."""

RIGHT = {}

WRONG = {}
