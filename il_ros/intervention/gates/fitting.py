"""A dataset and the policy that learnt from it become that policy's gate.

Thresholds and the classifier come from what a person did in the validation episodes, which the
policy did not learn from. Q comes from all episodes with an outcome, rollouts among them.
"""
from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from il_ros.angles import Angles
from il_ros.config import build
from il_ros.datasets.gaps import stretches
from il_ros.errors import DatasetError
from il_ros.intervention.gates import thrifty
from il_ros.intervention.gates.files import (
    fingerprint,
    GateModel,
    Inputs,
    JSON,
    Record,
    Thresholds,
    write,
)
from il_ros.intervention.gates.learning import fit_classifier, fit_value, Transitions
from il_ros.intervention.gates.models import Perceptron, Twin
from il_ros.intervention.gates.safe import unsafe, unsafe_threshold
from il_ros.policies.checkpoint import read_json, TRAINING
from il_ros.policies.load import LearnedPolicy, load
from il_ros.policies.policy import infer_or_hold
from il_ros.policies.transforms import LEAST_SCALE
from il_ros.training.config import SOURCES, TrainConfig
from il_ros.training.joined import axes_of
from il_ros.training.samples import Source
from il_ros.training.split import held_out
from il_ros.types import ControlSource, Floats, Observation, PERSON
import numpy as np
from numpy.typing import NDArray

CHI = 0.99          # quantile of held-out doubt above which EnsembleDAgger asks
MOST_ROWS = 6000    # that the policy is asked about; rows are left out evenly beyond
FEWEST_HELD_OUT = 25

Mask = NDArray[np.bool_]


class _Steps(NamedTuple):
    """Every kept row of the dataset.

    Attributes:
        inputs: With the executed action. Shape (n, D).
        wanted: With what the policy would have done. Shape (n, D).
        discrepancy: Between the two. Shape (n,).
        doubt: NaN of one member. Shape (n,).
        last: Of its episode. Shape (n,).
        cut: What follows was not recorded: a gap. Shape (n,).
        success: Of its episode. Shape (n,).
        human: A person acted. Shape (n,).
        robot: The policy acted. Shape (n,).
        held_out: The policy did not learn from the episode. Shape (n,).
        episode: Shape (n,).
    """

    inputs: Floats
    wanted: Floats
    discrepancy: Floats
    doubt: Floats
    last: Mask
    cut: Mask
    success: Mask
    human: Mask
    robot: Mask
    held_out: Mask
    episode: NDArray[np.int64]


def fit_gate(checkpoint: Path, source: Source, *, alpha: float = 0.05, seed: int = 0) -> GateModel:
    """Learn the gate of a policy and put it into the checkpoint folder.

    What the data cannot give is left out, and the gates that need it say so.

    Args:
        checkpoint: Folder that `training.train` wrote.
        source: The episodes that it was trained on.
        alpha: ThriftyDAgger's budget: switches to the person per step of the robot.
        seed: Same seed and data, same gate.

    Raises:
        CheckpointError: The checkpoint is missing or damaged.
        DatasetError: It is another dataset, or nobody drove in the validation episodes.
    """
    steps, scale = _steps(load(checkpoint), source, *_validation(checkpoint, source))
    held = steps.human & steps.held_out
    if held.sum() < FEWEST_HELD_OUT:
        raise DatasetError(f'the gate: expected at least {FEWEST_HELD_OUT} steps of a person that '
                           f'the policy did not learn from, got {held.sum()}; record more '
                           'episodes or train with a larger validation_share')
    tau = unsafe_threshold(steps.discrepancy[held])
    safe = fit_classifier(steps.wanted[held], unsafe(steps.discrepancy[held], tau), seed)
    ensemble = bool(np.isfinite(steps.doubt).all())
    chi = float(np.quantile(steps.doubt[held], CHI)) if ensemble else None
    value = _value(steps, seed) if ensemble else None
    thresholds = Thresholds(tau, chi, alpha)
    if value:
        thresholds = _thrifty(steps, value, held, thresholds)
    record = Record(fingerprint(checkpoint), tuple(scale.tolist()), thresholds, int(held.sum()),
                    len(np.unique(steps.episode)))
    model = GateModel(record, safe, value)
    write(checkpoint, model)
    return model


def renew_gate(first: Path, checkpoint: Path, source: Source) -> str:
    """Learn the gate of a policy that follows another, if that one has a gate, with its budget.

    Args:
        first: Folder of the policy that it follows.
        checkpoint: Folder of the policy.
        source: The episodes that it was trained on.

    Returns:
        What became of it, in words; '' where there is no gate to follow.
    """
    if not (first / JSON).is_file():
        return ''
    record = build(Record, read_json(first / JSON), str(first / JSON))
    try:
        fit_gate(checkpoint, source, alpha=record.thresholds.alpha)
    except DatasetError as error:
        return str(error)
    return 'learnt when to ask for help'


