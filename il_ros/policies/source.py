"""Where a policy comes from: described at once, opened in the process that runs it.

A place is a checkpoint folder that training wrote, an .onnx file that `il_ros export` wrote (each
may lie in a bucket), the address of a policy server (ws://host:port), or a .yaml file with a
`RemoteConfig`.
"""
from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from il_ros.buckets.fetch import local
from il_ros.config import build, parse_yaml, read_text
from il_ros.contract import Contract, require_same
from il_ros.errors import CheckpointError, ConfigError, install
from il_ros.policies.config import one_of
from il_ros.policies.policy import cannot_continue, Description, Policy
from il_ros.policies.remote.remote_config import RemoteConfig
from il_ros.policies.runtimes import onnx_cache, onnx_policy

LONGEST, LONGEST_NAME = 4096, 255     # characters of a path or an address, and of a file's name
ONNX_BACKENDS = ('onnx', 'openvino', 'openvino-bf16')  # which run an exported file
BACKENDS = ('torch', *ONNX_BACKENDS)
Place = Path | str  # a text where it is an address


@dataclass(frozen=True)
class Options:
    """How a policy is run.

    Attributes:
        backend: 'torch', 'onnx' for ONNX Runtime, 'openvino' or 'openvino-bf16', which compute an
            exported form of a checkpoint, made on first use. torch leaves an .onnx file to ONNX
            Runtime. bf16 is not exact; see `onnx_runtimes.OpenVino`.
        threads: CPU threads of the network.
        device: Of torch; the others compute on the CPU.
        realtime: Chunks go on from others (real-time chunking).
    """

    backend: str = 'torch'
    threads: int = 1
    device: str = 'cpu'
    realtime: bool = False

    def __post_init__(self) -> None:
        one_of(self.backend, BACKENDS, 'backend')
        if self.threads < 1:
            raise ConfigError(f'threads: expected at least 1, got {self.threads}')
        if self.backend in ONNX_BACKENDS and self.device != 'cpu':
            raise ConfigError(f"device: expected 'cpu' with the backend {self.backend}, got "
                              f'{self.device!r}; take the backend torch for a GPU')

    def check(self, place: Place, description: Description) -> None:
        """Refuse a policy that cannot be run like this.

        Raises:
            ConfigError: It cannot.
        """
        if self.realtime and not (description.continues and self.backend == 'torch'):
            raise cannot_continue(f'{place} ({description.kind}, backend {self.backend})')


def parse_place(text: str) -> Place:
    """Return the place that a parameter or option names.

    Raises:
        ConfigError: No file and no server can have that name.
    """
    if len(text) > LONGEST or '\0' in text or max(map(len, text.split('/'))) > LONGEST_NAME:
        raise ConfigError(f'policy {text[:64]!r}: expected a path or an address of up to '
                          f'{LONGEST} characters, {LONGEST_NAME} between two /, '
                          f'got {len(text)} characters')
    return text if text.startswith(('ws://', 'wss://')) else Path(text)


def is_server(place: Place) -> bool:
    """Return whether the policy runs elsewhere."""
    return isinstance(place, str) or place.suffix in ('.yaml', '.yml')


def weights_hash(place: Place) -> str:
    """Return the SHA-256 of a policy's weights in hex; '' for a server, or where there are none.

    Those of a checkpoint are its model.safetensors, those of an exported policy its file.
    """
    if is_server(place):
        return ''
    file = Path(place) if Path(place).suffix == '.onnx' else Path(place) / 'model.safetensors'
    if not file.is_file():
        return ''
    digest = sha256()
    with file.open('rb') as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def describe(place: Place, contract: Contract | None = None) -> Description:
    """Return what is known of a policy without its weights or its server.

    Args:
        place: Where it comes from.
        contract: The robot that it shall drive; any when None.

    Raises:
        BucketError: It cannot be fetched.
        CheckpointError: The description is missing or cannot be read.
        ConfigError: The description of a server is wrong, or there is no contract for it.
        ContractMismatchError: It is for another robot; the text shows the difference.
    """
    place = _here(place)
    if remote := _remote(place):
        contract = _robot(place, contract)
        remote.check(contract)
        return Description(contract, 'remote', remote.cameras(contract), remote.rows)
    assert isinstance(place, Path)
    if place.suffix == '.onnx':
        found = onnx_policy.describe(place)
    else:
        from il_ros.policies.checkpoint import read

        whole = read(place)
        found = Description(whole.contract, whole.config.kind, whole.config.cameras,
                            whole.config.horizon, whole.config.continues, whole.config.past)
    if contract is not None:
        require_same(contract, found.contract, 'this robot', 'the checkpoint')
    return found


def open_policy(place: Place, options: Options = Options(), contract: Contract | None = None, *,
                deadline_s: float = 1.0, start_deadline_s: float = 60.0) -> Policy:
    """Return the policy, ready to infer. Sets the threads of this process's PyTorch.

    Args:
        place: Where it comes from.
        options: How it is run, where it is run here.
        contract: The robot; only a server needs to be told.
        deadline_s: Longest time for an answer of a server.
        start_deadline_s: The same for its first answer.

    Raises:
        CheckpointError: It is damaged, or the backend cannot run it.
        ConfigError: The options ask for what this policy cannot.
        RemoteError: The server cannot be reached or gives no chunks for this robot.
    """
    place = _here(place)
    if options.realtime:
        options.check(place, describe(place, contract))
    if remote := _remote(place):
        try:
            from il_ros.policies.remote.client import RemotePolicy
        except ModuleNotFoundError as error:
            raise CheckpointError(f'{place}: a policy server takes {error.name}: '
                                  f'{install("remote", str(error.name))}') from None
        return RemotePolicy(remote, _robot(place, contract), deadline_s=deadline_s,
                            start_deadline_s=start_deadline_s)
    assert isinstance(place, Path)
    if place.suffix == '.onnx':
        backend = options.backend if options.backend in ONNX_BACKENDS else 'onnx'
        return onnx_policy.OnnxPolicy(place, threads=options.threads, backend=backend)
    if options.backend in ONNX_BACKENDS:
        return onnx_policy.OnnxPolicy(onnx_cache.cached(place), threads=options.threads,
                                      backend=options.backend)
    from il_ros.policies.load import load
    import torch

    torch.set_num_threads(options.threads)
    return load(place, device=options.device)


def _here(place: Place) -> Place:
    return local(place) if isinstance(place, Path) else place


def _remote(place: Place) -> RemoteConfig | None:
    if not is_server(place):
        return None
    if isinstance(place, str):
        return RemoteConfig(place)
    return build(RemoteConfig, parse_yaml(read_text(place), str(place)), str(place))


def _robot(place: Place, contract: Contract | None) -> Contract:
    if contract is None:
        raise ConfigError(f'{place}: a policy server knows no robot; say which one it shall drive')
    return contract
