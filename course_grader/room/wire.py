"""Frames between grader and room: plain data, bounded, never pickled.

A frame is ``magic, header length, body length, header, body``. The header is JSON; a value in it is
a tree of tagged nodes such as ``["f", "0x1.8p+1"]``, and an array is ``["a", dtype, shape]`` with
its bytes in the body. The same module serves both ends, so it imports nothing from the package.
"""

import json
import select
import socket
import struct
import time

import numpy as np

MAX_HEADER = 1 << 20
MAX_BODY = 32 << 20
# Of an answer to one case
MAX_REPLY = 4 << 20
MAX_NODES = 20_000
MAX_DEPTH = 8
MAX_TEXT = 10_000
# Names that an exercise gives to a student's function
MODULES = {"np": "numpy", "torch": "torch"}
# Packages that take long to import: rooms that have some of them ready are kept.
HEAVY = ("matplotlib", "pandas", "scipy", "skimage", "sklearn", "torch")
# A fork is wanted, and its processor seconds
FORK = struct.Struct("<cI")
# How a fork ended: exit status, whether by itself, processor seconds
ENDED = struct.Struct("<i?d")
_MAGIC = b"room"
_PREFIX = struct.Struct("<4sII")
_DTYPES = {
    name: np.dtype(name).newbyteorder("<")
    for name in (
        *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
        *("float16", "float32", "float64", "complex64", "complex128"),
    )
}

# A type's own name is slow to ask for.
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}


class ProtocolError(Exception):
    """The other end sent something that is no valid frame, or not the one that was due."""


class NotPlainError(TypeError):
    """The value cannot travel: it is not made of numbers, arrays, texts and containers of them."""


class Differentiable(np.ndarray):
    """The values of a tensor that carried a gradient, as `compare` asks for where that counts."""

    requires_grad = True


class Channel:
    """One end of a connected socket that speaks in frames.

    Parameters
    ----------
    connection : socket.socket
    deadline : float, optional
        On the clock of ``time.monotonic``; past it, sending and receiving raise ``TimeoutError``.
    """

    def __init__(self, connection, deadline=None):
        self._connection = connection
        self._deadline = deadline

    def send(self, frame):
        """Send what `pack` made."""
        self._arm()
        try:
            self._connection.sendall(frame)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise EOFError("the other end is gone") from error

    def receive(self, tensors=False, limit=None):
        """Return header and value of the next frame, whose body has at most `limit` bytes.

        Raises
        ------
        ProtocolError
            Whatever is wrong with the frame.
        EOFError, TimeoutError
            The other end is gone, or the deadline has passed.
        """
        magic, header_size, body_size = _PREFIX.unpack(self._read(_PREFIX.size))
        if magic != _MAGIC or header_size > MAX_HEADER or body_size > (limit or MAX_BODY):
            raise ProtocolError("not a frame")
        return unpack(self._read(header_size), self._read(body_size), tensors)

    def expect_silence(self):
        """Raise ``ProtocolError`` if the other end has spoken out of turn."""
        readable, _, _ = select.select([self._connection], [], [], 0)
        if readable:
            try:
                pending = self._connection.recv(1, socket.MSG_PEEK)
            except ConnectionResetError:
                pending = b""
            if not pending:
                raise EOFError("the other end is gone")
            raise ProtocolError("spoke out of turn")

    def _read(self, size):
        data = bytearray()
        while len(data) < size:
            self._arm()
            try:
                chunk = self._connection.recv(min(size - len(data), 1 << 20))
            except ConnectionResetError as error:
                raise EOFError("the other end is gone") from error
            if not chunk:
                raise EOFError("the other end is gone")
            data += chunk
        return bytes(data)

    def _arm(self):
        if self._deadline is not None:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._connection.settimeout(left)


def pack(header, value=None, tensors=False):
    """The bytes of a frame: a header, and a value where the header says ``has_value``.

    Torch's tensors arrive as arrays, or with `tensors` as tensors.

    Raises
    ------
    NotPlainError
        The value is not made of numbers, arrays and texts, or is too large.
    """
    blobs = []
    if header.get("has_value"):
        header = header | {"value": _Encoder(blobs, tensors).node(value)}
    text = json.dumps(header).encode()
    if len(text) > MAX_HEADER:
        raise NotPlainError("too many values outside of arrays")
    body = b"".join(blobs)
    return _PREFIX.pack(_MAGIC, len(text), len(body)) + text + body


def unpack(text, body, tensors=False):
    """Header and value of a frame; every fault is a ``ProtocolError``."""
    try:
        header = json.loads(
            text, parse_float=_refuse, parse_constant=_refuse, parse_int=_small_integer
        )
        if type(header) is not dict:
            raise ProtocolError("the header is no object")
        if not header.get("has_value"):
            return header, None
        decoder = _Decoder(body, tensors)
        value = decoder.value(header.pop("value"))
        if decoder.position != len(body):
            raise ProtocolError("bytes left over")
        return header, value
    except ProtocolError:
        raise
    except Exception as error:
        # Whatever a hostile frame provokes (recursion, overflow, a shape that NumPy refuses …).
        raise ProtocolError(f"not decodable: {type(error).__name__}") from error


