"""Zip files that are the same for the same content."""

import zipfile


def add(archive, name, content, how=zipfile.ZIP_DEFLATED):
    """Write an entry without a date, readable for everybody."""
    entry = zipfile.ZipInfo(name)
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content, how)
