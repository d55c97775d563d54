"""The frames between grader and room: what goes in comes out, and nothing else gets through."""

import json
import math
import random
import socket
import struct
import time
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_grader.room import wire

HEADER = {"is": "value", "has_value": True}


def split(frame):
    """Header and body of a frame, by the format's definition."""
    magic, header, body = struct.unpack("<4sII", frame[:12])
    assert magic == b"room"
    assert len(frame) == 12 + header + body
    return frame[12 : 12 + header], frame[12 + header :]


def there_and_back(value, tensors=False):
    header, decoded = wire.unpack(*split(wire.pack(HEADER, value, tensors)), tensors)
    assert header == HEADER
    return decoded


def same(one, other):
    if isinstance(one, np.ndarray | np.generic):
        return (
            one.dtype == other.dtype
            and one.shape == other.shape
            and np.array_equal(one, other, equal_nan=one.dtype.kind in "fc")
        )
    if isinstance(one, float):
        return type(other) is float and (one == other or (math.isnan(one) and math.isnan(other)))
    if isinstance(one, list | tuple):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[k], other[k]) for k in one)
    return type(one) is type(other) and one == other


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**900), 2**900),
    st.floats(),
    st.text(max_size=50),
    st.just(...),
)
arrays = hnp.arrays(
    st.sampled_from(["bool", "int8", "int64", "uint16", "float16", "float64", "complex128"]),
    hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=4),
)
keys = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=9))
values = st.recursive(
    scalars | arrays,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(keys, inner, max_size=4),
    ),
    max_leaves=12,
)


@pytest.mark.slow
@settings(derandomize=True, deadline=None, max_examples=300)
@given(values)
def test_plain_data_comes_back_as_it_was(value):
    assert same(value, there_and_back(value))


def test_numpy_numbers_keep_their_type_and_big_endian_its_value():
    assert same(np.float32(0.1), there_and_back(np.float32(0.1)))
    assert same(np.bool_(True), there_and_back(np.bool_(True)))
    assert np.array_equal(there_and_back(np.arange(3, dtype=">i4")), [0, 1, 2])
    assert np.array_equal(there_and_back(np.arange(6).reshape(2, 3).T), [[0, 3], [1, 4], [2, 5]])


def test_tensors_arrive_as_arrays_and_on_request_as_tensors():
    tensor = torch.arange(6.0, requires_grad=True).reshape(2, 3)
    assert same(there_and_back(tensor), tensor.detach().numpy())
    for carries in (True, False):
        for value in (tensor, tensor.sum()):
            value = value if carries else value.detach()
            assert getattr(there_and_back(value), "requires_grad", False) == carries
            assert there_and_back(value, tensors=True).requires_grad == carries
    arrived = there_and_back([tensor], tensors=True)[0]
    assert isinstance(arrived, torch.Tensor)
    assert torch.equal(arrived, tensor)
    text, body = split(wire.pack(HEADER, tensor, tensors=True))
    with pytest.raises(wire.ProtocolError):
        wire.unpack(text, body)


