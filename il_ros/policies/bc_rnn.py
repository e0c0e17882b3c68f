"""Recurrent behaviour cloning: what was seen before decides too.

BC-RNN of robomimic (Mandlekar et al. 2021, arXiv:2108.03298, section 4 and appendix D): an LSTM
over the encoded observations, trained on windows of an episode, every tick of a window a label. At
inference the memory goes on from tick to tick until `reset`.

Where this departs from robomimic's code, on purpose:
- each tick predicts a chunk, by the L1 loss of `bc`; there, one action by a mixture or an L2 loss,
- the memory lives as long as the episode; there, it is cleared each time that as many ticks have
  passed as a window has, and with it what was seen,
- windows begin with the episode or later, never before it: an empty memory means the same in
  training and on the robot.
"""
from __future__ import annotations

from il_ros.policies.config import BCConfig, RNNConfig
from il_ros.policies.networks.network import Batch, masked_l1, Network, see, Sizes
from il_ros.policies.networks.vision import KeypointEncoder
import torch
from torch import nn, Tensor


class BCRNN(Network):
    """An encoder of each tick, recurrent layers and a head that gives each tick's chunk."""

    unimodal = True

    def __init__(self, config: RNNConfig, encoder: BCConfig, sizes: Sizes) -> None:
        super().__init__()
        self.vectors = list(sizes.inputs)
        self.encoders = nn.ModuleDict({
            name: KeypointEncoder(encoder.image_widths, encoder.keypoints)
            for name in sizes.images})
        inputs = sum(sizes.inputs.values()) + 2 * encoder.keypoints * len(sizes.images)
        self.enter = nn.Sequential(nn.Linear(inputs, config.hidden), nn.SiLU(),
                                   nn.Dropout(encoder.dropout))
        self.lstm = config.cell == 'lstm'
        self.recurrent = (nn.LSTM if self.lstm else nn.GRU)(
            config.hidden, config.hidden, config.layers, batch_first=True)
        self.leave = nn.Sequential(nn.LayerNorm(config.hidden),
                                   nn.Linear(config.hidden, sizes.horizon * sizes.actions))
        self.chunk = (sizes.horizon, sizes.actions)
        self.memory = (2 if self.lstm else 1, config.layers, 1, config.hidden)

    def forward(self, batch: Batch) -> Tensor:
        """Return the chunk of every tick of windows that begin without a memory.

        Args:
            batch: Inputs with ticks behind the batch dimension, 'state' (B, T, J).

        Returns:
            Shape (B, T, H, J).
        """
        chunks, _ = self._run(batch, None)
        return chunks

    def step(self, batch: Batch, memory: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return the chunk of one tick and the memory after it.

        Args:
            batch: Inputs of one tick, 'state' (B, J).
            memory: After the tick before; None at the start.

        Returns:
            The chunk (B, H, J) and the memory (2 or 1, layers, B, hidden).
        """
        chunks, memory = self._run({key: value[:, None] for key, value in batch.items()}, memory)
        return chunks[:, 0], memory

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the L1 loss over the labelled rows of all ticks.

        Args:
            batch: As in `forward`, with 'actions' (B, T, H, J) and 'valid' (B, T, H).
        """
        loss = masked_l1(self(batch), batch['actions'], batch['valid'])
        return loss, {'l1': loss.detach()}

    def _run(self, batch: Batch, memory: Tensor | None) -> tuple[Tensor, Tensor]:
        parts = [batch[key] for key in self.vectors]
        for name, encoder in self.encoders.items():
            images = batch[f'images.{name}']  # (B, T, H, W, 3)
            parts.append(see(encoder, images).view(*images.shape[:2], -1))
        x = self.enter(torch.cat(parts, -1))  # (B, T, W)
        if self.lstm:
            y, both = self.recurrent(x, None if memory is None else (memory[0], memory[1]))
            after = torch.stack(both)
        else:
            y, hidden = self.recurrent(x, None if memory is None else memory[0])
            after = hidden[None]
        chunks: Tensor = self.leave(y)  # (B, T, H * J)
        return chunks.view(*y.shape[:2], *self.chunk), after
