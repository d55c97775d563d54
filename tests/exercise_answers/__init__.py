"""Right and wrong answers to the exercises, written by hand: one module a chapter.

Each module has two dictionaries by function name. ``RIGHT`` holds the names and functions of right
answers that are written differently: a loop, another algebraic form, torch. ``WRONG`` holds wrong
ones beyond the exercise's own misconceptions, each with the name of the misconception whose hint it
must hear, or None where nothing may be said. ``tests/test_exercise_answers.py`` derives many more.
"""
