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
    temporary = path.with_name(f"{path.name}.part")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
