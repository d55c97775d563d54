"""Whose studies an answer judges, where an exercise asks for one's own: a note to a person."""

from course_lib.exercises import find

from .roster import plain


def notes(submission, results):
    """Sentences on numbers that are not the student's, as far as that is known.

    Parameters
    ----------
    submission : submissions.Submission
    results : sequence of grading.Result

    Returns
    -------
    list of str
    """
    person = submission.person
    theirs = (person.id, person.login, person.email.partition("@")[0]) if person else ()
    known = {plain(number) for number in theirs} - {""}
    said = []
    for result in results:
        judges = f"{result.exercise} judges the studies of number {result.own}"
        if result.own and result.own == find(result.exercise).book_number:
            said.append(f"{judges}, which the book judges in its solution")
        elif result.own and known and result.own not in known:
            said.append(f"{judges}; the roster has another number")
    return said


def pairs(numbers):
    """Students who judged the same studies.

    Parameters
    ----------
    numbers : sequence of tuple
        Student, exercise and number; without a number the student judged nothing.

    Returns
    -------
    list of tuple
        The first student of each number, another one, and where.
    """
    first, found = {}, []
    for student, exercise, number in numbers:
        if number and number != find(exercise).book_number:
            earlier = first.setdefault((exercise, number), student)
            if earlier != student:
                found.append((earlier, student, f"{exercise}, number {number}"))
    return found
