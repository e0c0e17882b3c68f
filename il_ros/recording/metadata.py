"""What rosbag2 writes beside an MCAP file, and what il_ros adds to it."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
import json
from typing import Any

from il_ros.contract import Contract
from il_ros.errors import BagError, ConfigError
from il_ros.names import resolve
from il_ros.recording.definitions import full_type, message_definition
from il_ros.rights import Rights
from il_ros.yaml12 import PLAIN
import yaml

VERSION = 9
OUTCOMES = ('success', 'failure', 'unlabelled')
_FOREVER = {'sec': 9223372036, 'nsec': 854775807}


@dataclass(frozen=True)
class Topic:
    """One recorded topic.

    Attributes:
        name: As the contract or the design names it, relative to the namespace.
        type: Message type, `package/Name` or `package/msg/Name`.
        resolved: Full name on the graph and in the bag; `/name` when empty.
        reliable: Whether its publisher is.
        latched: Whether its publisher keeps its last message for late subscribers.
    """

    name: str
    type: str
    resolved: str = ''
    reliable: bool = True
    latched: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, 'type', full_type(self.type))
        object.__setattr__(self, 'resolved', self.resolved or resolve(self.name))

    @property
    def qos(self) -> list[dict[str, Any]]:
        """The offered QoS in the words of rosbag2 metadata version 9."""
        return [{
            'history': 'keep_last',
            'depth': 1 if self.latched else 10,
            'reliability': 'reliable' if self.reliable else 'best_effort',
            'durability': 'transient_local' if self.latched else 'volatile',
            'deadline': dict(_FOREVER),
            'lifespan': dict(_FOREVER),
            'liveliness': 'automatic',
            'liveliness_lease_duration': dict(_FOREVER),
            'avoid_ros_namespace_conventions': False,
        }]

    @property
    def metadata(self) -> dict[str, Any]:
        """The topic in the words of rosbag2 metadata version 9."""
        return {'name': self.resolved, 'type': self.type, 'serialization_format': 'cdr',
                'offered_qos_profiles': self.qos,
                'type_description_hash': message_definition(self.type).hash}

    @property
    def channel_metadata(self) -> dict[str, str]:
        """Metadata of the MCAP channel; its QoS must equal that of metadata.yaml."""
        return {'offered_qos_profiles': to_yaml(self.qos).strip(),
                'topic_type_hash': message_definition(self.type).hash}


@dataclass(frozen=True)
class Led:
    """How a person led the arm by hand.

    Attributes:
        lead_s: By how much the robot is behind its commands [s]; 0: it was commanded.
        hand_images: The hand may be seen in the pictures, and is wanted there.
    """

    lead_s: float = 0.0
    hand_images: bool = False

    @property
    def row(self) -> dict[str, str]:
        """What `custom_data` says of it; nothing of an arm that was commanded."""
        return {'lead_s': repr(self.lead_s),
                'hand_images': json.dumps(self.hand_images)} if self.lead_s else {}


@dataclass(frozen=True)
class EpisodeInfo:
    """What a bag says about its episode; `custom_data` in metadata.yaml.

    Attributes:
        control_sources: Commands per source: policy, human, hold, arbiter.
        drops: Messages lost per topic, by the transport or by the recorder.
        topics: Name in the bag per topic of the contract or the design.
        rights: Licence, owner and consent, as far as they were stated.
        led: Whether a person led the arm by hand.
    """

    contract: Contract
    task: str = ''
    operator: str = ''
    outcome: str = 'unlabelled'
    start_reason: str = ''
    stop_reason: str = ''
    control_sources: Mapping[str, int] = field(default_factory=dict)
    drops: Mapping[str, int] = field(default_factory=dict)
    topics: Mapping[str, str] = field(default_factory=dict)
    rights: Rights = Rights()
    led: Led = Led()

    def to_custom_data(self) -> dict[str, str]:
        """Return the texts that `from_custom_data` reads back."""
        return {
            'contract': self.contract.to_text(),
            'contract_hash': self.contract.hash,
            'task': self.task,
            'operator': self.operator,
            'outcome': self.outcome,
            'start_reason': self.start_reason,
            'stop_reason': self.stop_reason,
            'control_sources': json.dumps(dict(self.control_sources), sort_keys=True),
            'drops': json.dumps(dict(self.drops), sort_keys=True),
            'topics': json.dumps(dict(self.topics), sort_keys=True),
            **self.rights.row,
            **self.led.row,
        }

    @staticmethod
    def from_custom_data(data: Mapping[str, str], where: str) -> EpisodeInfo:
        """Return what `custom_data` says.

        Raises:
            BagError: The contract is missing or altered, or a value is not valid.
        """
        if 'contract' not in data:
            raise BagError(f'{where}: no contract in metadata.yaml (custom_data: contract): not '
                           'recorded by teleop_capture; name the robot with --robot')
        try:
            contract = Contract.from_text(data['contract'], f'{where}: contract')
            sources, drops, topics = (json.loads(data.get(key) or '{}')
                                      for key in ('control_sources', 'drops', 'topics'))
            led = Led(float(data.get('lead_s') or 0), data.get('hand_images') == 'true')
        except (ConfigError, ValueError) as error:
            raise BagError(f'{where}: custom_data is damaged: {error}') from None
        if contract.hash != data.get('contract_hash'):
            raise BagError(f'{where}: the contract does not match its hash: metadata.yaml is '
                           'damaged or was edited')
        outcome = data.get('outcome', 'unlabelled')
        if outcome not in OUTCOMES:
            raise BagError(f'{where}: outcome {outcome!r}: expected one of {", ".join(OUTCOMES)}')
        return EpisodeInfo(
            contract, data.get('task', ''), data.get('operator', ''), outcome,
            data.get('start_reason', ''), data.get('stop_reason', ''), sources, drops, topics,
            Rights.of(data), led)


def bag_information(topics: Sequence[tuple[Mapping[str, Any], int]], start_ns: int, end_ns: int,
                    file_name: str, custom_data: Mapping[str, str]) -> dict[str, Any]:
    """Return `rosbag2_bagfile_information` of metadata.yaml, version 9.

    Args:
        topics: `Topic.metadata` and the number of messages, in the order of the channels.
        start_ns: First log time.
        end_ns: Last log time.
        file_name: Name of the MCAP file.
        custom_data: `EpisodeInfo.to_custom_data`.
    """
    start = {'nanoseconds_since_epoch': start_ns}
    duration = {'nanoseconds': end_ns - start_ns}
    total = sum(count for _, count in topics)
    return {
        'version': VERSION,
        'storage_identifier': 'mcap',
        'duration': dict(duration),
        'starting_time': dict(start),
        'message_count': total,
        'topics_with_message_count': [{'topic_metadata': dict(topic), 'message_count': count}
                                      for topic, count in topics],
        'compression_format': '',
        'compression_mode': '',
        'relative_file_paths': [file_name],
        'files': [{'path': file_name, 'starting_time': start, 'duration': duration,
                   'message_count': total}],
        'custom_data': dict(custom_data),
        'ros_distro': 'jazzy',
    }


def to_yaml(data: Any) -> str:
    """Return YAML in block style, keys in order, without aliases."""
    return str(yaml.dump(data, Dumper=_NoAlias, sort_keys=False, allow_unicode=True, width=10_000))


class _NoAlias(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


# A text such as 1e-3 is quoted: YAML 1.2 takes it for a number.
_NoAlias.add_implicit_resolver('tag:yaml.org,2002:float', *PLAIN['float'])
