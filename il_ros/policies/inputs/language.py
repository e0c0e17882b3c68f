"""An instruction as a vector, without a model and without the network.

Words that share pieces share directions: every piece of text (a word, its runs of 3 to 5
characters as in Bojanowski et al. 2017, fastText, arXiv:1607.04606, and each pair of neighbouring
words) gets a direction of signs from its hash (Achlioptas 2003, random projection with signs).
So 'cubes' is near 'cube' though nobody ever wrote it, and other words in another order differ.
Frozen for good: checkpoints rely on it.
"""
from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b
import re
import unicodedata

import numpy as np
from numpy.typing import NDArray

SIZE = 64
RUNS = (3, 4, 5)   # characters of a piece of a word, its ends marked
PAIR = 0.5         # of two neighbouring words in the order in which they stand; a word has 1
CACHED_TEXTS = 1024


@lru_cache(CACHED_TEXTS)
def embed(text: str) -> NDArray[np.float32]:
    """Return the direction of a text; read-only.

    Letters' case, accents' form, punctuation and white space do not matter. The same in every
    process and on every machine.

    Returns:
        Shape (SIZE,), of length 1; zeros where the text has no letter or digit.
    """
    words = re.findall(r'\w+', unicodedata.normalize('NFKC', text).casefold())
    total = np.zeros(SIZE)
    for word in dict.fromkeys(words):  # 'the' says no more the second time
        pieces = np.sum([_signs(piece) for piece in _pieces(word)], 0)
        total += _unit(pieces)
    for one, two in zip(words, words[1:], strict=False):
        total += PAIR * _unit(_signs(f'{one} {two}'))
    found: NDArray[np.float32] = _unit(total).astype(np.float32)
    found.flags.writeable = False
    return found


def embed_all(texts: tuple[str, ...]) -> NDArray[np.float32]:
    """Return one row per text. Shape (T, SIZE)."""
    return np.array([embed(text) for text in texts], np.float32).reshape(-1, SIZE)


def _pieces(word: str) -> Iterator[str]:
    yield word
    marked = f'<{word}>'
    for length in RUNS:
        for start in range(len(marked) - length + 1):
            yield marked[start:start + length]


def _signs(piece: str) -> NDArray[np.float64]:
    digest = blake2b(piece.encode(), digest_size=SIZE // 8).digest()
    return np.unpackbits(np.frombuffer(digest, np.uint8)).astype(np.float64) * 2 - 1


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    length = float(np.sqrt(np.sum(vector * vector)))
    return vector / (length or 1.0)
