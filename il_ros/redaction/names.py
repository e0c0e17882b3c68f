"""Names of people: stable pseudonyms, and free texts without them."""
from __future__ import annotations

from base64 import b32encode
from collections.abc import Iterable, Mapping
import hmac
import os
from pathlib import Path
import re
import secrets
from typing import Any
import unicodedata

from il_ros.errors import ConfigError

LEAST_KEY = 16      # bytes
LENGTH = 12         # characters of a pseudonym, 5 bits each
PSEUDONYM = re.compile(rf'operator-[a-z2-7]{{{LENGTH}}}')
MAIL = re.compile(r'[\w.+-]+@[\w-]+(?:\.[\w-]+)+')
TELEPHONE = re.compile(r'\+\d[\d ()/-]{6,}\d')
# A name ends where letters end: anna is in anna_2 and not in annals.
WORD = r'(?<![^\W\d_])(?:{})(?![^\W\d_])'


def default_key() -> Path:
    """Return where a person's key lies unless they say another place."""
    home = os.environ.get('XDG_CONFIG_HOME') or Path.home() / '.config'
    return Path(home) / 'il_ros' / 'redaction.key'


def read_key(file: Path) -> tuple[bytes, str]:
    """Return the key in a file, which is made where there is none, and what to tell a person.

    Raises:
        ConfigError: It cannot be read or written, or is too short.
    """
    note = ''
    try:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), 'w') as new:
                new.write(secrets.token_hex(32) + '\n')
            note = (f'{file}: a new key: the same names get the same pseudonyms only with it, and '
                    'who has it can tell who is who; keep it, apart from the copies')
        elif file.stat().st_mode & 0o077:
            note = f'{file}: others may read this key; chmod 600 {file}'
        key = file.read_bytes().strip()
    except OSError as error:
        raise ConfigError(f'{file}: the key cannot be read or made: {error.strerror}') from None
    if len(key) < LEAST_KEY:
        raise ConfigError(f'{file}: expected a key of at least {LEAST_KEY} bytes, got {len(key)}; '
                          'name a file that does not exist, and one is made')
    return key, note


class Pseudonyms:
    """HMAC-SHA-256 of a name under a key, shortened: without the key nobody can try names out."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.given: set[str] = set()

    def of(self, name: str) -> str:
        """Return the pseudonym of a name, whatever its case; '' and pseudonyms stay."""
        plain = ' '.join(unicodedata.normalize('NFKC', name).casefold().split())
        if not plain or PSEUDONYM.fullmatch(plain):
            return plain
        digest = hmac.digest(self._key, f'operator:{plain}'.encode(), 'sha256')
        found = f'operator-{b32encode(digest)[:LENGTH].decode().lower()}'
        self.given.add(found)
        return found


class Texts:
    """Free texts in which known names, addresses and telephone numbers are replaced.

    Of a name of several words each that begins with a capital letter counts by itself, too.

    Attributes:
        changed: How many texts were.
    """

    def __init__(self, pseudonyms: Pseudonyms, names: Iterable[str]) -> None:
        self.changed = 0
        self._known: dict[str, str] = {}
        spelt = set[str]()      # Weiss, too, of Weiß
        for name in sorted({unicodedata.normalize('NFC', name.strip()) for name in names} - {''}):
            if PSEUDONYM.fullmatch(name):
                continue
            parts = [part for part in name.split() if len(part) > 2 and part[0].isupper()]
            for part in (name, *parts):
                self._known.setdefault(part.casefold(), pseudonyms.of(name))
                spelt |= {part, part.casefold()}
        longest = sorted(spelt, key=len, reverse=True)
        self._pattern = re.compile(
            WORD.format('|'.join(map(re.escape, longest))) if longest else r'(?!)', re.IGNORECASE)

    def redact(self, text: str) -> str:
        """Return a text without what is known; as it is where nothing is."""
        if not self.concern(text):
            return text
        text = unicodedata.normalize('NFC', text)
        found = self._pattern.sub(lambda name: self._known[name[0].casefold()], text)
        self.changed += 1
        return TELEPHONE.sub('[telephone]', MAIL.sub('[e-mail]', found))

    def deep(self, value: Any) -> Any:
        """Return plain data, lists and mappings of them, with every text in it redacted."""
        if isinstance(value, str):
            return self.redact(value)
        if isinstance(value, Mapping):
            return {key: self.deep(each) for key, each in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(self.deep(each) for each in value)
        return value

    def concern(self, text: str) -> bool:
        """Tell whether there is anything in a text that would be replaced."""
        plain = unicodedata.normalize('NFC', text)
        return any(each.search(plain) for each in (self._pattern, MAIL, TELEPHONE))

    def count(self, text: str) -> int:
        """Return in how many places a text has a known name."""
        return sum(1 for _ in self._pattern.finditer(unicodedata.normalize('NFC', text)))
