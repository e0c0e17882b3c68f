"""Which files a bag consists of, and what stands beside them in metadata.yaml."""
from __future__ import annotations

from collections.abc import Mapping
import hashlib
import os
from pathlib import Path, PurePath
import re
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, NamedTuple

from il_ros.bags.integrity import check_mcap, MAGIC
from il_ros.bags.mcap_file import McapFile
from il_ros.bags.sqlite_file import SqliteFile
from il_ros.bags.storage import Storage
from il_ros.config import parse_yaml
from il_ros.errors import BagError, ConfigError
import zstandard

METADATA = 'metadata.yaml'
SUFFIXES = ('.mcap', '.db3', '.zstd')
SQLITE = b'SQLite format 3\0'
MAX_UNPACKED = 1 << 38
_CHUNK = 1 << 20
_NUMBERED = re.compile(r'(.*)_(\d+)$')


class Files(NamedTuple):
    """A bag on the disk.

    Attributes:
        path: The folder, or the file where only that was named.
        data: Its files, in order.
        metadata: `rosbag2_bagfile_information`; None without metadata.yaml.
    """

    path: Path
    data: list[Path]
    metadata: Mapping[str, Any] | None


def bag_files(path: Path) -> Files:
    """Return the files of a bag directory, of a single file, or of the folder of metadata.yaml.

    Raises:
        BagError: There is no bag, its metadata.yaml is damaged, or names a file that is missing.
    """
    if path.is_file():
        return _of_file(path)
    if not path.is_dir():
        raise BagError(f'{path}: expected a bag directory, '
                       f'got {"something else" if os.path.lexists(path) else "nothing"}')
    if not (found := data_files(path)):
        raise BagError(f'{path}: expected a bag directory (metadata.yaml and .mcap), '
                       f'got {"no data file" if any(path.iterdir()) else "an empty folder"}')
    metadata = _metadata(path / METADATA) if (path / METADATA).is_file() else None
    if metadata is None:
        if len(found) > 1 and not is_split(path):
            raise BagError(f'{path}: metadata.yaml is missing, and its files are not parts of one '
                           f'bag: {", ".join(f.name for f in found)}; name one of them')
        return Files(path, found, None)
    return Files(path, _listed(path, found, metadata), metadata)


def data_files(path: Path) -> list[Path]:
    """Return the files of a bag that hold messages; split ones in the order of their numbers."""
    if path.is_file():
        return [path]
    return sorted((p for p in path.iterdir() if p.suffix in SUFFIXES), key=_order)


def content_hash(path: Path) -> str:
    """Return the SHA-256 of the recorded messages; a new label in metadata.yaml keeps it."""
    digest = hashlib.sha256()
    for file in sorted(data_files(path)):
        with file.open('rb') as stream:
            while block := stream.read(_CHUNK):
                digest.update(block)
    return digest.hexdigest()


def is_split(folder: Path) -> bool:
    """Tell whether the files of a folder are numbered parts of one bag, as rosbag2 names them."""
    return all(p.name.startswith(f'{folder.name}_') for p in data_files(folder))


def open_storage(path: Path, origin: Path) -> Storage:
    """Return an open file by what it is, whatever it is called.

    Args:
        path: The file; its bytes are checked.
        origin: The bag, for advice.

    Raises:
        BagError: It is damaged, or neither MCAP nor sqlite3.
    """
    try:
        with path.open('rb') as stream:
            start = stream.read(len(SQLITE))
        if path.suffix == '.zstd':
            return _Unpacked(path, origin)
        if start == SQLITE:
            return SqliteFile(path)
        if path.suffix == '.db3':
            raise BagError(f'{path}: expected an sqlite3 database, got '
                           f'{start[:8].hex(" ") or "an empty file"}')
        check_mcap(path, origin)
        return McapFile(path)
    except OSError as error:
        raise BagError(f'{path}: cannot be read: {error.strerror or error}') from None


