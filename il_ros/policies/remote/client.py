"""A policy on another machine, over openpi's websocket protocol.

What a server of openpi (scripts/serve_policy.py) or `policies.remote.serve_lerobot` serves drives
the robot like any other policy. The protocol was read off openpi's websocket_client_policy.py and
websocket_policy_server.py (github.com/Physical-Intelligence/openpi, Apache-2.0): the server sends
its metadata, then answers each observation with a chunk; text is an error. Nothing is unpickled.

The chunk's rows have to be the contract's period apart: the server's policy was trained on data of
that rate.
"""
from __future__ import annotations

import asyncio
from collections.abc import Mapping
import os
from typing import Any

import cv2
from il_ros.contract import Contract
from il_ros.errors import ReachError, RemoteError
from il_ros.policies.policy import start_observation
from il_ros.policies.remote.remote_actions import RemoteActions
from il_ros.policies.remote.remote_config import ImageKey, RemoteConfig, VectorKey
from il_ros.policies.remote.wire import pack, unpack
from il_ros.types import Floats, Observation, Pixels
import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

MAX_ANSWER = 16_000_000  # bytes
MAX_ERROR = 1000         # characters of a server's error that are shown, its end


class RemotePolicy:
    """The client; a `Policy` that connects again by itself where the connection was lost."""

    def __init__(self, config: RemoteConfig, contract: Contract, *, deadline_s: float = 1.0,
                 start_deadline_s: float = 60.0) -> None:
        """Connect and ask once, which tells the chunk's length and lets the server warm up.

        Args:
            config: The server.
            contract: The robot.
            deadline_s: Longest time for one chunk, a lost connection included.
            start_deadline_s: The same for the first.

        Raises:
            ConfigError: The configuration does not fit the contract.
            RemoteError: The server cannot be reached, fails or answers wrongly.
        """
        config.check(contract)
        self.contract = contract
        self.cameras = config.cameras(contract)
        self.metadata: dict[str, Any] = {}
        self._config = config
        self._loop = asyncio.new_event_loop()
        self._connection: ClientConnection | None = None
        self._fresh = True  # the server has to forget what came before
        self._actions = RemoteActions(config, contract)
        self._deadline_s = start_deadline_s
        self.horizon = 0
        try:
            self.horizon = len(self._chunk(start_observation(contract, self.cameras)))
        except RemoteError:
            self.close()
            raise
        self._deadline_s = deadline_s
        self._fresh = True

    def infer(self, observation: Observation) -> Floats:
        """Return the next joint targets within the contract's limits. Shape (H, J).

        Raises:
            RemoteError: There is no answer within the deadline, the server failed, or the answer
                is no chunk for this robot. The next call connects anew where that is needed.
            ReachError: The server wants a tool where its arm cannot bring it.
        """
        rows = self._chunk(observation)
        try:
            return self._actions.targets(rows, observation.state)
        except ReachError as error:
            raise ReachError(f'{self._config.url}: {error}') from None

    def _chunk(self, observation: Observation) -> Floats:
        """Return what the server says. Shape (H, S)."""
        where, limit = self._config.url, self._deadline_s
        try:
            answer = self._loop.run_until_complete(
                asyncio.wait_for(self._exchange(observation), limit))
        except asyncio.TimeoutError:  # not the built-in one in Python 3.10
            self._drop()  # a late answer must not pass for the next one
            raise RemoteError(f'{where}: no answer within {limit:g} s; raise deadline_s, or see '
                              'what the server is doing') from None
        except OSError as error:
            self._drop()
            raise RemoteError(f'{where}: cannot be reached: {error}; start the server there, or '
                              'correct the address') from None
        except ConnectionClosed as error:
            self._drop()
            raise RemoteError(f'{where}: the connection ended: {error}') from None
        except WebSocketException as error:
            self._drop()
            raise RemoteError(f'{where}: no policy server, or another API key: {error}') from None
        except RemoteError as error:
            self._drop()
            raise RemoteError(f'{where}: {error}') from None
        return self._checked(answer)

    def reset(self) -> None:
        """Let a server that keeps a history forget it, if it says how; openpi's keep none."""
        self._fresh = True

    def close(self) -> None:
        """End the connection."""
        self._drop()
        self._loop.run_until_complete(asyncio.sleep(0))  # the transport closes its socket
        self._loop.close()

    async def _exchange(self, observation: Observation) -> dict[str, Any]:
        kept = self._connection is not None
        try:
            return await self._ask(observation)
        except ConnectionClosed:  # between two requests, as when the server was started anew
            if not kept:
                raise
            self._drop()
            return await self._ask(observation)

    async def _ask(self, observation: Observation) -> dict[str, Any]:
        if self._connection is None:
            headers = {}
            if self._config.api_key_variable:
                headers['Authorization'] = 'Api-Key ' + os.environ.get(
                    self._config.api_key_variable, '')
            self._connection = await connect(  # pings: nobody would answer between two requests
                self._config.url, compression=None, max_size=MAX_ANSWER, ping_interval=None,
                open_timeout=None, proxy=None, additional_headers=headers)
            self.metadata = _mapping(await self._connection.recv())
        await self._connection.send(pack(self._encode(observation)))
        answer = _mapping(await self._connection.recv())
        self._fresh = False
        return answer

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.transport.abort()
            self._connection = None

    def _encode(self, observation: Observation) -> dict[str, Any]:
        """Return the observation as the server wants it."""
        config, contract = self._config, self.contract
        lerobot = (config.style or self.metadata.get('style')) == 'lerobot'
        names = contract.joint_names
        found: dict[str, Any] = {}
        vectors, images = config.state, config.images
        if vectors is None:
            vectors = (VectorKey('observation.state' if lerobot else 'observation/state'),)
        for part in vectors:
            columns = [names.index(name) for name in part.joints or names]
            found[part.key] = observation.state[columns].astype(np.float32)
        if images is None:
            prefix = 'observation.images.' if lerobot else 'observation/'
            images = tuple(ImageKey(prefix + name, name) for name in self.cameras)
        for image in images:
            pixels = observation.images[image.camera]
            pixels = fit(pixels, *image.size) if image.size else pixels
            found[image.key] = pixels.transpose(2, 0, 1) if image.channels_first else pixels
        if config.tool_state:
            found[config.tool_state] = self._actions.tool_state(observation.state
                                                                ).astype(np.float32)
        key = config.environment or ('observation.environment_state' if lerobot else '')
        if key and contract.poses:
            found[key] = observation.environment.astype(np.float32)
        found[config.prompt or ('task' if lerobot else 'prompt')] = (
            config.task or observation.task or contract.task)
        if config.nested_at:
            found = _nested(found, config.nested_at)
        if self._fresh and isinstance(told := self.metadata.get('reset_key'), str):
            found[told] = True
        return found

    def _checked(self, answer: Mapping[str, Any]) -> Floats:
        where, key = self._config.url, self._config.actions
        if key not in answer:
            raise RemoteError(f'{where}: no {key!r} in the answer, which holds '
                              f'{", ".join(map(str, answer)) or "nothing"}; set `actions`')
        actions = np.asarray(answer[key])
        size = self._actions.size
        if actions.ndim != 2 or actions.shape[1] != size or not len(actions) or (
                actions.dtype.kind not in 'fiu'):
            raise RemoteError(f'{where}: expected {key!r} of shape (rows, {size}), '
                              f'{self._actions.what}, got {actions.dtype} {actions.shape}')
        if not np.isfinite(actions).all():
            raise RemoteError(f'{where}: {key!r} holds values that are not finite')
        chunk: Floats = actions[:self._config.rows].astype(np.float64)
        if self.horizon and len(chunk) != self.horizon:
            raise RemoteError(f'{where}: expected {self.horizon} rows as in the first answer, got '
                              f'{len(chunk)}; load the policy again')
        return chunk


def fit(image: Pixels, height: int, width: int) -> Pixels:
    """Return an image that keeps its proportions within black borders. Shape (height, width, 3).

    What openpi's clients do with `resize_with_pad` before they send.
    """
    scale = min(height / image.shape[0], width / image.shape[1])
    rows, columns = (max(1, round(length * scale)) for length in image.shape[:2])
    small = cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA)
    found = np.zeros((height, width, 3), np.uint8)
    top, left = (height - rows) // 2, (width - columns) // 2
    found[top:top + rows, left:left + columns] = small
    return found


def _mapping(message: str | bytes) -> dict[str, Any]:
    if isinstance(message, str):
        raise RemoteError(f'the server failed: {message.strip()[-MAX_ERROR:]}')
    return unpack(message)


def _nested(flat: Mapping[str, Any], separator: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in flat.items():
        *folders, name = key.split(separator)
        place = found
        for folder in folders:
            place = place.setdefault(folder, {})
        place[name] = value
    return found
