"""What the file manager builds from links: a tree mirrored as links, and a move that replaces one."""

from __future__ import annotations

import posixpath

import attrs

from openhcs_host.contracts.storage import Capability, StorageBackend
from openhcs_host.errors import InvalidPathError, PathExistsError, UnsupportedOperationError
from openhcs_host.files.atomic import temporary_name

__all__ = ["mirror", "move_over_link"]


@attrs.frozen
class _Tree:
    """What stands below a directory, as paths relative to it, parents first."""

    folders: list[str] = attrs.field(factory=list)
    links: list[str] = attrs.field(factory=list)  # what the mirror shows as links


def mirror(backend: StorageBackend, source: str, target: str, *, recursive: bool, replace_links: bool) -> int:
    """Make links under ``target`` to the files of ``source``, and return how many.

    Directories are made as directories, empty ones too. A link to a directory is not entered; the mirror
    has a link in its place. A link that leads nowhere is no file and has no counterpart.
    """
    if Capability.LINK not in backend.capabilities:
        raise UnsupportedOperationError(
            f"cannot mirror {source!r}: the {backend.key} backend has no symbolic links. Copy the files instead."
        )
    old, new = posixpath.normpath(source), posixpath.normpath(target)
    if posixpath.join(new, "").startswith(posixpath.join(old, "")):
        raise InvalidPathError(
            f"cannot mirror {source!r} into itself ({target!r}); choose a place outside it"
        )
    tree = _Tree()
    _walk(backend, source, "", recursive, tree)
    if backend.exists(target) or backend.is_symlink(target):
        _check(backend, target, tree, replace_links)
    for name in ("", *tree.folders):
        path = posixpath.join(target, name) if name else target
        if name and backend.is_symlink(path):
            backend.delete(path)
        backend.ensure_directory(path)
    for name in tree.links:
        link = posixpath.join(target, name)
        backend.create_symlink(posixpath.join(source, name), link, overwrite=replace_links)
    return len(tree.links)


def move_over_link(backend: StorageBackend, source: str, link: str) -> None:
    """Move ``source`` to where a symbolic link stands; if that fails, the link stands there still."""
    if not backend.is_dir(source) or backend.is_symlink(source):
        backend.move(source, link, overwrite=True)  # one step
        return
    # A directory cannot be moved over anything, so the link steps aside first.
    bare = link.rstrip("/")
    aside = temporary_name(posixpath.dirname(bare))
    backend.move(bare, aside)
    try:
        backend.move(source, bare)
    except BaseException:
        backend.move(aside, bare)
        raise
    backend.delete(aside)


def _walk(backend: StorageBackend, source: str, folder: str, recursive: bool, tree: _Tree) -> None:
    for base in backend.list_dir(posixpath.join(source, folder) if folder else source):
        name = posixpath.join(folder, base)
        path = posixpath.join(source, name)
        if backend.is_file(path):
            tree.links.append(name)
        elif recursive and backend.is_dir(path):
            if backend.is_symlink(path):
                tree.links.append(name)
            else:
                tree.folders.append(name)
                _walk(backend, source, name, recursive, tree)


def _check(backend: StorageBackend, target: str, tree: _Tree, replace_links: bool) -> None:
    """Raise ``PathExistsError`` if a name that the mirror needs is taken."""
    folders = set(tree.folders)
    replaced: tuple[str, ...] = ()  # folders whose place a link takes now
    for name in (*tree.folders, *tree.links):
        if name.startswith(replaced):
            continue  # what is there now is seen through a link, and goes with it
        path = posixpath.join(target, name)
        if backend.is_symlink(path):
            if not replace_links:
                raise PathExistsError(
                    f"cannot mirror to {path!r}: a link stands there already. "
                    "Nothing was made; pass overwrite_symlinks_only=True to replace links"
                )
            if name in folders:
                replaced += (name + "/",)
        elif backend.exists(path) and not (name in folders and backend.is_dir(path)):
            raise PathExistsError(
                f"cannot mirror to {path!r}: what stands there is no link, and only links are replaced. "
                "Nothing was made; move it away or choose another target"
            )
