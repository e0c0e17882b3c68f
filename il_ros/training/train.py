"""The training loop, top to bottom."""
from __future__ import annotations

from collections.abc import Callable, Sequence
import copy
from dataclasses import replace
import math
import os
from pathlib import Path
import time
from typing import Any, NamedTuple

from il_ros.config import to_mapping
from il_ros.datasets.reader import Dataset
from il_ros.errors import CheckpointError
from il_ros.kinematics import find_urdf
from il_ros.policies.checkpoint import Checkpoint, write
from il_ros.policies.config import AugmentationConfig
from il_ros.policies.inputs.tool_frame import ToolFrame
from il_ros.policies.load import make_network
from il_ros.policies.networks.augmentation import augment
from il_ros.policies.transforms import Chain, features, Normalize
from il_ros.training.batches import Batches, Part, prefetched
from il_ros.training.checkpoint import load_state, require_same_run, save_state
from il_ros.training.config import TrainConfig
from il_ros.training.image_cache import cached_images
from il_ros.training.joined import axes_of, check_inputs, Joined
from il_ros.training.pose_augmentation import PoseAugmentation
from il_ros.training.precision import choose, fast_attention
from il_ros.training.provenance import provenance
from il_ros.training.samples import Samples, Source
from il_ros.training.schedule import averaging, schedule, update_average
from il_ros.training.shares import expected
from il_ros.training.start import set_start, start_normalization
from il_ros.training.unnamed import require_units
from il_ros.training.validation import validate, Validation
from lightning_fabric import Fabric
from lightning_fabric.loggers import TensorBoardLogger
import numpy as np
import torch
from torch import Tensor

REPORT_EVERY = 10           # steps between two calls of `progress`
STATISTICS_ROWS = 50_000    # more rows do not move mean and spread


class Report(NamedTuple):
    """Where a run stands.

    Attributes:
        loss: Of the newest batch.
        validation: Newest validation error; NaN before the first and without episodes for it.
        samples_per_s: Of all processes, since the run began or was resumed.
        left_s: Time that the rest takes at this rate [s].
        waited: Share of the time in which a step waited for its batch.
    """

    step: int
    steps: int
    loss: float
    validation: float
    samples_per_s: float
    left_s: float
    waited: float


Progress = Callable[[Report], None]


def train(dataset: Path, out: Path, config: TrainConfig, *, resume: bool = False,
          progress: Progress | None = None) -> Path:
    """Train a policy on a dataset folder; see `fit`."""
    return fit(Dataset(dataset), out, config, resume=resume, progress=progress)


