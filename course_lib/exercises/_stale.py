"""Which function was judged, where a notebook may still hold one of before."""

import re
import sys

_DEFINED = re.compile(r"^def (\w+)", re.MULTILINE)


def stale(name, answer, caller):
    """A sentence where an earlier answer than the reader thinks may have been judged.

    A cell with a syntax error, or one whose function got another name, leaves the function of an
    earlier run in place.

    Parameters
    ----------
    name : str
        Of the function that the exercise asks for.
    answer : callable
    caller : str
        File of the code that asked, as a code object names it.
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if hasattr(ipython, "get_ipython") else None
    code = getattr(answer, "__code__", None)
    if shell is None or code is None or code.co_filename == caller:
        return ""
    if not shell.last_execution_succeeded:
        return (
            f"The cell that ran before this one failed, so {name}() of an earlier run was judged."
        )
    cells = shell.history_manager.input_hist_raw
    defined = _DEFINED.findall(cells[-2]) if len(cells) > 1 else []
    if defined and name not in defined:
        return (
            f"The cell that ran before this one defines {defined[-1]}(), so {name}() of an earlier "
            "run was judged."
        )
    return ""
