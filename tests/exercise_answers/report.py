"""Answers to the exercises of the chapter `report`."""

RIGHT = {}

WRONG = {}
