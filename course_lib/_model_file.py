"""Reading a model file that a stranger sent: data or nothing, and never code.

A file that `torch.save` wrote is a zip archive of raw numbers and one pickle that says how they
belong together. A pickle is a program: it may call any function of any installed module. So the
program is read here like a text, instruction by instruction, before anybody runs it, and only what
tensors and plain values need is let through. ``weights_only=True``, which comes second, forbids the
same; but some versions of torch before 2.10 could be tricked.

A short program may also describe a value without end: a list that holds another twice, which
holds another twice, and so on. Whoever compares, hashes or prints it never returns. So what is let
through is a tree: no list, tuple or dictionary in two places, none deeper or larger than a model's.
"""

import hashlib
import io
import os
import pickletools
import stat
import warnings
import zipfile

import torch

MOST_BYTES = 100_000_000
# EfficientNetLite0 takes 9,000 instructions, and a tensor in a dictionary in one lies three deep.
_MOST_INSTRUCTIONS = 50_000
_DEEPEST = 8

_INSTRUCTIONS = {
    *(
        "PROTO",
        "STOP",
        "MARK",
        "FRAME",
        "MEMOIZE",
        "BINPUT",
        "LONG_BINPUT",
        "BINGET",
        "LONG_BINGET",
    ),
    *("NONE", "NEWTRUE", "NEWFALSE", "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"),
    *("BINUNICODE", "SHORT_BINUNICODE", "EMPTY_LIST", "APPEND", "APPENDS", "EMPTY_DICT"),
    *("SETITEM", "SETITEMS", "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"),
    *("GLOBAL", "BINPERSID", "REDUCE", "BUILD"),
}
_CALLABLE = {
    "collections OrderedDict",
    "torch._utils _rebuild_tensor_v2",
    *(
        f"torch {kind}Storage"
        for kind in ("Float", "Double", "Half", "Long", "Int", "Bool", "Byte")
    ),
}


# How many values on the stack an instruction takes together.
_TOGETHER = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3, "APPEND": 1, "SETITEM": 2, "BUILD": 1}
# What makes a value that may stand in two places: no other value hangs on it.
_SHAREABLE = {"BINUNICODE", "SHORT_BINUNICODE", "GLOBAL", "BINPERSID"}


class ModelFileError(ValueError):
    """A file is no model that can be used; the message says why in one sentence."""


def read(path):
    """What `torch.save` put into a file, and the file's fingerprint.

    Returns
    -------
    content : object
        Tensors, numbers, texts, None, and lists, tuples and dictionaries of those.
    fingerprint : str
        SHA-256 of the bytes that were read.

    Raises
    ------
    ModelFileError
        If there is no such file, if it is too large, damaged, no archive of torch's, or if its
        pickle asks for anything but tensors and plain values. Nothing in it is executed then.
    """
    data = _bytes(path)
    _inspect(_program(data))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            content = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:
        # A damaged archive fails in torch's C++ code, in unpickling or in rebuilding a tensor.
        raise ModelFileError(
            f"the file is damaged: torch cannot read it ({type(error).__name__})."
        ) from error
    return content, hashlib.sha256(data).hexdigest()


def _bytes(path):
    try:
        # Without waiting: whoever opens a pipe waits for somebody to write into it.
        handle = os.open(
            path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        )
        with open(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise ModelFileError("the file cannot be opened: it is no regular file.")
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ModelFileError(f"the file cannot be opened: {error.strerror}.") from error
    if len(data) > MOST_BYTES:
        raise ModelFileError(f"the file is larger than {MOST_BYTES // 10**6} MB.")
    if not data:
        raise ModelFileError("the file is empty.")
    return data


def _program(data):
    """The pickle inside of the archive, as bytes."""
    if not data.startswith(b"PK\x03\x04"):
        # torch would go by the first bytes too, and read an older format with other rules.
        raise ModelFileError("the file is damaged or was not written by torch.save.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            names = [entry.filename for entry in entries]
            programs = [name for name in names if name.endswith(".pkl")]
            # torch does not compress, and what is compressed may unfold without end.
            plain = all(entry.compress_type == zipfile.ZIP_STORED for entry in entries)
            if len(programs) == 1 and len(set(names)) == len(names) and plain:
                return archive.read(programs[0])
    except Exception as error:
        # zipfile raises whatever a garbled name, size or method leads to.
        raise ModelFileError("the file is damaged: its archive cannot be read.") from error
    raise ModelFileError("the file is a zip archive, but not one of those that torch.save writes.")


def _inspect(program):
    """Read the pickle as a list of instructions, without following any."""
    shape = _Shape()
    try:
        for number, (instruction, argument, _) in enumerate(pickletools.genops(program)):
            if instruction.name == "GLOBAL" and argument not in _CALLABLE:
                called = str(argument).replace(" ", ".")[:80]
                raise ModelFileError(
                    f"the file would call {called}, which a model does not need; nothing was run."
                )
            if instruction.name not in _INSTRUCTIONS:
                raise ModelFileError(
                    f"the file holds an object that is neither a tensor nor plain data "
                    f"(instruction {instruction.name}); nothing was run."
                )
            if number == _MOST_INSTRUCTIONS:
                raise ModelFileError("the file lists more values than any model needs.")
            shape.follow(instruction.name, argument)
    except ModelFileError:
        raise
    except Exception as error:
        # pickletools raises whatever a cut or garbled instruction leads to.
        raise ModelFileError("the file is damaged: its list of contents is garbled.") from error


class _Shape:
    """How deep each value on the pickle's stack would be, without making any of them."""

    def __init__(self):
        self.depths, self.marks = [], []
        self.before, self.remembered, self.shareable = "", 0, set()

    def follow(self, name, argument):
        """Take one instruction into account."""
        if name in ("BINPUT", "LONG_BINPUT", "MEMOIZE"):
            # MEMOIZE counts its places itself.
            place = self.remembered if name == "MEMOIZE" else argument
            self.remembered += 1
            if self.before in _SHAREABLE:
                self.shareable.add(place)
            else:
                self.shareable.discard(place)
        elif name in ("BINGET", "LONG_BINGET"):
            if argument not in self.shareable:
                raise ModelFileError("the file holds one value in two places; nothing was run.")
            self.depths.append(0)
        elif name == "MARK":
            self.marks.append(len(self.depths))
        elif name in ("TUPLE", "APPENDS", "SETITEMS"):
            self._put(name, self._take(len(self.depths) - self.marks.pop()))
        elif name in _TOGETHER:
            self._put(name, self._take(_TOGETHER[name]))
        elif name == "REDUCE":
            # What is called is a tensor's maker, or a dictionary that holds its arguments.
            self.depths.append(self._take(2))
        elif name == "BINPERSID":
            self._take(1)
            self.depths.append(0)
        elif name not in ("PROTO", "FRAME", "STOP"):
            self.depths.append(0)
        self.before = name

    def _take(self, number):
        taken = self.depths[len(self.depths) - number :]
        if len(taken) != number:
            raise IndexError("the stack is too short")
        del self.depths[len(self.depths) - number :]
        return max(taken, default=0)

    def _put(self, name, depth):
        """A new tuple of what was taken, or more in what lies on top of the stack."""
        deeper = depth + 1
        if deeper > _DEEPEST:
            raise ModelFileError("the file holds values nested deeper than a model's.")
        if name.startswith("TUPLE"):
            self.depths.append(deeper)
        else:
            self.depths[-1] = max(self.depths[-1], deeper)
