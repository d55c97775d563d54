"""Grade a class of notebooks: the answer never enters the room where a student's code runs.

The trusted side (this package) draws inputs from a secret seed, compares what comes back with the
reference, and writes grades. The untrusted side (`course_grader.room`) runs a student's cell in a
locked process that is given inputs only.
"""
