"""Every rule of gate and arbiter has a meaning and a cure."""
import ast
from pathlib import Path

from il_ros.safety.advice import of_reason, of_rule, RULES, SILENCE
from il_ros.types import GUIDED_RULE
import pytest

PACKAGE = Path(__file__).resolve().parents[2] / 'il_ros'
GATE = [*(PACKAGE / 'safety').glob('*.py'), PACKAGE / 'nodes/command_gate.py',
        *(PACKAGE / 'nodes/gate').glob('*.py')]
ARBITER = [PACKAGE / 'intervention/arbiter.py', PACKAGE / 'intervention/machine.py']
RAISED = {'Refusal': 0, '_latch': 0, 'fail': 0, 'Decision': 1}   # where the rule stands


def named(node):
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, 'id', '')


def calls(paths, names):
    return [call for path in paths for call in ast.walk(ast.parse(path.read_text()))
            if isinstance(call, ast.Call) and named(call.func) in names]


def gate_rules():
    found = {'velocity', 'acceleration', 'jerk', 'position', 'scale'}     # by variables
    for call in calls(GATE, RAISED):
        place = RAISED[named(call.func)]
        if len(call.args) > place and isinstance(call.args[place], ast.Constant):
            found.add(call.args[place].value)
        elif len(call.args) > place and named(call.args[place]) == 'GUIDED_RULE':
            found.add(GUIDED_RULE)
    return sorted(found - {''})


def text_of(node):
    """Return a text with what is put into it as words; None where it is not written here."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return ''.join(part.value if isinstance(part, ast.Constant) else 'WORDS'
                       for part in node.values)
    return None


def arbiter_faults():
    return sorted(filter(None, (text_of(call.args[0]) for call in calls(ARBITER, ['_fault']))))


def test_the_rules_were_found():
    assert {'watchdog', 'clock', 'foreign publisher', 'leap', 'nonfinite', 'gripper', 'base',
            'collision unknown', 'disarmed', 'guided', 'seq'} <= set(gate_rules())
    assert 'the chunk of the policy has run out' in arbiter_faults()


@pytest.mark.parametrize('rule', gate_rules())
def test_every_rule_of_the_gate_has_advice(rule):
    advice = RULES[rule]
    assert advice.meaning.endswith('.') and advice.cure.endswith('.')


def test_no_advice_is_left_over():
    assert set(RULES) <= set(gate_rules())


def test_a_silent_topic_is_a_rule_by_its_name():
    assert of_rule('joint_states') is SILENCE


@pytest.mark.parametrize('reason', [
    *(text.replace('WORDS', 'watchdog' if 'gate holds' in text else 'policy')
      for text in arbiter_faults()),
    "joint 'elbow' silent for 120 ms", 'joint states silent for 510 ms',
    'the gate was disarmed; gate/arm, then dagger/resume',
    'the gate is silent; gate/arm, then dagger/resume',
    'help_gate asks for help: doubt (3, threshold 2); nobody came within 10 s',
    'not rewound: the gate lets nothing through', 'not rewound further: pad released'])
def test_every_fault_of_the_arbiter_has_advice(reason):
    assert of_reason(reason)


def test_what_a_person_asked_for_is_no_fault():
    assert of_reason('operator paused') is None
    assert of_reason('operator resumed; waiting for the policy to see the present state') is None