class _Unpacked:
    """A file that rosbag2 compressed as a whole, unpacked beside nothing of the person's."""

    def __init__(self, path: Path, origin: Path) -> None:
        self.path = path
        self._folder = TemporaryDirectory(prefix='il_ros_bag_')
        target = Path(self._folder.name, path.stem)
        try:
            with path.open('rb') as packed, target.open('wb') as sink:
                stream = zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(
                    packed, read_across_frames=True)
                _copy(stream, sink)
            self._inner = open_storage(target, origin)
        except (zstandard.ZstdError, EOFError) as error:
            self._folder.cleanup()
            raise BagError(f'{path}: damaged: zstd: {error}; restore it from a copy, or leave the '
                           'bag out with --skip-bad') from None
        except BagError as error:
            self._folder.cleanup()
            what = str(error).partition('; save what is whole')[0].replace(str(target), str(path))
            raise BagError(f'{what}; restore it from a copy, leave the bag out with --skip-bad, '
                           f'or unpack it (zstd -d {path}) and recover that') from None
        self.sources, self.custom = self._inner.sources, self._inner.custom
        self.parts = self._inner.parts

    def close(self) -> None:
        self._inner.close()
        self._folder.cleanup()


def _copy(stream: BinaryIO, sink: BinaryIO) -> None:
    left = MAX_UNPACKED
    while block := stream.read(1 << 20):
        left -= len(block)
        if left < 0:
            raise zstandard.ZstdError(f'unpacks to more than {MAX_UNPACKED} bytes')
        sink.write(block)


def _of_file(path: Path) -> Files:
    if path.name == METADATA:
        return bag_files(path.parent)
    if path.suffix == '.bag':
        raise BagError(f'{path}: a bag of ROS 1; convert it first: rosbags-convert --src {path} '
                       f'--dst {path.with_suffix("")}')
    with path.open('rb') as stream:
        start = stream.read(16)
    if path.suffix not in SUFFIXES and not start.startswith((MAGIC, SQLITE)):
        raise BagError(f'{path}: expected a bag directory, or its .mcap or .db3 file')
    if (path.parent / METADATA).is_file():
        beside = _metadata(path.parent / METADATA)
        if _listed(path.parent, data_files(path.parent), beside) == [path]:
            return Files(path.parent, [path], beside)
    return Files(path, [path], None)


def _listed(folder: Path, found: list[Path], metadata: Mapping[str, Any]) -> list[Path]:
    """Return what metadata.yaml lists; what lies there instead where files were renamed."""
    names = metadata.get('relative_file_paths')
    listed = ([folder / PurePath(str(name)).name for name in names]
              if isinstance(names, list) and names else found)
    missing = [file.name for file in listed if not file.is_file()]
    if not missing:
        return listed
    if len(found) < len(listed):
        raise BagError(f'{folder}: metadata.yaml names files that are missing: '
                       f'{", ".join(missing)}; restore them, or move metadata.yaml away to read '
                       'what is there')
    return found


def _metadata(file: Path) -> Mapping[str, Any]:
    try:
        content = parse_yaml(file.read_text(encoding='utf-8'), str(file))
        information = content['rosbag2_bagfile_information']
        if not isinstance(information.get('custom_data') or {}, dict):
            raise AttributeError('custom_data: expected keys and values')
        return dict(information)
    except (ConfigError, UnicodeDecodeError, KeyError, AttributeError, OSError) as error:
        what = str(error).removeprefix(f'{file}: ')
        what = f'no {what}' if isinstance(error, KeyError) else what
        raise BagError(f'{file}: damaged: {what}; repair it, or move it away: the bag is then '
                       'read by itself, with --robot where it carries no contract') from None


def _order(path: Path) -> tuple[str, int]:
    stem = path.name.split('.')[0]
    match = _NUMBERED.fullmatch(stem)
    return (match[1], int(match[2])) if match else (stem, -1)