def _value(steps: _Steps, seed: int) -> Twin | None:
    if not steps.success.any() or steps.success.all():
        return None
    known = ~steps.cut
    return fit_value(Transitions(steps.inputs[known], np.roll(steps.wanted, -1, axis=0)[known],
                                 (steps.last & steps.success)[known], steps.last[known]), seed)


def _thrifty(steps: _Steps, value: Twin | Perceptron, held: Mask,
             thresholds: Thresholds) -> Thresholds:
    rows = steps.robot if steps.robot.sum() >= thrifty.FEWEST else held
    learnt = steps.human & ~steps.held_out
    gate = thrifty.fit(steps.doubt[rows], value(steps.wanted[rows]), thresholds.alpha,
                       float(steps.discrepancy[learnt].mean()))
    return Thresholds(thresholds.tau, thresholds.chi, thresholds.alpha, gate.delta_h, gate.eps_h,
                      gate.delta_r, gate.eps_r)


def _validation(checkpoint: Path, source: Source) -> tuple[Mask, Mask]:
    """Return which rows a person drove and which belong to validation episodes. Shape (N,)."""
    said = read_json(checkpoint / TRAINING)
    if said.get('episodes') != len(source.lengths):
        raise DatasetError(f'the gate: expected the dataset that {checkpoint} was trained on, '
                           f'{said.get("episodes")} episodes, got {len(source.lengths)}')
    config = build(TrainConfig, said['config'], str(checkpoint / TRAINING))
    control = np.asarray(source.columns['control_source']).reshape(-1)
    episode = np.repeat(np.arange(len(source.lengths)), source.lengths)
    labelled = np.isin(control, [int(SOURCES[name]) for name in config.labels])
    _, kept = held_out(config, labelled, episode, axes_of(source, config))
    return np.isin(control, PERSON), np.isin(episode, kept)


def _steps(policy: LearnedPolicy, source: Source, human: Mask,
           held_out: Mask) -> tuple[_Steps, Floats]:
    columns, lengths = source.columns, source.lengths
    state, action = (np.asarray(columns[name], np.float64)
                     for name in ('observation.state', 'action'))
    motion = Angles.of(source.contract).difference(action, state)
    scale = np.maximum(motion[human & ~held_out].std(0), LEAST_SCALE['actions'])
    inputs = Inputs(policy.description, scale)
    every = -(-len(state) // MOST_ROWS)
    executed, wanted, doubt, distance, rows, ends = [], [], [], [], [], []
    config = policy.description.config
    past = every - 1 if config.recurrent else min(config.past, every - 1)
    whole = stretches(lengths, columns.get('tick'))
    for begin, length in zip(np.cumsum([0, *whole[:-1]]), whole, strict=True):
        policy.reset()
        for row in range(begin, begin + length, every):
            seen = replace(_observation(policy, source, row), past=tuple(
                _observation(policy, source, before)
                for before in range(max(begin, row - past), row)))
            chunk = infer_or_hold(policy, seen, None)
            target = seen.state if chunk is None else chunk[0]
            known = policy.uncertainty
            rows.append(row)
            ends.append(begin + length if row + every >= begin + length else -1)
            executed.append(inputs(seen, action[row]))
            wanted.append(inputs(seen, target))
            doubt.append(np.nan if known is None else known[0])
            distance.append(inputs.discrepancy(target, action[row]))
    kept = np.array(rows)
    control = np.asarray(columns['control_source']).reshape(-1)
    success = np.asarray(columns['success']).reshape(-1).astype(bool)
    episode = np.repeat(np.arange(len(lengths)), lengths)
    last = np.isin(ends, np.cumsum(lengths))
    return _Steps(np.array(executed), np.array(wanted), np.array(distance), np.array(doubt), last,
                  (np.array(ends) >= 0) & ~last, success[kept], human[kept],
                  control[kept] == ControlSource.POLICY, held_out[kept], episode[kept]), scale


def _observation(policy: LearnedPolicy, source: Source, row: int) -> Observation:
    columns = source.columns
    environment = np.asarray(columns['observation.environment_state'][row], np.float64) \
        if 'environment' in policy.description.config.inputs else np.empty(0)
    task = source.tasks[int(columns['task_index'][row])] if source.tasks else ''
    return Observation(0, np.asarray(columns['observation.state'][row], np.float64), environment,
                       {name: source.frames(name, [row])[0] for name in policy.cameras},
                       task=task)
