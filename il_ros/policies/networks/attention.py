"""Multi-head attention and dropout, at the speed that a CPU is capable of in training."""
from __future__ import annotations

import torch
from torch import nn, Tensor
from torch.nn import functional as F

DRAWS = 4  # numbers of 16 bit in one of 64


class Dropout(nn.Dropout):
    """Dropout; on a CPU, where torch draws unit by unit, of 16 bit of a random number each.

    The share that is left out is `p` to 1 / 65,536.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return x with units left out, in training. Any shape."""
        if not self.training or not self.p or x.device.type != 'cpu':
            return super().forward(x)
        draws = torch.empty(-(-x.numel() // DRAWS), dtype=torch.int64).random_(-1 << 63, None)
        kept = draws.view(torch.int16)[:x.numel()].view(x.shape) >= round(
            self.p * (1 << 16)) - (1 << 15)
        return (x * kept).mul_(1 / (1 - self.p))


class Attention(nn.Module):
    """Multi-head attention with positions added to queries and keys (Carion et al. 2020, DETR).

    Vaswani et al. 2017 (arXiv:1706.03762), section 3.2.2.
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.project = nn.Linear(width, 3 * width)  # to queries, keys and values
        self.out = nn.Linear(width, width)
        self.dropout = Dropout(dropout)
        nn.init.zeros_(self.project.bias)
        nn.init.zeros_(self.out.bias)

    def forward(self, queries: Tensor, query_positions: Tensor, tokens: Tensor, positions: Tensor,
                padding: Tensor | None = None) -> Tensor:
        """Return what each query finds among the tokens. Shape (B, Q, W).

        Args:
            queries: (B, Q, W).
            query_positions: Broadcast to the queries.
            tokens: (B, T, W).
            positions: Broadcast to the tokens.
            padding: True for tokens that are none. Shape (B, T).
        """
        weights, biases = self.project.weight.chunk(3), self.project.bias.chunk(3)
        q, k, v = (F.linear(x, weight, bias).view(*x.shape[:2], self.heads, -1).transpose(1, 2)
                   for x, weight, bias in zip(
                       (queries + query_positions, tokens + positions, tokens), weights, biases,
                       strict=True))  # (B, heads, Q or T, W / heads)
        seen = None if padding is None else ~padding[:, None, None]
        if self.training and q.device.type == 'cpu':
            found = self._found(q, k, v, seen)
        else:
            found = F.scaled_dot_product_attention(
                q, k, v, seen, self.dropout.p if self.training else 0.0)
        return self.out(found.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]

    def _found(self, q: Tensor, k: Tensor, v: Tensor, seen: Tensor | None) -> Tensor:
        """Return the same in plain products: on a CPU their gradients take the least time."""
        with torch.autocast('cpu', enabled=False):  # the softmax adds up in 32 bit by itself
            scores = q * q.shape[-1] ** -0.5 @ k.transpose(-1, -2)
            if seen is not None:
                scores = scores.masked_fill(~seen, -torch.inf)
            weights: Tensor = self.dropout(scores.softmax(-1))
            return weights @ v
