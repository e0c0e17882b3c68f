"""What is to be done in an episode: where everything starts, and when it is done."""
from il_ros.config import nearest
from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.sim.tasks.mobile import FetchCube
from il_ros.sim.tasks.pair import HandOver, LiftTray
from il_ros.sim.tasks.table import AREA, PickPlace, Push, Reach
from il_ros.sim.tasks.task import BOX_DISTANCE, CUBE_HALF, from_box, inside_box, Scene, Task

__all__ = ['AREA', 'BOX_DISTANCE', 'CUBE_HALF', 'default_task', 'from_box', 'inside_box',
           'make_task', 'Scene', 'Task', 'TASKS', 'tasks_of']

TASKS: dict[str, type[Task]] = {task.name: task for task in (
    PickPlace, Reach, Push, HandOver, LiftTray, FetchCube)}


def make_task(name: str) -> Task:
    """Return the task of that name.

    Raises:
        ConfigError: There is none; the text names the nearest.
    """
    if name not in TASKS:
        raise ConfigError(f'no task {name!r}; {nearest(name, list(TASKS))}')
    return TASKS[name]()


def tasks_of(contract: Contract) -> list[str]:
    """Return the tasks of the robot that a contract is for; of one that is not simulated, all."""
    return [name for name, task in TASKS.items()
            if task.world.robot == contract.robot] or list(TASKS)


def default_task(contract: Contract) -> str:
    """Return the first task of the robot that a contract is for; PickPlace for others."""
    return tasks_of(contract)[0]
