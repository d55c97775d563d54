"""Answers to the exercises of the chapter `attribution`."""

RIGHT = {}

WRONG = {}
