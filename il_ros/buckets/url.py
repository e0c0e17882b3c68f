"""What names files of a bucket, and what goes wrong with them, in one line each."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from il_ros.errors import BucketError, install

SCHEMES = ('s3', 'gs', 'hf')
MARKS = ('ETag', 'etag', 'blob_id', 'md5Hash', 'LastModified', 'mtime')


class File(NamedTuple):
    """A file of a bucket as it is now.

    Attributes:
        name: Below the URL, with /; '' where the URL is the file's own.
        size: [bytes]
        mark: Another one wherever the content is another.
    """

    name: str
    size: int
    mark: str


class Remote(NamedTuple):
    """Files at or below a URL."""

    url: str
    files: tuple[File, ...]

    @property
    def name(self) -> str:
        """The last part of the URL."""
        return self.url.rpartition('/')[2]

    def __str__(self) -> str:
        return self.url


def url_of(place: Path | str) -> str | None:
    """Return the URL that a text names, or a path that was made of one; None for files here."""
    for scheme in SCHEMES:
        for start in (f'{scheme}://', f'{scheme}:/'):   # a path has lost one slash
            if (text := str(place)).startswith(start):
                return f'{scheme}://{text.removeprefix(start).rstrip("/")}'
    return None


def files_at(url: str) -> Remote:
    """Return the files at or below a URL, none where there are none.

    Raises:
        BucketError: The bucket cannot be asked.
    """
    with reaching(url) as fs:
        root = fs._strip_protocol(url)
        fs.invalidate_cache()
        try:
            found = fs.find(root, detail=True)
        except FileNotFoundError:
            bucket = root.partition('/')[0]
            if url.startswith('hf:') or not fs.exists(bucket):
                raise
            found = {}
        return Remote(url, tuple(
            File(key.removeprefix(root).lstrip('/'), int(info['size']), _mark(info))
            for key, info in sorted(found.items())
            if not key.endswith('/') and '..' not in key.split('/')))


def _mark(info: dict[str, Any]) -> str:
    known = next((str(info[key]) for key in MARKS if info.get(key)), '')
    return known.strip('"')


@contextmanager
def reaching(url: str) -> Iterator[Any]:
    """Give the file system of a URL; what goes wrong with it is one line.

    Raises:
        BucketError: A package or a credential is missing, there is no such bucket, or the store
            does not answer.
    """
    scheme = url.partition(':')[0]
    try:
        import fsspec

        yield fsspec.filesystem(scheme)
    except ImportError as error:
        raise BucketError(f'{url}: this needs a package for {scheme}://: {install(scheme)} '
                          f'({error.name or error})') from None
    except BucketError:
        raise
    except FileExistsError:
        raise BucketError(f'{url}: exists already and is not overwritten') from None
    except FileNotFoundError:
        raise BucketError(f'{url}: there is no such bucket or file') from None
    except PermissionError as error:
        raise BucketError(f'{url}: the credentials of this machine do not allow it: '
                          f'{_first(error)}') from None
    except Exception as error:      # each store has its own kinds, which share no base
        what = _first(error)
        if 'redential' in type(error).__name__ + what or type(error).__name__ == 'HttpError':
            what += '; say who you are as the tools of this store want it (for s3:// ' \
                    'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or ~/.aws)'
        raise BucketError(f'{url}: {what}') from None


def _first(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
