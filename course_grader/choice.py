"""Which exercises are graded: those named, or those that the class handed in."""

import math

from course_lib.exercises import catalog

# A chapter counts if at least so large a share of the class handed it in.
_QUORUM = 0.1


def named(wanted):
    """Ids of the exercises that are named, in the order of the catalog.

    Parameters
    ----------
    wanted : sequence of str
        Chapters and exercise ids; empty for all.

    Raises
    ------
    ValueError
        If a name is neither a chapter nor an exercise.
    """
    known = list(catalog())
    chapters = {_chapter(exercise) for exercise in known}
    unknown = [name for name in wanted if name not in chapters and name not in known]
    if unknown:
        raise ValueError(
            f"There is no chapter or exercise {unknown[0]!r}; the chapters are "
            f"{', '.join(sorted(chapters))}."
        )
    return [e for e in known if not wanted or e in wanted or _chapter(e) in wanted]


def handed_in(submissions, ids):
    """The exercises of the chapters that the class handed in.

    A chapter counts if its folder is named after it, or if at least two students and a tenth of the
    class handed it in: a cell that still has a mark of it, or half of its functions. So nobody adds
    a chapter for everybody by a variable that happens to have an exercise's name.

    Parameters
    ----------
    submissions : sequence of submissions.Submission
    ids : sequence of str

    Returns
    -------
    ids : list of str
    said : list of str
        Which chapters were chosen and why, and which were not, one sentence each.

    Raises
    ------
    ValueError
        If there is no exercise in anything handed in.
    """
    students = [submission for submission in submissions if submission.notebooks]
    chapters = dict.fromkeys(map(_chapter, ids))
    who = {c: [s.student for s in students if _handed_in(s, c, ids)] for c in chapters}
    folders = {chapter for submission in students for chapter in submission.chapters}
    quorum = max(min(2, len(students)), math.ceil(_QUORUM * len(students)))
    chosen = [c for c in chapters if len(who[c]) >= quorum or c in folders]
    if not chosen:
        # No chapter has a quorum in a class of strays: the most frequent one is what was asked.
        most = max(map(len, who.values()), default=0)
        chosen = [c for c in chapters if len(who[c]) == most > 0]
    if not chosen:
        raise ValueError(
            "No submission contains an exercise; name the chapters with --exercises to grade "
            "all of them as missing."
        )
    said = [_why(c, who[c], submissions, c in folders) for c in chosen]
    for chapter in chapters:
        some = [s.student for s in students if any(_chapter(e) == chapter for e in s.found)]
        if some and chapter not in chosen:
            names = ", ".join(some[:3]) + (" and others" if len(some) > 3 else "")
            said.append(
                f"Not grading {chapter}: {_handed_in_by(who[chapter], submissions)}, fewer than "
                f"{quorum}. Something that is named after one of its exercises was handed in by "
                f"{names}; --exercises {','.join([*chosen, chapter])} grades it for everybody."
            )
    return [exercise for exercise in ids if _chapter(exercise) in chosen], said


def _why(chapter, who, students, by_folder):
    if by_folder:
        return f"Grading {chapter}: a folder is named after it."
    return f"Grading {chapter}: {_handed_in_by(who, students)}."


def _handed_in_by(who, students):
    return (
        f"handed in by {len(who)} of {len(students)} students (marks of its cells, or half of its "
        "functions)"
    )


def _handed_in(submission, chapter, ids):
    own = [exercise for exercise in ids if _chapter(exercise) == chapter]
    if any(exercise in submission.marked for exercise in own):
        return True
    named = sum(exercise in submission.named for exercise in own)
    # One function of a common name is no chapter.
    return named >= max(2, len(own) / 2)


def _chapter(exercise):
    return exercise.partition(".")[0]
