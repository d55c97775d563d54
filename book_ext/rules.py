"""What a chapter keeps to; CONTRIBUTING.md says these numbers and tests hold chapters to them."""

#: A code cell that readers see unfolded.
LINES, COLUMNS = 20, 79
EXERCISES, QUESTIONS, MISCONCEPTIONS, CASES = 3, 4, 2, 3
#: Written answers to an exercise, in ``tests/exercise_answers``.
RIGHT, WRONG = 2, 3
