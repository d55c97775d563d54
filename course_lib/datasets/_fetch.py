"""Fetch the files of a data set once, check them, and keep them."""

import contextlib
import logging
import os
from pathlib import Path

import pooch

# Seconds to wait for a connection, and for the next bytes.
_TIMEOUT = (10, 60)


class DataUnavailable(OSError):
    """A data set is neither on this computer nor to be had; the message says what to do."""


def fetch(dataset, file, url, known_hash):
    """Path of a file of a data set: from the cache, or downloaded into it.

    The cache is the folder that the environment variable ``COURSE_DATA`` names, and otherwise the
    one that the operating system has for such things. Each data set has a folder in it. A file is
    used only if its checksum is right, whether it was there or has just arrived.

    Parameters
    ----------
    dataset : str
        Name of the loader, which is the name of its folder.
    file : str
        Name of the file in that folder.
    url : str
    known_hash : str
        ``"sha256:…"`` or ``"md5:…"``.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    DataUnavailable
        If the file is not there and cannot be downloaded, or what arrives has the wrong checksum.
    """
    folder = Path(os.environ.get("COURSE_DATA") or pooch.os_cache("course-lib")) / dataset
    downloader = pooch.HTTPDownloader(timeout=_TIMEOUT)
    try:
        with _quiet():
            path = pooch.retrieve(url, known_hash, file, folder, downloader=downloader)
    except (OSError, ValueError) as error:
        raise DataUnavailable(
            f"{dataset}() needs {file}, which is not in {_short(folder)} and could not be "
            f"downloaded: {_reason(error)}. Run it again with a connection to the internet, or "
            f"put the file from {url} into that folder (COURSE_DATA names another place)."
        ) from error
    return Path(path)


@contextlib.contextmanager
def _quiet():
    """Keep pooch from announcing a download on stderr, where notebooks show it in red."""
    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def _reason(error):
    # requests is imported late because nothing but a failed download needs it.
    from requests import exceptions

    if isinstance(error, exceptions.HTTPError):
        return f"the server answered {error.response.status_code}"
    if isinstance(error, exceptions.ChunkedEncodingError):
        return "the connection broke off"
    if isinstance(error, exceptions.RequestException):
        return "there is no connection to the server"
    if isinstance(error, ValueError):
        return "what arrived has the wrong checksum"
    return f"the folder cannot be used ({error.strerror})"


def _short(folder):
    """The folder as a person writes it, with ~ for home."""
    with contextlib.suppress(ValueError):
        return f"~/{folder.relative_to(Path.home()).as_posix()}"
    return str(folder)