def _refuse(text):
    raise ProtocolError("a bare float in the header")


def _small_integer(text):
    if len(text) > 20:
        raise ProtocolError("a huge integer in the header")
    return int(text)


class _Encoder:
    def __init__(self, blobs, tensors):
        self._blobs = blobs
        self._tensors = tensors
        self._nodes = 0
        self._bytes = 0

    def node(self, value, depth=0):
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise NotPlainError("too many values outside of arrays")
        if depth > MAX_DEPTH:
            raise NotPlainError("containers too deep in each other")
        if value is None:
            return ["n"]
        if value is Ellipsis:
            return ["e"]
        if isinstance(value, np.ndarray | np.generic):
            return self._array("a", np.asarray(value))
        if isinstance(value, bool):
            return ["b", bool(value)]
        if isinstance(value, int):
            if value.bit_length() > 1000:
                raise NotPlainError("an integer of more than 1000 bits")
            return ["i", str(int(value))]
        if isinstance(value, float):
            return ["f", float(value).hex()]
        if isinstance(value, str):
            if len(value) > MAX_TEXT:
                raise NotPlainError("a text that is too long")
            return ["s", str(value)]
        if isinstance(value, list | tuple):
            tag = "l" if isinstance(value, list) else "u"
            return [tag, [self.node(item, depth + 1) for item in value]]
        if isinstance(value, dict):
            items = value.items()
            return ["d", [[self._key(key), self.node(item, depth + 1)] for key, item in items]]
        if type(value).__module__.partition(".")[0] == "torch" and hasattr(value, "detach"):
            tag = "t" if self._tensors else "a"
            # A capital stands for a tensor that carries a gradient.
            tag = tag.upper() if value.requires_grad else tag
            return self._array(tag, value.detach().cpu().numpy())
        # pandas and the like become the array that a comparison would see; complex numbers too.
        return self._array("a", np.asarray(value))

    def _key(self, key):
        if isinstance(key, np.generic):
            key = key.item()
        if key is None or isinstance(key, bool | int | float | str):
            return self.node(key)
        raise NotPlainError("a dictionary key that is no number or text")

    def _array(self, tag, array):
        if array.dtype.kind == "f" and array.dtype.itemsize > 8:
            array = array.astype(np.float64)
        dtype = array.dtype.newbyteorder("<")
        if dtype not in _NAMES:
            raise NotPlainError("an object that is no number, text or array of numbers")
        self._bytes += array.nbytes
        if self._bytes > MAX_BODY:
            raise NotPlainError(f"more than {MAX_BODY >> 20} MB")
        self._blobs.append(array.astype(dtype, copy=False).tobytes())
        return [tag, _NAMES[dtype], list(array.shape)]


class _Decoder:
    def __init__(self, body, tensors):
        self._body = body
        self._tensors = tensors
        self._nodes = 0
        self.position = 0

    def value(self, node, depth=0):
        self._nodes += 1
        if self._nodes > MAX_NODES or depth > MAX_DEPTH or type(node) is not list or not node:
            raise ProtocolError("not a value")
        tag, *rest = node
        if tag in ("n", "e") and not rest:
            return None if tag == "n" else Ellipsis
        if tag in ("a", "A") or (tag in ("t", "T") and self._tensors):
            return self._array(tag, *rest)
        (content,) = rest
        if tag == "b" and type(content) is bool:
            return content
        if tag == "i" and type(content) is str and len(content) < 400:
            return int(content)
        if tag == "f" and type(content) is str and len(content) < 40:
            return float.fromhex(content)
        if tag == "s" and type(content) is str and len(content) <= MAX_TEXT:
            return content
        if tag in ("l", "u") and type(content) is list:
            items = [self.value(item, depth + 1) for item in content]
            return items if tag == "l" else tuple(items)
        if tag == "d" and type(content) is list:
            return {self._key(key): self.value(item, depth + 1) for key, item in content}
        raise ProtocolError("not a value")

    def _key(self, node):
        if type(node) is not list or node[:1] not in (["n"], ["b"], ["i"], ["f"], ["s"]):
            raise ProtocolError("not a key")
        return self.value(node)

    def _array(self, tag, name, shape):
        if type(shape) is not list or len(shape) > 16:
            raise ProtocolError("not a shape")
        count = 1
        for size in shape:
            if type(size) is not int or not 0 <= size <= MAX_BODY:
                raise ProtocolError("not a shape")
            count *= size
        dtype = _DTYPES[name]
        end = self.position + count * dtype.itemsize
        if end > len(self._body):
            raise ProtocolError("an array without its bytes")
        array = np.frombuffer(self._body, dtype, count, self.position).reshape(shape).copy()
        if name == "bool" and (array.view(np.uint8) > 1).any():
            raise ProtocolError("a boolean that is neither")
        self.position = end
        if tag in ("t", "T"):
            import torch

            return torch.from_numpy(array).requires_grad_(tag == "T")
        if tag == "A":
            return array.view(Differentiable)
        # A zero-dimensional array stands for a NumPy number.
        return array if shape else array[()]
