"""A dataset or a checkpoint goes to the hub: all in one commit, so that nobody sees a part of it.

Contents are sent first, a few files at a time. The hub knows them by their hashes: a push that was
cut off and is made again sends only what is missing.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TYPE_CHECKING

from il_ros.errors import HubError
from il_ros.hub.address import Address
from il_ros.hub.card import card
from il_ros.hub.connection import client, told
from il_ros.hub.content import CARD, Content, content_of

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd, HfApi

HUBS_OWN = '.gitattributes'
AT_ONCE = 8                 # files whose contents are sent together
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Pushed:
    """What a push came to.

    Attributes:
        address: Of the repository, with its kind.
        revision: The commit that holds the folder.
        changed: Files that were new or another; 0 where all was there already.
        removed: Files that were taken away.
        private: Only its owner sees it.
        content: What was pushed.
    """

    address: Address
    revision: str
    changed: int
    removed: int
    private: bool
    content: Content


class _Difference(NamedTuple):
    new: list[str]
    other: list[str]
    gone: list[str]


def push(folder: Path, address: Address, public: bool = False, update: bool = False,
         why: str = '', progress: Progress = lambda *_: None) -> Pushed:
    """Make a repository of the hub hold a folder, as a whole or not at all.

    Args:
        folder: A dataset or a checkpoint.
        address: Of the repository, which is made where there is none.
        public: Everybody may see it. One that exists is made neither public nor private.
        update: Take the place of what is there; its Git history keeps that.
        why: Message of the commit.
        progress: Told how many files are sent, of how many.

    Raises:
        HubError: Nothing is seen of the push; the text says why.
        DatasetError, CheckpointError: The folder is damaged.
    """
    from huggingface_hub import CommitOperationDelete

    content, here = content_of(folder), folder.stat().st_ino
    if address.revision:
        raise HubError(f'{address}: a push goes to the branch main; leave out @{address.revision}')
    if address.kind not in ('', content.kind):
        raise HubError(f'{address}: {folder} is a {content.kind}; leave out {address.kind}s/')
    place = Address(address.name, content.kind)
    with told(place, f'il_ros push {folder} {address}'):
        api = client()
        head, private = _prepared(api, place, public)
        found = _difference(api, place, head, folder, content)
        if (found.other or found.gone) and not update:
            raise HubError(
                f'{place}: holds something else already: {len(found.other)} files would be '
                f'another, {len(found.gone)} gone; name a new one, or say --update (what is '
                'there stays in its Git history)')
        changed = [*found.new, *found.other]
        if changed or found.gone:
            additions = _additions(content, changed, place)
            _send(api, place, additions, progress)
            if folder.stat().st_ino != here:        # an edit puts another folder in its place
                raise HubError(f'{folder}: changed while it was sent; push again')
            head = str(api.create_commit(
                place.name, [*additions, *map(CommitOperationDelete, found.gone)],
                commit_message=why or f'{content.summary} (il_ros push)',
                repo_type=place.kind, parent_commit=head).oid)
            _require_whole(api, place, head, content)
        if content.tag:
            _tag(api, place, content.tag, head)
    return Pushed(place, head, len(changed), len(found.gone), private, content)


def _prepared(api: HfApi, place: Address, public: bool) -> tuple[str, bool]:
    """Return the newest commit of the repository, made where there is none; and who may see it."""
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        info = api.repo_info(place.name, repo_type=place.kind)
    except RepositoryNotFoundError:
        api.create_repo(place.name, repo_type=place.kind, private=not public)
        info = api.repo_info(place.name, repo_type=place.kind)
    if info.private == public:
        raise HubError(
            f'{place}: is {"private" if public else "public"}; '
            + ('leave out --public, or change that on its page' if public else
               'everybody sees what is pushed there: say --public if that is meant'))
    return str(info.sha), bool(info.private)


def _difference(api: HfApi, place: Address, head: str, folder: Path, content: Content
                ) -> _Difference:
    """Compare by hashes: names of files that are new, another, or only on the hub."""
    seen = api.verify_repo_checksums(place.name, repo_type=place.kind, revision=head,
                                     local_dir=folder)
    gone = [name for name in seen.missing_paths if name not in (HUBS_OWN, CARD)]
    new = [name for name in seen.extra_paths if name in content.files]
    if CARD not in content.files and CARD not in seen.missing_paths:
        new.append(CARD)
    return _Difference(new, [one['path'] for one in seen.mismatches], gone)


def _additions(content: Content, names: Sequence[str], place: Address) -> list[CommitOperationAdd]:
    from huggingface_hub import CommitOperationAdd

    return [CommitOperationAdd(name, content.files.get(name, card(content, place).encode()))
            for name in names]


def _send(api: HfApi, place: Address, additions: Sequence[CommitOperationAdd],
          progress: Progress) -> None:
    for first in range(0, len(additions), AT_ONCE):
        progress(first, len(additions))
        api.preupload_lfs_files(place.name, additions[first:first + AT_ONCE],
                                repo_type=place.kind)
    progress(len(additions), len(additions))


def _require_whole(api: HfApi, place: Address, head: str, content: Content) -> None:
    """The hub leaves out what a .gitignore in the repository names."""
    there = set(api.list_repo_files(place.name, repo_type=place.kind, revision=head))
    if left := sorted(content.files.keys() - there):
        raise HubError(f'{place}: the hub left out {left[0]} and {len(left) - 1} others; remove '
                       '.gitignore from the repository and push again')


def _tag(api: HfApi, place: Address, tag: str, head: str) -> None:
    """Let a tag name the newest commit: LeRobot opens a dataset at the tag of its version."""
    tags = {one.name: one.target_commit
            for one in api.list_repo_refs(place.name, repo_type=place.kind).tags}
    if tags.get(tag) == head:
        return
    if tag in tags:
        api.delete_tag(place.name, tag=tag, repo_type=place.kind)
    api.create_tag(place.name, tag=tag, revision=head, repo_type=place.kind)
