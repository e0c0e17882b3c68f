"""What the nodes plan and check collisions with: MoveIt where it is wanted, else Pinocchio."""
from __future__ import annotations

from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.planning.collision import CollisionChecker
from il_ros.planning.planner import Planner

PLANNERS = ('pinocchio', 'moveit')


def check_name(planner: str) -> None:
    """Check the value of a parameter `planner`.

    Raises:
        ConfigError: There is no such planner.
    """
    if planner not in PLANNERS:
        raise ConfigError(f'planner: expected {" or ".join(PLANNERS)}, got {planner!r}')


def make_planner(contract: Contract, name: str, group: str) -> Planner:
    """Return the planner of that name.

    Raises:
        IlRosError: It cannot work here; the text says why.
    """
    if name == 'moveit':
        from il_ros.planning.moveit_planner import MoveItPlanner
        return MoveItPlanner(contract, group)
    from il_ros.kinematics import find_urdf
    from il_ros.planning.pinocchio_planner import PinocchioPlanner
    return PinocchioPlanner(contract, find_urdf(contract))


def make_checker(contract: Contract, name: str, group: str) -> CollisionChecker | None:
    """Return what knows the arm and the contract's scene; None for a contract without a scene.

    With 'moveit' the arm is held against MoveIt's planning scene, too.

    Raises:
        IlRosError: It cannot work here; the text says why.
    """
    if contract.scene is None:
        return None
    from il_ros.kinematics import find_urdf
    from il_ros.planning.collision import Checkers
    from il_ros.planning.pinocchio_collisions import PinocchioCollisions
    own = PinocchioCollisions(contract, find_urdf(contract))
    if name == 'moveit':
        from il_ros.planning.moveit_collisions import MoveItCollisions
        return Checkers([own, MoveItCollisions(contract, group)])
    return own
