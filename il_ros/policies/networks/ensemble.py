"""Several networks of one kind that know the same data differently: their variance is doubt.

Deep ensembles (Lakshminarayanan et al. 2017, arXiv:1612.01474), each member from other initial
weights and on its own bootstrap of the episodes, as in ThriftyDAgger (Hoque et al. 2021,
arXiv:2109.08273, section 4.1).
"""
from __future__ import annotations

from collections.abc import Sequence

from il_ros.policies.bc_rnn import BCRNN
from il_ros.policies.networks.network import Batch, Network
import torch
from torch import nn, Tensor


class Ensemble(Network):
    """Members side by side.

    The chunk is the mean of the members' where the kind has one mode. Of a kind with several it is
    the first member's: members may choose different ways around an obstacle, and their mean leads
    into it.
    """

    def __init__(self, members: Sequence[Network]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.unimodal = members[0].unimodal
        self.noise = members[0].noise
        first = members[0]
        self.memory = (len(members), *first.memory) if isinstance(first, BCRNN) else None

    def forward(self, batch: Batch, *noise: Tensor) -> Tensor:
        """Return the chunk. Shape (B, H, J)."""
        if self.unimodal:
            return self.combined(self.each(batch))
        chunk: Tensor = self.members[0](batch, *noise)
        return chunk

    def combined(self, chunks: Tensor) -> Tensor:
        """Return the chunk of the members' chunks. Shape (N, B, H, J) -> (B, H, J)."""
        return chunks.mean(0) if self.unimodal else chunks[0]

    def each(self, batch: Batch) -> Tensor:
        """Return every member's chunk, drawn from the same noise where they draw. (N, B, H, J)."""
        if self.unimodal:
            return torch.stack([member(batch) for member in self.members])
        seed = int(torch.randint(2**62, ()))
        devices = {value.device for value in batch.values() if value.is_cuda}
        chunks = []
        for member in self.members:
            with torch.random.fork_rng(devices):
                torch.manual_seed(seed)
                chunks.append(member(batch))
        return torch.stack(chunks)

    def step(self, batch: Batch, memory: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return every member's chunk of one tick, (N, B, H, J), and their memories after it."""
        found = [member.step(batch, None if memory is None else memory[k])
                 for k, member in enumerate(self.members) if isinstance(member, BCRNN)]
        chunks, memories = zip(*found, strict=True)
        return torch.stack(chunks), torch.stack(memories)

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the members' mean loss and figures.

        Args:
            batch: Samples of the first member, then of the second, and so on: (N B, ...) each.
        """
        count = len(self.members)
        parts = {key: value.chunk(count) for key, value in batch.items()}
        losses, figures = [], []
        for k, member in enumerate(self.members):
            assert isinstance(member, Network)
            loss, named = member.loss({key: part[k] for key, part in parts.items()})
            losses.append(loss)
            figures.append(named)
        return torch.stack(losses).mean(), {
            key: torch.stack([each[key] for each in figures]).mean() for key in figures[0]}
