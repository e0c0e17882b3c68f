"""Questions are answered on the command line, by a person or by default, in that order."""
from il_ros.drafting.questions import Answers, Question
from il_ros.errors import ConfigError
import pytest

TIP = Question('tip.arm', 'on which link?', 'tool0', ('tool0', 'flange'))
OPEN = Question('name', 'how is it called?')


@pytest.mark.parametrize(('given', 'yes', 'typed', 'answer', 'note'), [
    (['tip.arm=flange'], False, None, 'flange', 'as given with --set'),
    (['tip.arm=flange'], True, None, 'flange', 'as given with --set'),
    ([], True, None, 'tool0', 'assumed; check it'),
    ([], False, [''], 'tool0', 'as you said'),
    ([], False, ['flang', 'flange'], 'flange', 'as you said')])
def test_who_answers(given, yes, typed, answer, note):
    seen = []

    def prompt(text):
        seen.append(text)
        return typed[len(seen) - 1]
    answers = Answers(given, yes, prompt if typed else None)
    assert answers.ask(TIP) == answer
    assert answers.notes == {'tip.arm': note}
    assert seen == ([] if not typed else ['on which link? (tool0, flange) [tool0]'] + (
        ["tip.arm: 'flang': did you mean 'flange'?\non which link? (tool0, flange) [tool0]"]
        if len(typed) > 1 else []))


@pytest.mark.parametrize(('question', 'given', 'yes', 'error'), [
    (TIP, [], False, 'on which link? (tool0, flange) [tool0]: standard input is no terminal to '
     'ask on; give --set tip.arm=... (or --yes for every default)'),
    (OPEN, [], False, 'how is it called?: standard input is no terminal to ask on; give --set '
     'name=...'),
    (OPEN, [], True, 'how is it called?: nothing says, and there is no default; give --set '
     'name=...'),
    (TIP, ['tip.arm=flang'], True, "tip.arm: 'flang': did you mean 'flange'?"),
    (OPEN, ['name= '], True, 'name: how is it called?: expected an answer')])
def test_no_answer_is_one_line(question, given, yes, error):
    with pytest.raises(ConfigError) as raised:
        Answers(given, yes).ask(question)
    assert str(raised.value) == error


def test_answers_that_nothing_asks_for_are_named():
    answers = Answers(['tip.amr=flange'], True)
    answers.ask(TIP)
    with pytest.raises(ConfigError, match="--set tip.amr: nothing asks for it; did you mean "
                                          "'tip.arm'"):
        answers.require_used()
    with pytest.raises(ConfigError, match="--set 'tip': expected KEY=VALUE"):
        Answers(['tip'])
