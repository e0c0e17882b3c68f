"""Which topic of a bag is which of the contract."""
from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from il_ros.contract import Contract
from il_ros.errors import BagError
from il_ros.names import resolve
from il_ros.recording.definitions import full_type
from il_ros.recording.topics import recorded_topics


class Named(NamedTuple):
    """The topics of a bag by the names that the contract or the design gives them.

    Attributes:
        names: Such a name for each topic of the bag; its own for one that neither knows.
        namespace: Where names without a leading slash were looked for.
        found: Nobody said that it is that namespace: it is the only one that fits.
    """

    names: dict[str, str]
    namespace: str
    found: bool = False


def name_topics(bag: Mapping[str, str], contract: Contract, recorded: Mapping[str, str],
                namespace: str, where: str) -> Named:
    """Name the topics of a bag.

    What the recorder wrote about names counts before all else. Elsewhere a name from `/` on is
    that topic, and the others lie in the given namespace, else in the root, else in the one
    namespace that holds more of the contract's topics than any other.

    Args:
        bag: Message type per topic of the bag.
        contract: The robot.
        recorded: Full topic per name, as the recorder resolved them; empty for other bags.
        namespace: Of the robot; '' where nobody said.
        where: The bag, for errors.

    Raises:
        BagError: Several namespaces hold the contract's topics.
        ConfigError: The namespace is no valid name.
    """
    inside = {name: topic for name, topic in recorded.items() if topic in bag}
    rooted = {topic: f'/{topic.removeprefix("/")}' for topic in bag}    # other tools leave it out
    found = ''
    if not inside and not namespace:
        found = _namespace({rooted[topic]: kind for topic, kind in bag.items()}, contract, where)
    space = namespace or found or '/'
    known = [topic.name for topic in recorded_topics(contract, lambda name: resolve(name, space))]
    known += [each.integrated.topic for each in contract.commands if each.integrated]
    full = {resolve(name, space): name for name in known if name not in inside}
    full |= {topic: name for name, topic in inside.items()}
    own = {topic: topic.removeprefix('/' if space == '/' else f'{resolve(space)}/')
           for topic in rooted.values()}
    return Named({topic: full.get(as_ros) or (as_ros if own[as_ros] in inside else own[as_ros])
                  for topic, as_ros in rooted.items()},
                 '/' if space == '/' else resolve(space), bool(found))


def _namespace(bag: Mapping[str, str], contract: Contract, where: str) -> str:
    """Return where the contract's relative topics lie, '' for the root."""
    types = {stream.topic: stream.type for stream in contract.streams}
    types |= {command.topic: command.type for command in contract.commands if command.topic}
    types |= {given.topic: given.type for command in contract.commands
              if (given := command.integrated)}
    wanted = {name: full_type(kind) for name, kind in types.items() if not name.startswith('/')}
    spaces = Counter(topic.removesuffix(f'/{name}') for name, kind in wanted.items()
                     for topic, of in bag.items() if topic.endswith(f'/{name}') and of == kind)
    if not spaces:
        return ''
    most = max(spaces.values())
    if spaces[''] == most:
        return ''
    best = sorted(space for space, count in spaces.items() if count == most)
    if len(best) > 1:
        raise BagError(f'{where}: {", ".join(wanted)}: found in the namespaces '
                       f'{" and ".join(best)}; say which with --namespace')
    return best[0]
