"""What only a person can know, one line each."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from il_ros.config import nearest
from il_ros.errors import ConfigError


@dataclass(frozen=True)
class Question:
    """One question.

    Attributes:
        key: Its name for `--set key=value`.
        text: The question.
        default: What an empty answer means; None where there must be one.
        choices: The valid answers; any when empty.
    """

    key: str
    text: str
    default: str | None = None
    choices: tuple[str, ...] = ()

    def __str__(self) -> str:
        choices = f' ({", ".join(self.choices)})' if self.choices else ''
        return f'{self.text}{choices}' + (f' [{self.default}]' if self.default is not None else '')

    def take(self, answer: str) -> str:
        """Return a valid answer.

        Raises:
            ConfigError: It is none.
        """
        answer = answer.strip() or (self.default or '')
        if not answer:
            raise ConfigError(f'{self.key}: {self.text}: expected an answer')
        if self.choices and answer not in self.choices:
            raise ConfigError(f'{self.key}: {answer!r}: {nearest(answer, list(self.choices))}')
        return answer


class Answers:
    """Answers from the command line, from a person or by default.

    Attributes:
        notes: Of each question asked, who answered it.
    """

    def __init__(self, given: Sequence[str] = (), yes: bool = False,
                 prompt: Callable[[str], str] | None = None) -> None:
        """Take answers.

        Args:
            given: `key=value` each.
            yes: Take defaults.
            prompt: Asks a person; None without a terminal.

        Raises:
            ConfigError: One is no `key=value`.
        """
        if wrong := [text for text in given if '=' not in text]:
            raise ConfigError(f'--set {wrong[0]!r}: expected KEY=VALUE')
        self._given = dict(text.split('=', 1) for text in given)
        self._yes, self._prompt = yes, prompt
        self._asked: list[str] = []
        self.notes: dict[str, str] = {}

    def ask(self, question: Question) -> str:
        """Return the answer to a question.

        Raises:
            ConfigError: There is none, or it is not valid.
        """
        self._asked.append(question.key)
        if question.key in self._given:
            self.notes[question.key] = 'as given with --set'
            return question.take(self._given[question.key])
        if self._yes and question.default is not None:
            self.notes[question.key] = 'assumed; check it'
            return question.take('')
        if self._prompt is None or self._yes:
            raise ConfigError(
                f'{question}: ' + ('nothing says, and there is no default' if self._yes else
                                   'standard input is no terminal to ask on')
                + f'; give --set {question.key}=...' + (
                    ' (or --yes for every default)' if question.default is not None else ''))
        self.notes[question.key] = 'as you said'
        text = str(question)
        while True:
            try:
                return question.take(self._prompt(text))
            except ConfigError as error:
                text = f'{error}\n{question}'

    def require_used(self) -> None:
        """Check that every given answer had its question.

        Raises:
            ConfigError: One had none; the text names the nearest question.
        """
        if unknown := [key for key in self._given if key not in self._asked]:
            raise ConfigError(f'--set {unknown[0]}: nothing asks for it; '
                              f'{nearest(unknown[0], self._asked)}')
