"""What makes a scene unlike those that a policy was trained on."""
from __future__ import annotations

from dataclasses import dataclass, fields

from il_ros.errors import ConfigError
from il_ros.types import Floats
import mujoco
import numpy as np

COLOURED = ('red', 'box', 'goal')        # materials of what the tasks are about
COLOUR_DISTANCE = 0.45                   # least distance of a new colour from the usual one
TINT = 0.25                              # of a light's colour, as a share of its brightness
SIZED = 'cube'
# Everything that a variation may change in the model.
CHANGED = ('mat_rgba', 'geom_size', 'geom_rbound', 'geom_aabb', 'bvh_aabb', 'body_mass',
           'body_inertia', 'body_subtreemass', 'body_invweight0', 'dof_invweight0', 'dof_M0',
           'dof_length', 'cam_pos', 'cam_quat', 'light_diffuse', 'light_dir')
HEADLIGHT = ('ambient', 'diffuse')


@dataclass(frozen=True)
class Variation:
    """How far a scene may be from the usual one; 0 everywhere is the usual one, bit for bit.

    Attributes:
        beyond: The task's object starts up to so far outside the area of training, never in it
            [m].
        colours: Other colours for object, box and goal.
        size: Largest change of the object's edges, as a share; its mass follows.
        camera: Largest shift of each fixed or mounted camera along each of its axes [m].
        camera_turn: Largest turn of each camera about a random axis [rad].
        light: Largest change of brightness, as a share; lights also change their tint, and their
            direction by as many radians.
    """

    beyond: float = 0.0
    colours: bool = False
    size: float = 0.0
    camera: float = 0.0
    camera_turn: float = 0.0
    light: float = 0.0

    def __post_init__(self) -> None:
        for name, most in (('beyond', 0.06), ('size', 0.4), ('camera', 0.2), ('camera_turn', 0.5),
                           ('light', 0.9)):
            if not 0 <= (value := getattr(self, name)) <= most:
                raise ConfigError(f'{name}: expected 0 to {most}, got {value}')

    @property
    def seen_by_cameras_only(self) -> bool:
        """Whether it changes nothing but pictures."""
        return not self.beyond and not self.size and self != Variation()

    @property
    def changed(self) -> dict[str, float]:
        """The values that are not 0, by name."""
        return {f.name: value for f in fields(self) if (value := getattr(self, f.name))}


class Variable:
    """A model that takes variations and comes back from them unchanged.

    Args:
        model: As it was compiled.
    """

    def __init__(self, model: mujoco.MjModel) -> None:
        self._model = model
        self._usual = {name: getattr(model, name).copy() for name in CHANGED}
        self._head = {name: getattr(model.vis.headlight, name).copy() for name in HEADLIGHT}

    def apply(self, variation: Variation, rng: np.random.Generator) -> float:
        """Make the model as a variation says; what was there before is undone.

        Returns:
            The object's size relative to the usual one.
        """
        for name, value in self._usual.items():
            getattr(self._model, name)[:] = value
        for name, value in self._head.items():
            getattr(self._model.vis.headlight, name)[:] = value
        if variation == Variation():
            return 1.0
        # One stream per cause: what one of them draws does not depend on the others.
        colours, size, cameras, lights = rng.spawn(4)
        if variation.colours:
            self._colour(colours)
        scale = float(1.0 + size.uniform(-variation.size, variation.size))
        self._resize(scale)
        if variation.camera or variation.camera_turn:
            self._move_cameras(variation, cameras)
        if variation.light:
            self._light(variation.light, lights)
        return scale

    def _colour(self, rng: np.random.Generator) -> None:
        for name in COLOURED:
            rgba = self._model.mat_rgba[self._model.material(name).id]
            usual = rgba[:3].copy()
            while np.linalg.norm(rgba[:3] - usual) < COLOUR_DISTANCE:
                rgba[:3] = rng.uniform(0.05, 0.95, 3)

    def _resize(self, scale: float) -> None:
        """Scale the object at equal density; it is one box with one node in the tree of boxes."""
        model, body, geom = self._model, self._model.body(SIZED), self._model.geom(SIZED)
        box, dofs = model.body_bvhadr[body.id], slice(body.dofadr[0], body.dofadr[0] + 6)
        model.body_subtreemass[[0, body.id]] += float(body.mass[0]) * (scale ** 3 - 1)
        for array in (geom.size, model.geom_rbound[geom.id:geom.id + 1],
                      model.geom_aabb[geom.id], model.bvh_aabb[box], model.dof_length[dofs][3:]):
            array *= scale
        body.mass *= scale ** 3
        body.inertia *= scale ** 5
        for weights, power in ((model.body_invweight0[body.id], -1), (model.dof_M0[dofs], 1),
                               (model.dof_invweight0[dofs], -1)):
            linear, angular = np.split(weights, 2)
            linear *= scale ** (3 * power)
            angular *= scale ** (5 * power)

    def _move_cameras(self, variation: Variation, rng: np.random.Generator) -> None:
        model = self._model
        for camera in range(model.ncam):
            model.cam_pos[camera] += rng.uniform(-variation.camera, variation.camera, 3)
            turn, quaternion = np.empty(4), model.cam_quat[camera].copy()
            mujoco.mju_axisAngle2Quat(turn, _direction(rng),
                                      rng.uniform(-1.0, 1.0) * variation.camera_turn)
            mujoco.mju_mulQuat(model.cam_quat[camera], quaternion, turn)

    def _light(self, share: float, rng: np.random.Generator) -> None:
        model = self._model
        brightness = 1.0 + share * rng.uniform(0.5, 1.0) * rng.choice([-1.0, 1.0])
        tint = 1.0 + TINT * rng.uniform(-1.0, 1.0, 3)
        for colour in (*model.light_diffuse,
                       *(getattr(model.vis.headlight, name) for name in HEADLIGHT)):
            colour[:] = np.clip(colour * brightness * tint, 0.0, 1.0)
        for light in model.light_dir:
            light[:] += share * _direction(rng)
            light /= np.linalg.norm(light)


def _direction(rng: np.random.Generator) -> Floats:
    vector = rng.normal(size=3)
    unit: Floats = vector / np.linalg.norm(vector)
    return unit
