"""Grading on a real Dask cluster of processes, some of which are killed."""

import os
import signal
import warnings

import pytest

from course_grader import workers
from course_grader.__main__ import main
from course_grader.notebook import Found

from . import grader_poison
from .grader_class import answers, hand_in, level_or_skip

distributed = pytest.importorskip("distributed", reason="the extra [cluster] is not installed")


@pytest.fixture(scope="module")
def cluster():
    """Two workers on the loopback interface, restarted when they die."""
    settings = {
        "distributed.scheduler.allowed-failures": 1,
        "distributed.nanny.environ": {"OMP_NUM_THREADS": "1"},
        "distributed.admin.log-format": "%(message)s",
    }
    import dask

    with warnings.catch_warnings(), dask.config.set(settings):
        # Restarted workers and their ports are Dask's to tidy up.
        warnings.simplefilter("ignore")
        with distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            silence_logs="CRITICAL",
        ) as cluster:
            yield cluster


pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.xdist_group("cluster"),
]


def test_a_killed_worker_loses_nothing(cluster, tmp_path):
    level_or_skip()
    students = [f"s{i:02}" for i in range(30)]
    cells = tuple(
        (exercise, Found.alone(source)) for exercise, source in answers("solution").items()
    )
    tasks = [workers.Task(student, cells, b"x" * 32, "sealed") for student in students]
    done, killed = {}, []
    for task, results in workers.on_cluster(tasks, cluster.scheduler_address, batch=5):
        done[task.student] = results
        if not killed:
            killed.append(next(iter(cluster.workers.values())).pid)
            os.kill(killed[0], signal.SIGKILL)
    assert killed
    assert sorted(done) == students
    assert {result.outcome for results in done.values() for result in results} == {"correct"}


def test_a_poisoned_task_is_left_to_a_person_and_costs_no_other(cluster, monkeypatch):
    monkeypatch.setattr(workers, "_grade_batch", grader_poison.die_on_poison_in_batch)
    cells = (("metrics.ppv", Found.alone("")),)
    tasks = [workers.Task(s, cells, b"", "open") for s in ("a", "poison", "b", "c")]
    graded = workers.on_cluster(tasks, cluster.scheduler_address, batch=2)
    done = {task.student: results for task, results in graded}
    (result,) = done.pop("poison")
    assert (result.points, result.outcome) == (None, "infrastructure")
    assert "KilledWorker" in result.message
    assert done == {"a": [], "b": [], "c": []}


def test_the_command_line_hands_over_to_the_scheduler(cluster, tmp_path):
    level_or_skip()
    folder = hand_in(tmp_path / "class", ann=answers("solution"), bob=answers("stub"))
    arguments = ["run", str(folder), "--scheduler", cluster.scheduler_address, "--out"]
    assert main([*arguments, str(tmp_path / "out")]) == 0
    text = (tmp_path / "out" / "grades.csv").read_text()
    assert text.count(",correct,") == text.count(",missing,") == len(answers("stub"))


def test_a_scheduler_that_does_not_answer_is_one_sentence(tmp_path, capsys, monkeypatch):
    level_or_skip()
    folder = hand_in(tmp_path / "class", ann=answers("stub"))
    arguments = ["run", str(folder), "--out", str(tmp_path / "out")]
    assert main([*arguments, "--scheduler", "nonsense://"]) == 2
    assert capsys.readouterr().err == "course-grade: No Dask scheduler answers at nonsense://.\n"
