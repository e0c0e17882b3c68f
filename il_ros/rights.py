"""Who may do what with recorded data: licence, owner and consent, from recording to checkpoint.

A licence is an SPDX expression (`CC-BY-4.0`, `Apache-2.0 AND LicenseRef-ours`) or free text of
several words. https://spdx.org/licenses
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from il_ros.errors import ConfigError, DatasetError

NOT_STATED = 'not stated'
TRAINING, PUBLISHING = 'training', 'publishing'
FORBIDS = {TRAINING: 'LicenseRef-no-training', PUBLISHING: 'LicenseRef-no-publishing'}
_WORDS = {TRAINING: ('trained on', 'trainable', 'il_ros train'),
          PUBLISHING: ('published', 'publishable', 'il_ros push')}
# From the one that forbids most on; the first three forbid both.
CONSENTS = ('withdrawn', 'withheld', 'pending', 'given', 'not needed')
FORBIDDING = CONSENTS[:3]


@dataclass(frozen=True)
class Rights:
    """What was stated of an episode; an empty text was not stated.

    Attributes:
        licence: An SPDX expression or free text; see `checked`.
        owner: Whom to ask: a person or an institution.
        consent: Of those who can be seen or heard: one of `CONSENTS`, and after a colon which
            form, as in 'given: form 12'.
    """

    licence: str = ''
    owner: str = ''
    consent: str = ''

    def checked(self) -> Rights:
        """Return the same with licences in the spelling of SPDX.

        Raises:
            ConfigError: The licence is one word that SPDX does not list, or the consent none of
                `CONSENTS`.
        """
        if self.consent and self._consent not in CONSENTS:
            raise ConfigError(f'consent {self.consent!r}: expected one of {", ".join(CONSENTS)}, '
                              "and after a colon which form, as in 'given: form 12'")
        return Rights(_spdx(self.licence) if self.licence else '', self.owner, self.consent)

    @property
    def _consent(self) -> str:
        return self.consent.partition(':')[0].strip().lower()

    def forbids(self, use: str) -> str:
        """Return what of it forbids a use, `TRAINING` or `PUBLISHING`; '' where nothing does."""
        if FORBIDS[use].lower() in self.licence.lower():
            return f'licence {self.licence}'
        if self._consent in FORBIDDING or (self.consent and self._consent not in CONSENTS):
            return f'consent {self.consent}'
        return ''

    @property
    def text(self) -> str:
        """What people read."""
        return ', '.join(f'{name} {value or NOT_STATED}' for name, value in self.row.items())

    @property
    def row(self) -> dict[str, str]:
        """As columns of an episode table, or keys of a bag's metadata."""
        return asdict(self)

    @staticmethod
    def of(row: Mapping[str, Any]) -> Rights:
        """Return what a row or a bag's metadata states; what it has no word of is not stated."""
        return Rights(**{name: str(row.get(name) or '') for name in FIELDS})

    @staticmethod
    def together(several: Iterable[Rights]) -> Rights:
        """Return what holds for data made of several: all licences, the consent of the least."""
        found = list(dict.fromkeys(several))
        if len(found) < 2:
            return found[0] if found else Rights()
        return Rights(
            ' AND '.join(_different(one.licence for one in found)),
            ', '.join(_different(one.owner for one in found)),
            min((one.consent for one in found), key=_rank))


FIELDS = tuple(field.name for field in fields(Rights))


def counted(several: Iterable[Rights]) -> list[dict[str, Any]]:
    """Return each that differs with the number of episodes, most frequent first."""
    return [{**one.row, 'episodes': count} for one, count in Counter(several).most_common()]


def trained_under(training: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what was stated of all data behind a checkpoint's record, as `counted` does.

    That of the checkpoints that it went on from counts, too.
    """
    own = [one for data in training.get('trained_on', {}).values() for one in data['rights']]
    before = training.get('started_from')
    return own + (trained_under(before) if before else [])


def forbidden(stated: Iterable[Mapping[str, Any]], use: str) -> dict[str, int]:
    """Return episodes per reason that forbids a use; `stated` is of `counted`."""
    found = Counter[str]()
    for one in stated:
        if reason := Rights.of(one).forbids(use):
            found[reason] += int(one['episodes'])
    return dict(found)


def require_allowed(of: str, stated: Iterable[Mapping[str, Any]], use: str, despite: str
                    ) -> dict[str, int]:
    """Check that data may be used so, or that a person says why they may be all the same.

    Args:
        of: Their names, for the text.
        stated: What `counted` returns of them.
        use: `TRAINING` or `PUBLISHING`.
        despite: The reason; '' for none.

    Returns:
        Episodes per reason that forbids it, as `forbidden`.

    Raises:
        DatasetError: Something forbids it, and nobody said why.
    """
    stated = list(stated)
    found = forbidden(stated, use)
    if found and not despite.strip():
        done, column, command = _WORDS[use]
        told = ', '.join(f'{reason} ({count})' for reason, count in found.items())
        raise DatasetError(
            f'{of}: {sum(found.values())} of {sum(int(one["episodes"]) for one in stated)} '
            f'episodes must not be {done}: {told}; take them out (il_ros dataset filter DATASET '
            f'"{column}"), or say why it is allowed: {command} --despite REASON')
    return found


def _spdx(licence: str) -> str:
    """Return an expression in the spelling of SPDX, and free text as it is."""
    try:
        from packaging.licenses import canonicalize_license_expression, InvalidLicenseExpression
    except ModuleNotFoundError:
        raise ConfigError('a licence takes packaging 24.2 or newer, which knows those of SPDX: '
                          'pip install --upgrade packaging') from None
    try:
        return str(canonicalize_license_expression(licence))
    except InvalidLicenseExpression:
        if len(licence.split()) < 2:
            raise ConfigError(
                f'licence {licence!r}: expected an SPDX identifier such as CC-BY-4.0, '
                f'LicenseRef-NAME for terms of your own ({FORBIDS[TRAINING]} forbids training, '
                f'{FORBIDS[PUBLISHING]} publishing), or free text of several words') from None
        return licence


def _different(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text))


def _rank(consent: str) -> float:
    """Return how little a consent allows; one that was not stated stands before those given."""
    word = consent.partition(':')[0].strip().lower()
    return CONSENTS.index(word) if word in CONSENTS else len(FORBIDDING) - 0.5
