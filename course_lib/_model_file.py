"""Reading a model file that a stranger sent: data or nothing, and never code.

A file that `torch.save` wrote is a zip archive of raw numbers and one pickle that says how they
belong together. A pickle is a program: it may call any function of any installed module. So the
program is read here like a text, instruction by instruction, before anybody runs it, and only what
tensors and plain values need is let through. ``weights_only=True``, which comes second, forbids the
same; but some versions of torch before 2.10 could be tricked.
"""

import hashlib
import io
import pickletools
import warnings
import zipfile

import torch

MOST_BYTES = 100_000_000

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
        with open(path, "rb") as file:
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
    try:
        for instruction, argument, _ in pickletools.genops(program):
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
    except ModelFileError:
        raise
    except Exception as error:
        # pickletools raises whatever a cut or garbled instruction leads to.
        raise ModelFileError("the file is damaged: its list of contents is garbled.") from error
