"""Who plays the person at the controls of a simulated robot."""
from il_ros.teleop.scripted.single import ScriptedOperator
from il_ros.teleop.scripted.supervisor import Supervisor

__all__ = ['ScriptedOperator', 'Supervisor']
