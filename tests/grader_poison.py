"""A submission that kills whoever works on it; imported by workers, so it imports little."""

import os
import signal


def die_on_poison(task):
    """Stands in for `course_grader.workers.grade_task`."""
    if task.student == "poison":
        os.kill(os.getpid(), signal.SIGKILL)
    return []


def die_on_poison_in_batch(tasks):
    """Stands in for `course_grader.workers._grade_batch`."""
    return [die_on_poison(task) for task in tasks]
