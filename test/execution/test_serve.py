"""The child knows the robot as its parent does, with its URDF."""
from dataclasses import replace

from il_ros.contract import Contract
from il_ros.execution.serve import robot_of
from il_ros.execution.worker import Job
from il_ros.kinematics import find_urdf

CONTRACT = Contract.load('sim_arm')


def test_the_urdf_comes_along(tmp_path):
    (tmp_path / 'own.urdf').write_text('<robot/>')
    beside = replace(CONTRACT, urdf='own.urdf', folder=tmp_path)
    child = robot_of(Job('x', contract=beside.to_text(), folder=str(beside.folder)), '')
    assert (child, find_urdf(child)) == (beside, tmp_path / 'own.urdf')
    told = replace(CONTRACT, urdf='topic:/robot_description')
    child = robot_of(Job('x', contract=told.to_text()), '<robot/>')
    assert (child, find_urdf(child).read_text(), child.folder) == (told, '<robot/>', None)
    assert robot_of(Job('x'), '') is None
