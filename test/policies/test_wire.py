"""openpi's wire format: what openpi-client writes is read, and nothing else."""
import pickle

from il_ros.errors import RemoteError
import numpy as np
import pytest

msgpack = pytest.importorskip('msgpack')

from il_ros.policies.remote import wire  # noqa: E402

MESSAGE = {
    'observation/state': np.arange(7, dtype=np.float32),
    'images': {'top': np.arange(24, dtype=np.uint8).reshape(2, 4, 3)[:, ::2]},
    'flag': np.array([True, False]), 'scalar': np.float32(1.5), 'prompt': 'fold the töwel',
    'list': [1, 2.5, None, True], 'empty': np.zeros((0, 3)), 'number': np.array(3, np.int64)}


def same(got, expected):
    if isinstance(expected, (np.ndarray, np.generic)):
        assert type(got) is type(expected)
        assert (got.dtype, got.shape) == (expected.dtype, expected.shape)
        np.testing.assert_array_equal(got, expected)
    elif isinstance(expected, dict):
        assert got.keys() == expected.keys()
        for key, value in expected.items():
            same(got[key], value)
    else:
        assert got == expected


def test_comes_back_as_it_was():
    same(wire.unpack(wire.pack(MESSAGE)), MESSAGE)


def test_is_what_openpi_client_writes_and_reads():
    theirs = pytest.importorskip('openpi_client.msgpack_numpy')
    assert wire.pack(MESSAGE) == theirs.packb(MESSAGE)
    same(theirs.unpackb(wire.pack(MESSAGE)), MESSAGE)
    same(wire.unpack(theirs.Packer().pack(MESSAGE)), MESSAGE)


def array(**changes):
    return msgpack.packb({'a': {b'__ndarray__': True, b'data': bytes(8), b'dtype': '<f4',
                                b'shape': [2], **{k.encode(): v for k, v in changes.items()}}})


@pytest.mark.parametrize(('data', 'text'), [
    (pickle.dumps({'a': 1}), 'unpack'),
    (b'', 'incomplete input'),
    (wire.pack(MESSAGE)[:-5], 'incomplete input'),
    (wire.pack(MESSAGE) + b'x', 'extra data'),
    (array(dtype='|O'), "dtype '|O': expected numbers"),
    (array(dtype='<U2'), "dtype '<U2': expected numbers"),
    (array(dtype='<M8[s]'), "dtype '<M8[s]'"),
    (array(dtype=[['f', '<f4']]), "dtype [['f', '<f4']]"),
    (array(shape=[3]), '8 bytes for shape (3,) of float32'),
    (array(shape=[-2, -1]), 'shape [-2, -1]'),
    (array(shape=[2**40, 2**40]), '8 bytes for shape'),
    (array(shape=[1] * 40 + [2]), 'shape [1, 1'),
    (array(shape=[True, 2]), 'shape [True, 2]'),
    (array(shape=2), "object of type 'int' has no len()"),
    (msgpack.packb({'a': {b'__ndarray__': True}}), "b'dtype'"),
    (msgpack.packb({'a': {b'__npgeneric__': True, b'data': 'x', b'dtype': '|O'}}), "dtype '|O'"),
    (msgpack.packb({'a': msgpack.ExtType(5, b'code')}), 'exceeds max_ext_len'),
    (msgpack.packb({'a': 'x' * 200_000}), 'exceeds max_str_len'),
    (msgpack.packb({'a': [0] * 20_000}), 'exceeds max_array_len'),
    (b'\x81\xa1a' + b'\x91' * 5000 + b'\x00', ''),
    (msgpack.packb({1: 2}), 'int is not allowed for map key'),
    (msgpack.packb([1, 2]), 'expected a mapping, got list'),
])
def test_refuses_what_is_not_plain_numbers_and_texts(data, text):
    with pytest.raises(RemoteError) as error:
        wire.unpack(data)
    assert text in str(error.value)


@pytest.mark.parametrize(('value', 'text'), [
    ({'a': object()}, 'object is no number, text, list, mapping or array'),
    ({'a': np.array(['x'])}, 'dtype <U1: expected numbers'),
    ({'a': np.array([None])}, 'dtype object: expected numbers'),
])
def test_writes_nothing_else(value, text):
    with pytest.raises(RemoteError, match=f'^cannot be sent: {text}'):
        wire.pack(value)
