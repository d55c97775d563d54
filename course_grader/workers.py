"""Grade many submissions at once: on the cores of this machine, or on a Dask cluster.

A worker never runs a student's code: it has a room of its own for that.
"""

import concurrent.futures
import multiprocessing
import os
import signal
import threading
from collections import deque
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from course_lib.exercises import find

from . import grading
from .notebook import Found
from .room import wire
from .room.launcher import NeedsModules, Room

_TRIES, _MAX_ROOMS = 3, 4
_rooms = threading.local()


@dataclass(frozen=True)
class Task:
    """What is to be graded of one student.

    Attributes
    ----------
    student : str
    answers : tuple of tuple
        Pairs of exercise id and `notebook.Found`.
    secret : bytes
    level : str
    library : bool
        Whether answers may import `course_lib`.
    """

    student: str
    answers: tuple[tuple[str, Found], ...]
    secret: bytes
    level: str
    library: bool = True

    def given_up(self, reason):
        """Results that leave all of it to a person."""
        return [grading.infrastructure(find(exercise), reason) for exercise, _ in self.answers]


def grade_task(task):
    """Grade one student's answers.

    Parameters
    ----------
    task : Task

    Returns
    -------
    list of Result
    """
    answers = [(find(name), found) for name, found in task.answers]
    results = _right_together(answers, task)
    return [
        results.get(exercise.id) or _grade(exercise, found, task) for exercise, found in answers
    ]


def _right_together(answers, task):
    """The right answers by exercise, those that need the same modules found in one fork."""
    groups, results = {}, {}
    for exercise, found in answers:
        if found.places:
            groups.setdefault(tuple(exercise.uses), []).append((exercise, found))
    for uses, group in groups.items():
        if len(group) == 1:
            continue
        exercises, founds = zip(*group, strict=True)
        kind = _kind(task.level, task.library, {wire.MODULES[name] for name in uses})
        try:
            right = grading.grade_together(
                exercises, founds, task.secret, task.student, _room(*kind)
            )
        except Exception:
            # Each alone then says what is wrong.
            _close_room(kind)
            continue
        results |= {
            exercise.id: result
            for exercise, result in zip(exercises, right, strict=True)
            if result is not None
        }
    return results


def _grade(exercise, found, task):
    modules = {wire.MODULES[name] for name in exercise.uses}
    tries = _TRIES
    while tries:
        kind = _kind(task.level, task.library, modules)
        try:
            return grading.grade(exercise, found, task.secret, task.student, _room(*kind))
        except NeedsModules as needed:
            # At most once for each module, because a room that has it does not ask for it.
            modules |= set(needed.args[0])
        except Exception as error:
            # Whatever failed here is the grader's: a fresh room, and in the end a person.
            _close_room(kind)
            tries -= 1
            reason = f"the grader failed: {type(error).__name__}: {error}"
    return grading.infrastructure(exercise, reason)


def _kind(level, library, modules):
    """The kind of room to ask: the smallest that has the modules, or a new one.

    A new one also has what earlier ones have, so that a class of many imports needs few rooms. Only
    torch is not carried along, and not offered where it was not asked for: a fork with it takes
    three times as long.
    """
    known = [
        kind
        for kind in _rooms.__dict__
        if kind[:2] == (level, library) and ("torch" in kind[2]) == ("torch" in modules)
    ]
    fitting = [kind for kind in known if kind[2] >= modules]
    return min(fitting, key=lambda kind: len(kind[2]), default=None) or (
        level,
        library,
        frozenset(modules).union(*(kind[2] for kind in known)),
    )


def _room(*kind):
    """This thread's room of that level, with or without the library, with these modules."""
    rooms = _rooms.__dict__
    if kind in rooms:
        # The one that was asked last stands last.
        rooms[kind] = rooms.pop(kind)
    else:
        while len(rooms) >= _MAX_ROOMS:
            _close_room(next(iter(rooms)))
        level, library, modules = kind
        rooms[kind] = Room(level, sorted(modules), library=library)
    return rooms[kind]


def _close_room(kind):
    room = _rooms.__dict__.pop(kind, None)
    if room:
        room.close()


def on_this_machine(tasks, count=None):
    """Grade on `count` processes, by default one a core.

    Yields
    ------
    task : Task
    results : list of Result
    """
    waiting, count = deque(tasks), count or os.cpu_count()
    while waiting:
        suspects = yield from _pool(waiting, count)
        # A process died. Which of the tasks in work it was shows when each is run alone.
        for task in suspects:
            if (yield from _pool(deque([task]), 1)):
                yield task, task.given_up("the grading process died with this submission")


def _pool(waiting, count):
    """Work on the waiting tasks; return those in work when a process died, otherwise nothing."""
    context = multiprocessing.get_context("spawn")
    running = {}
    with concurrent.futures.ProcessPoolExecutor(count, context, _start_worker) as pool:
        try:
            while waiting or running:
                while waiting and len(running) < 2 * count:
                    running[pool.submit(grade_task, waiting[0])] = waiting[0]
                    waiting.popleft()
                done, _ = concurrent.futures.wait(running, return_when="FIRST_COMPLETED")
                for future in done:
                    results = future.result()
                    yield running.pop(future), results
        except BrokenProcessPool:
            return list(running.values())
    return []


def _start_worker():
    """Leave Ctrl-C to the parent, and end when it ends, however that comes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()


def on_cluster(tasks, address, batch=25):
    """Grade on a Dask cluster; yields as `on_this_machine` does.

    Parameters
    ----------
    tasks : iterable of Task
    address : str
        Of the scheduler, for example ``"tcp://127.0.0.1:8786"``.
    batch : int
        Tasks that travel together.

    Raises
    ------
    ValueError
        If `distributed` is not installed or the scheduler does not answer.
    """
    try:
        from dask.distributed import Client, as_completed
    except ImportError as error:
        raise ValueError("--scheduler needs the extra [cluster]: dask[distributed].") from error
    try:
        client = Client(address, timeout=10)
    except (OSError, ValueError) as error:
        raise ValueError(f"No Dask scheduler answers at {address}.") from error
    tasks = list(tasks)
    parts = [tasks[i : i + batch] for i in range(0, len(tasks), batch)]
    with client:
        # Impure: what Dask remembers of an earlier run is not asked for.
        sent = {client.submit(_grade_batch, part, pure=False): part for part in parts}
        suspects = []
        for future in as_completed(list(sent)):
            part = sent.pop(future)
            try:
                yield from zip(part, future.result(), strict=True)
            except Exception:
                suspects += part
        # A worker died of one of them, more than once. Which one shows when each is run alone.
        for task in suspects:
            try:
                yield task, client.submit(_grade_batch, [task], pure=False).result()[0]
            except Exception as error:
                yield task, task.given_up(f"the cluster failed: {type(error).__name__}")


def _grade_batch(tasks):
    return [grade_task(task) for task in tasks]