@pytest.mark.parametrize(
    "value",
    [
        object(),
        {1, 2},
        np.array([object()], dtype=object),
        np.array(["text"]),
        {(1, 2): 3},
        10**400,
        "x" * 20_000,
        list(range(30_000)),
        np.zeros(5 << 20),
        np.broadcast_to(0.0, (10**6, 10**6, 10**3)),
        [[[[[[[[[[1]]]]]]]]]],
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_not_plain_or_too_large_does_not_travel(value):
    with pytest.raises(wire.NotPlainError):
        wire.pack(HEADER, value)


@pytest.mark.parametrize(
    "node",
    [
        [],
        ["n", 1],
        ["z"],
        ["b", 1],
        ["i", 5],
        ["i", "9" * 500],
        ["f", "nonsense"],
        ["f", 1],
        ["s", None],
        ["l", {}],
        ["d", [[["l", []], ["n"]]]],
        ["d", [[["s", "k"]]]],
        ["a", "object", [1]],
        ["a", "float64", [2]],
        ["a", "float64", [-1]],
        ["a", "float64", [True]],
        ["a", "uint8", [2**40]],
        ["a", "uint8", [1] * 40],
        ["a", "uint8", 8],
        ["a", "bool", [8]],
        ["t", "uint8", [8]],
        ["a", "uint8", [4]],
    ],
    ids=str,
)
def test_a_false_value_is_a_protocol_error(node):
    text = json.dumps(HEADER | {"value": node}).encode()
    with pytest.raises(wire.ProtocolError):
        wire.unpack(text, b"\x02" * 8)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"nonsense",
        b"\xff",
        b"[" * 100_000,
        b'{"n": 1.5}',
        b'{"n": NaN}',
        b'{"n": ' + b"9" * 5000 + b"}",
        b'{"has_value": true}',
        b'{"has_value": true, "value": ' + b'["l",[' * 9000 + b"]]" * 9000 + b"}",
    ],
    ids=lambda text: repr(text[:30]),
)
def test_a_false_header_is_a_protocol_error(text):
    with pytest.raises(wire.ProtocolError):
        wire.unpack(text, b"")


@pytest.mark.slow
def test_fuzzed_frames_decode_or_are_a_protocol_error():
    rng = random.Random(0)
    frames = [
        split(wire.pack(HEADER, value))
        for value in (
            np.arange(6.0).reshape(2, 3),
            [1, 2.5, "x", None, True],
            {"a": np.zeros(3, "f4"), 2: (1, ...)},
            10**50,
            float("nan"),
            np.array([True, False]),
        )
    ]
    counts = {"decoded": 0, "refused": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(60_000):
            text, body = map(bytearray, rng.choice(frames))
            for _ in range(rng.randint(1, 6)):
                part = rng.choice([text, text, text, body]) or text
                place, kind = rng.randrange(len(part)), rng.random()
                if kind < 0.4:
                    part[place] = rng.randrange(256)
                elif kind < 0.8:
                    part[place] = rng.choice(b'0123456789-eE."[]{}:,tfnaijdlusv')
                elif len(part) > 1:
                    del part[place]
            try:
                wire.unpack(bytes(text), bytes(body))
                counts["decoded"] += 1
            except wire.ProtocolError:
                counts["refused"] += 1
    assert counts["decoded"] > 1000
    assert counts["refused"] > 20_000


@pytest.fixture
def ends():
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def test_a_channel_carries_frames_in_pieces(ends):
    frame = wire.pack(HEADER, [1, 2])
    for byte in frame:
        ends[1].send(bytes([byte]))
    assert wire.Channel(ends[0], time.monotonic() + 5).receive() == (HEADER, [1, 2])


def test_a_channel_tells_silence_from_noise_and_from_the_end(ends):
    channel = wire.Channel(ends[0], time.monotonic() + 5)
    channel.expect_silence()
    ends[1].send(b"x")
    with pytest.raises(wire.ProtocolError):
        channel.expect_silence()
    ends[0].recv(1)
    ends[1].close()
    with pytest.raises(EOFError):
        channel.expect_silence()
    with pytest.raises(EOFError):
        channel.receive()
    with pytest.raises(EOFError):
        channel.send(bytes(1 << 20))


def test_a_channel_refuses_what_announces_too_much_before_reading_it(ends):
    for header, body in ((wire.MAX_HEADER + 1, 0), (2, wire.MAX_BODY + 1)):
        ends[1].send(struct.pack("<4sII", b"room", header, body))
        with pytest.raises(wire.ProtocolError):
            wire.Channel(ends[0], time.monotonic() + 5).receive()


def test_a_channel_ends_at_its_deadline_though_bytes_drip_in(ends):
    channel = wire.Channel(ends[0], time.monotonic() - 1)
    ends[1].send(wire.pack({"is": "late"})[:5])
    with pytest.raises(TimeoutError):
        channel.receive()
    with pytest.raises(TimeoutError):
        channel.send(b"x")
