"""Where two mappings differ, in words."""
from __future__ import annotations


def mapping_differences(a: object, b: object, where: str = '',
                        ignore: frozenset[str] | set[str] = frozenset()) -> list[str]:
    """Return one line per value that differs, `key: value of a, value of b`.

    Args:
        a: Mappings, lists and plain values, as `to_mapping` returns them.
        b: Likewise.
        where: Key of the two.
        ignore: Keys of the outermost mappings that do not count.
    """
    if isinstance(a, dict) and isinstance(b, dict):
        return [line for key in dict.fromkeys([*a, *b]) if key not in ignore
                for line in mapping_differences(a.get(key), b.get(key),
                                                f'{where}.{key}' if where else str(key))]
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return [line for i, (x, y) in enumerate(zip(a, b, strict=True))
                for line in mapping_differences(x, y, f'{where}[{i}]')]
    return [] if a == b else [f'{where}: {_brief(a)}, {_brief(b)}']


def _brief(value: object) -> object:
    if isinstance(value, list) and value and all(isinstance(v, dict) for v in value):
        return [v.get('name', v) for v in value]
    return value