def fit(source: Source, out: Path, config: TrainConfig, *, resume: bool = False,
        despite: str = '', progress: Progress | None = None) -> Path:
    """Train a policy.

    Args:
        source: Recorded episodes.
        out: Receives `best` (lowest validation loss) and `last`, both checkpoints, `state` (for
            resuming) and `logs` (TensorBoard).
        config: All settings; the same settings and data give the same weights.
        resume: Go on where a stopped run in `out` was saved last, with equal results.
        despite: Why data are learned from that a licence or a consent forbids.
        progress: Called every few steps.

    Returns:
        The folder of the best checkpoint.

    Raises:
        CheckpointError: `out` holds a run already, or none to resume, or cannot be written.
        DatasetError: There is nothing to learn from, or a licence or a consent forbids it.
        ConfigError: The robot has no such input, or a batch is too small to be shared.
    """
    if not resume and (out / 'state').exists():
        raise CheckpointError(f'{out}: holds a training run; give another folder, or --resume')
    data = provenance(source, config.start, despite)
    config = replace(config, precision=choose(config, out / 'state' if resume else None))
    torch.set_num_threads(config.threads)
    local = int(os.environ.get('LOCAL_WORLD_SIZE', 1))  # more than one under torchrun
    fabric = Fabric(accelerator=config.accelerator, devices=local,
                    num_nodes=int(os.environ.get('WORLD_SIZE', 1)) // local,
                    precision=config.precision, loggers=TensorBoardLogger(out, 'logs', ''))
    fabric.launch()

    check_inputs(source, config.policy)
    require_units(source)
    images = cached_images(source, config.policy)
    space = config.policy.space(source.contract)
    urdf = find_urdf(source.contract) if space.tools else None
    frame = ToolFrame.of(space, urdf) if urdf else None
    samples = Samples.of(source, config, images, frame, axes_of(source, config))
    to_features = features(config.policy, source.contract, frame)
    augmentation = PoseAugmentation.of(config.policy, source.contract)
    normalize = start_normalization(config, source.contract) or fit_normalization(
        samples, to_features, config, augmentation)
    transforms = Chain((to_features, normalize))
    batches = Batches(samples, transforms, config, fabric.global_rank, fabric.world_size,
                      augmentation)

    torch.manual_seed(config.seed)
    network = make_network(config.policy, source.contract)
    set_start(network, config)
    average = fabric.to_device(copy.deepcopy(network).eval())
    optimizer = torch.optim.AdamW(network.parameters(), lr=config.learning_rate,
                                  betas=config.betas, weight_decay=config.weight_decay,
                                  fused=True)
    settings = {'config': to_mapping(config), 'rows': len(samples.actions),
                'contract': source.contract.hash}
    if isinstance(source, Joined):
        settings['data'] = source.record()
    start, best, validation = 0, math.inf, math.nan
    if resume:
        state = load_state(out / 'state', network, average, optimizer)
        require_same_run(out, state['settings'], settings)
        start, best = state['step'], state['best']
    model, optimizer = fabric.setup(network, optimizer)
    model.mark_forward_method('loss')
    if config.compile:
        network.loss = torch.compile(network.loss)  # type: ignore[method-assign]
    checkpoint = Checkpoint(config.policy, source.contract, normalize, urdf)
    began = time.monotonic()

    # The loss is the mean of the members': so each is clipped as it would be alone.
    max_norm = config.clip_norm / math.sqrt(config.policy.members)
    waited = 0.0
    with prefetched(batches.parts, range(start, config.steps), config.loaders) as prepared:
        for step in range(start, config.steps):
            asked = time.monotonic()
            parts = next(prepared)
            waited += time.monotonic() - asked
            torch.manual_seed(batches.seed(step))
            for group in optimizer.param_groups:
                group['lr'] = config.learning_rate * schedule(step, config)
            model.train()
            with fast_attention(config.precision, fabric.device):
                figures = add_gradients(fabric, model, parts, config.policy.augmentation)
            fabric.clip_gradients(model, optimizer, max_norm=max_norm)
            optimizer.step()
            optimizer.zero_grad()
            update_average(average, network, averaging(step, config))

            done = step + 1
            if done % REPORT_EVERY == 0 or done == config.steps:
                passed = time.monotonic() - began
                rate = (done - start) / passed
                report = Report(done, config.steps, figures['loss'].item(), validation,
                                rate * config.batch_size, (config.steps - done) / rate,
                                waited / passed)
                fabric.log_dict({f'train/{k}': v.item() for k, v in figures.items()}
                                | {'train/samples_per_s': report.samples_per_s,
                                   'train/waited': report.waited}, done)
                if progress and fabric.is_global_zero:
                    progress(report)
            if done % config.validate_every == 0 or done == config.steps:
                found = validate(average, samples, transforms, fabric)
                validation = found.error
                fabric.log_dict({'validation/l1': validation, **found.figures,
                                 'train/learning_rate': optimizer.param_groups[0]['lr']}, done)
                if fabric.is_global_zero:
                    weights = {k: v.cpu().numpy() for k, v in average.state_dict().items()}
                    record = {'step': done, 'steps': config.steps,
                              'validation': None if math.isnan(validation) else validation,
                              'rows': len(samples.training), 'episodes': len(source.lengths),
                              'seconds': time.monotonic() - began, 'config': settings['config'],
                              **data, **mixed(source, samples, config, found)}
                    if not validation > best:  # NaN, without validation: the last is the best
                        best = validation
                        write(out / 'best', checkpoint, weights, record)
                    write(out / 'last', checkpoint, weights, record)
                    save_state(out / 'state', network, average, optimizer.optimizer,
                               {'step': done, 'best': best, 'settings': settings})
                fabric.barrier()
    fabric.logger.finalize('success')
    return out / 'best'


def fit_normalization(samples: Samples, to_features: Chain, config: TrainConfig,
                      augmentation: PoseAugmentation | None = None) -> Normalize:
    """Return the normalisation of the training split alone."""
    every = -(-len(samples.training) // STATISTICS_ROWS)
    rows = samples.training[::every]
    data, valid = samples.batch(rows, with_images=False)
    if augmentation:
        data = augmentation.draw(len(rows), np.random.default_rng(config.seed)).apply(data)
    return Normalize.fit(to_features.forward(data), config.policy.normalization, valid)


def add_gradients(fabric: Fabric, model: Any, parts: Sequence[Part],
                  augmentation: AugmentationConfig) -> dict[str, Tensor]:
    """Add the gradients of a step's loss, part by part; return the loss and figures to log."""
    total: dict[str, Tensor] = {}
    for number, (batch, weight) in enumerate(parts, 1):
        with fabric.no_backward_sync(model, enabled=number < len(parts)):
            prepared = augment(fabric.to_device(batch), augmentation)
            with fabric.autocast():  # which Fabric leaves out around methods other than forward
                loss, figures = model.loss(prepared)
            fabric.backward(loss * weight)
        for name, value in {**figures, 'loss': loss.detach()}.items():
            total[name] = total.get(name, torch.zeros_like(value)) + value * weight
    return total


def mixed(source: Source, samples: Samples, config: TrainConfig, found: Validation
          ) -> dict[str, Any]:
    """Return what the record of a run says of several datasets, and of shares by task."""
    if not samples.axes:
        return {}
    drawn = expected(samples.mixture(config), samples.axes, samples.origin, config.batch_size)
    return {'data': source.record() if isinstance(source, Joined) else {},
            'drawn': [one._asdict() for one in drawn],
            'validation_by_dataset': found.datasets, 'validation_by_task': found.tasks}
