"""In how many bits a run computes."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from il_ros.policies.checkpoint import read_json
from il_ros.training.config import AUTO, TrainConfig
import torch
from torch.nn.attention import sdpa_kernel, SDPBackend

FULL, MIXED = '32-true', 'bf16-mixed'
CPU_FLAG = 'amx_bf16'  # matrix products of bfloat16 in hardware; without it they cost more


def choose(config: TrainConfig, state: Path | None, cpuinfo: Path = Path('/proc/cpuinfo')) -> str:
    """Return the precision of a run; what `auto` means is decided where it begins.

    Args:
        config: With `auto`, a policy with cameras computes in bfloat16 where the hardware does,
            any other in 32 bit: without convolutions there is little to gain.
        state: Of the run to resume, which goes on as it began; None for a new one.
        cpuinfo: Tells what this processor can do.
    """
    if config.precision != AUTO:
        return config.precision
    if state is not None and (state / 'state.json').is_file():
        began = read_json(state / 'state.json')['settings']['config']
        return str(began.get('precision', FULL))
    if not config.policy.cameras:
        return FULL
    if config.accelerator != 'cpu' and torch.cuda.is_available():
        return MIXED if torch.cuda.is_bf16_supported(including_emulation=False) else FULL
    return MIXED if cpuinfo.is_file() and CPU_FLAG in cpuinfo.read_text().split() else FULL


@contextmanager
def fast_attention(precision: str, device: torch.device) -> Iterator[None]:
    """Leave out the fused attention where its gradient is slow: in bfloat16 on a CPU.

    There it took ten times as long as the products it is made of (torch 2.13, chunks of 16).
    """
    with (sdpa_kernel(SDPBackend.MATH) if precision == MIXED and device.type == 'cpu'
          else nullcontext()):
        yield
