"""`il_ros doctor` without ROS."""
import json

from il_ros.checks import Outcome


def test_each_check_is_one_json_object_a_line(run):
    lines = [json.loads(line) for line in run('doctor', '--no-ros', '--json')]
    assert all(line.keys() == {'name', 'outcome', 'text'} for line in lines)
    assert {line['outcome'] for line in lines} <= {outcome.value for outcome in Outcome}
    assert [line['name'] for line in lines][:3] == ['python', 'environment', 'packages']
    assert 'sim_arm: 7 joints, 2 cameras' in next(
        line['text'] for line in lines if line['name'] == 'contract')
