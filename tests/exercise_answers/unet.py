"""Answers to the exercises of the chapter `unet`."""

RIGHT = {}

WRONG = {}
