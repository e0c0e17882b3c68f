"""Bags that a stranger made: small files that would unpack to gigabytes."""
import re

from il_ros.bags import bombs
from il_ros.bags.integrity import check_mcap
from il_ros.errors import BagError
import lz4.frame
from mcap.writer import CompressionType, Writer
import pytest
import zstandard

ZEROS = bytes(1 << 20)
PACK = {CompressionType.ZSTD: zstandard.compress, CompressionType.LZ4: lz4.frame.compress}


def bag(path, compression, chunk_size=1 << 18):
    with path.open('wb') as stream:
        writer = Writer(stream, chunk_size=chunk_size, compression=compression)
        writer.start()
        channel = writer.register_channel('t', 'cdr', 0)
        for number in range(64):
            writer.add_message(channel, number, bytes(1 << 14), number)
        writer.finish()
    return path


@pytest.mark.parametrize('compression', CompressionType)
def test_honest_bags_pass(tmp_path, compression):
    check_mcap(bag(tmp_path / 'a.mcap', compression))


@pytest.mark.parametrize('compression', PACK)
def test_a_chunk_that_holds_more_than_it_claims_is_refused(tmp_path, monkeypatch, compression):
    def swollen(data, *_, **__):
        return PACK[compression](bytes(data) + 64 * ZEROS)
    name = {CompressionType.ZSTD: 'zstandard', CompressionType.LZ4: 'lz4.frame'}[compression]
    monkeypatch.setattr(f'{name}.compress', swollen)
    path = bag(tmp_path / 'a.mcap', compression)
    with pytest.raises(BagError, match=r'chunk at byte \d+: unpacks to more than the \d+ bytes '
                                       'that it claims'):
        check_mcap(path)


def test_a_chunk_that_claims_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(bombs, 'MAX_CHUNK', 1 << 17)
    path = bag(tmp_path / 'a.mcap', CompressionType.ZSTD)
    with pytest.raises(BagError, match=re.escape('bytes, expected at most 131072')):
        check_mcap(path)


def test_an_index_that_points_elsewhere_is_refused(tmp_path):
    path = bag(tmp_path / 'a.mcap', CompressionType.NONE, chunk_size=1 << 30)
    data = bytearray(path.read_bytes())
    at = data.index(b'\x08', len(data) - 400)
    while int.from_bytes(data[at + 25:at + 33], 'little') > len(data):
        at = data.index(b'\x08', at + 1)
    data[at + 25] ^= 1
    footer = len(data) - 8 - 4
    data[footer:footer + 4] = bytes(4)  # no CRC of the summary
    path.write_bytes(data)
    with pytest.raises(BagError, match='the index names a chunk that does not exist'):
        check_mcap(path)
