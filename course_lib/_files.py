"""Writing files so that nobody meets half of one."""

import contextlib
import os
from pathlib import Path


@contextlib.contextmanager
def written_whole(path):
    """Give a path beside `path` to write to; afterwards it takes the name `path`.

    If the block fails, `path` is as it was and the half that was written is removed.
    """
    path = Path(path)
    # Two processes that write the same file at once must not take each other's half.
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
