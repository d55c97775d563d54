"""The sentences of the chapters in small letters, which L6 reads: ``python -m book_ext prose``."""

import hashlib
import re

from . import editions

DATA = editions.ROOT / "course_lib" / "data"
PLACE = "./book/prose.txt"
_FEWEST_WORDS = 5
# Code, formulas, remarks, outline boxes, headings, tables.
_NOT_PROSE = re.compile(
    r"```.*?```|\$\$.*?\$\$|\$[^$]+\$|<!--.*?-->|^(?:>|#|\|).*?$", re.DOTALL | re.MULTILINE
)
_READING = re.compile(r"^\*\*To read on\.\*\*.*\Z", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\{\w+\}`[^`]*`|!?\[([^\]]*)\]\([^)]*\)")
_CHINESE = re.compile(r"\([^()]*[\u4e00-\u9fff][^()]*\)")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_END = re.compile(r"(?<=[.?!:;])\s+")
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")


def sentences(text):
    """Sentences of a chapter's source that have five or more words.

    Numbers, formulas, code, headings, tables and references are left out. A full stop or question
    mark at the end of a sentence is a word of its own; a colon or semicolon ends it without one.
    """
    prose = _NOT_PROSE.sub("", _READING.sub("", editions.body(text)))
    prose = _CHINESE.sub("", _LINK.sub(r"\1", prose))
    for paragraph in re.split(r"\n\s*\n|\n(?=[-*] |\d+\. )", prose):
        plain = _NUMBER.sub("", re.sub(r"`[^`]*`", "", paragraph))
        for sentence in _END.split(plain.strip()):
            words = _WORD.findall(sentence.lower().replace("’", "'"))
            if len(words) >= _FEWEST_WORDS:
                mark = re.search(r"[.?!]\W*\Z", sentence)
                stop = [] if mark is None else ["?" if mark[0][0] == "?" else "."]
                yield " ".join(words + stop)


def write():
    """Write the sentences of all chapters but the labs, in the book's order, and their digest."""
    lines = [
        sentence
        for name, text in editions.in_order()
        if not name.startswith("dli/")
        for sentence in sentences(text)
    ]
    text = "\n".join(lines) + "\n"
    editions.replace_file(DATA / PLACE, text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    sums = (DATA / "SHA256SUMS").read_text(encoding="utf-8")
    known = re.compile(rf"^\w+(?=  {re.escape(PLACE)}$)", re.MULTILINE)
    editions.replace_file(DATA / "SHA256SUMS", known.sub(digest, sums))
    return len(lines), sum(len(line.split()) for line in lines)
