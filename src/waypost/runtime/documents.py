"""Policy files: from text with positions to a sealed `Policy`, after ``extends``, variables and defaults.

The reader is our own over positioned nodes, so that every error has its place and nothing is imported for it.
All errors of a file and of the files that it extends come in one `PolicyError` with ``others``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from waypost.core.catalog.table import Catalog
from waypost.core.policy.document import VERSION
from waypost.core.policy.fields import nearest
from waypost.core.policy.tree import Policy
from waypost.errors import ConfigError, PolicyError
from waypost.runtime import yaml, yaml_cache
from waypost.runtime.nodes import MAX_ERRORS, is_null, spoken
from waypost.runtime.policy_files import Places, names, packaged, policy_path, remedy
from waypost.runtime.policy_reader import KEYS, read_tree

__all__ = ["load_policy", "merge", "packaged", "read_policy"]

_REPLACED = frozenset(("rank", "select"))
MAX_CHAIN = 32
"""So many policies may extend each other."""
_VERSIONED = re.compile(r"""(?:^|[{,])\s*(?:waypost\s*:\s|["']waypost["']\s*:)""", re.MULTILINE)
_INHERITED = ("unknown variable", "unknown target", "unknown tier", "unknown action", "intent is", "there is no ")
"""How errors begin about names that a policy may have from what it extends."""
_NO_NUMBER = "is not a number here"
"""How an error ends beside which its place needs no other one."""
_OUTSIDE = "name a packaged policy or a file beneath that folder, or add that file to WAYPOST_POLICY"


def load_policy(
    path_or_text: str | Path,
    *,
    catalog: Catalog | None,
    search: Sequence[Path] = (),
    cache: Path | None = None,
    others: Sequence[str | Path] = (),
) -> Policy:
    """The policy in a file, or in ``path_or_text`` itself where that has a line break. A name that is no file is that
    of a packaged policy.

    ``extends`` looks beside and beneath the file, then in ``search``, then among the packaged policies; it leads
    elsewhere only to files that are policies of the operator's: those of ``WAYPOST_POLICY`` and ``others``. Without a
    ``catalog`` the names of targets are not checked, and only the policy's own tiers are known. ``cache`` is a
    directory that may be written, for what the files parse to.

    Raises:
        PolicyError: the file cannot be read or used; ``where`` is ``file:line:column``.
    """
    if isinstance(path_or_text, str) and "\n" in path_or_text:
        return read_policy(path_or_text, "<policy>", catalog=catalog, search=search, cache=cache, others=others)
    path = policy_path(path_or_text)
    folders = (path.parent, *search)
    text = _read(path, str(path))
    return read_policy(text, str(path), catalog=catalog, search=folders, cache=cache, others=others)


def read_policy(
    text: str,
    file: str,
    *,
    catalog: Catalog | None,
    search: Sequence[Path] = (),
    cache: Path | None = None,
    others: Sequence[str | Path] = (),
) -> Policy:
    """The policy in ``text``, which messages call ``file``; otherwise as `load_policy`."""
    places = Places((*search, *packaged()), others)
    try:
        root = _document(text, file, cache)
    except PolicyError as error:
        raise _with_the_rest(error, text, file, catalog, places=places) from None
    return _read_tree(root, file, catalog, places=places, cache=cache)


def _with_the_rest(error: PolicyError, text: str, file: str, catalog: Catalog | None, *, places: Places) -> PolicyError:
    """``error`` with all others of the file, where keys that stand twice, or the version, kept it from being read."""
    try:
        node, twice = yaml.parse_all(text, file, PolicyError)
    except PolicyError:
        return error
    try:
        root = _headed(node)
    except PolicyError as headless:
        error = _joined(error, headless) if twice else headless
        if not isinstance(node, yaml.Mapping) or all(key.raw not in ("waypost", "name") for key, _ in node.entries):
            return error  # it may be something else altogether
        root = node
    try:
        _check_tags(root)
        _read_tree(root, file, catalog, places=places, cache=None)
    except PolicyError as more:
        return _joined(error, more)
    return error


def _joined(error: PolicyError, more: ConfigError) -> PolicyError:
    known = {str(one) for one in (error, *error.others)}
    told = {one.where for one in (error, *error.others) if one.what.endswith(_NO_NUMBER)}
    new = (one for one in (more, *more.others) if str(one) not in known and one.where not in told)
    error.others = (*error.others, *new)[:MAX_ERRORS]
    more.others = ()
    return error


def _read_tree(root: yaml.Mapping, file: str, catalog: Catalog | None, *, places: Places, cache: Path | None) -> Policy:
    """The policy of a document, with all that it extends."""
    sources = [file]
    try:
        root = _extended(root, file, places, cache, sources)
    except PolicyError as error:
        raise _without_base(error, root, catalog) from None
    return read_tree(root, catalog, tuple(sources))


def _without_base(error: PolicyError, root: yaml.Mapping, catalog: Catalog | None) -> PolicyError:
    """``error`` with what is wrong with the document whatever it extends: what a base may define is left out."""
    try:
        read_tree(_without(root, "extends"), catalog, ())
    except PolicyError as more:
        own = [one for one in (more, *more.others) if not one.what.startswith(_INHERITED)]
        for one in own:
            one.others = ()
            error = _joined(error, one)
    return error


def _extended(root: yaml.Mapping, file: str, places: Places, cache: Path | None, sources: list[str]) -> yaml.Mapping:
    """``root`` over all that it extends, whose files are put to ``sources``."""
    chain = [(file, _resolved(file))]
    while (base := root.get("extends")) is not None and not is_null(base):
        if len(chain) > MAX_CHAIN:
            what = f"extends goes through more than {MAX_CHAIN} policies"
            raise PolicyError(what, where=str(base.at), remedy="put some of them together")
        found = _base(base, places, chain)
        chain.append((str(found), _resolved(str(found))))
        sources.append(str(found))
        text = _read(found, str(base.at))
        if not _VERSIONED.search(text):  # it may be anybody's file, so nothing of it is quoted
            what = f"{str(found)!r} is no policy: it has no key `waypost`"
            raise PolicyError(
                what, where=str(base.at), remedy=f"extend a policy, which begins with `waypost: {VERSION}`"
            )
        parent = _base_document(text, str(found), cache)
        root = merge(_without(root, "extends"), parent, top=True)
    return root


def _read(path: Path, where: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PolicyError(f"there is no file {str(path)!r}", where=where, remedy=remedy(path)) from None
    except UnicodeDecodeError as exc:
        what = f"{str(path)!r} is not UTF-8: the byte 0x{exc.object[exc.start]:02X}"
        raise PolicyError(what, where=_place(path, exc), remedy="save it as UTF-8") from None
    except OSError as exc:
        raise PolicyError(f"cannot read {str(path)!r}: {exc.strerror}", where=where, remedy="check the path") from None
    except ValueError as exc:  # a zero byte or half a letter in its name
        raise PolicyError(f"cannot read {str(path)!r}: {exc}", where=where, remedy="check the path") from None


def _place(path: Path, error: UnicodeDecodeError) -> str:
    before = error.object[: error.start].decode()
    return f"{path}:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def _document(text: str, file: str, cache: Path | None) -> yaml.Mapping:
    return _headed(yaml_cache.parse(text, file, PolicyError, cache))


def _headed(root: yaml.Node) -> yaml.Mapping:
    """``root`` where it is a policy of this version of the language."""
    if not isinstance(root, yaml.Mapping):
        raise PolicyError(f"a policy is a mapping, not {spoken(root)}", where=str(root.at), remedy="write `name: ...`")
    version = root.get("waypost")
    if version is None:
        for key in (key for key, _ in root.entries if key.raw not in KEYS):
            if (meant := nearest(key.raw, KEYS)) == "did you mean 'waypost'?":
                raise PolicyError(f"unknown key {key.raw!r} in a policy", where=str(key.at), remedy=meant)
        raise PolicyError("the language version is missing", where=str(root.at), remedy=f"write `waypost: {VERSION}`")
    if not isinstance(version, yaml.Scalar) or version.raw != VERSION:
        what = f"unknown language version {spoken(version)}"
        raise PolicyError(what, where=str(version.at), remedy=f"this version of Waypost reads {VERSION}")
    _check_tags(root)
    return root


@lru_cache(maxsize=64)
def _base_document(text: str, file: str, cache: Path | None) -> yaml.Mapping:
    """Many policies extend the same few, so that these are kept, and the parts that they share are one object."""
    return _document(text, file, cache)


def _check_tags(node: yaml.Node) -> None:
    if node.tag not in (None, "!replace"):
        raise PolicyError(f"unknown tag {node.tag!r}", where=str(node.at), remedy="the only tag is !replace")
    children: tuple[yaml.Node, ...] = ()
    if isinstance(node, yaml.Mapping):
        children = tuple(value for _, value in node.entries)
    elif isinstance(node, yaml.Sequence):
        children = node.items
    for child in children:
        _check_tags(child)


def _resolved(file: str) -> str:
    return str(Path(file).resolve())


def _base(node: yaml.Node, places: Places, chain: list[tuple[str, str]]) -> Path:
    """The file that ``extends`` names; it may not be on the chain already."""
    if not isinstance(node, yaml.Scalar) or node.kind != "str":
        raise PolicyError(f"extends is {spoken(node)}, not a name", where=str(node.at), remedy="write `extends: base`")
    try:
        found = places.find(node.raw)
    except ValueError:
        what = f"extends {node.raw!r} leads out of this policy's folder"
        raise PolicyError(what, where=str(node.at), remedy=_OUTSIDE) from None
    if found is None:
        known = {name for folder in places.folders for name in names(folder)}
        raise PolicyError(
            f"extends {node.raw!r}: no such policy", where=str(node.at), remedy=yaml.suggest(node.raw, known)
        )
    seen = [resolved for _, resolved in chain]
    if _resolved(str(found)) == seen[-1] and any((folder / f"{node.raw}.yaml").is_file() for folder in packaged()):
        what = f"extends {node.raw!r} names this file itself, which hides the packaged {node.raw!r}"
        raise PolicyError(what, where=str(node.at), remedy="rename the file")
    if _resolved(str(found)) in seen:
        circle = " -> ".join([Path(file).name for file, _ in chain] + [found.name])
        raise PolicyError(f"extends goes in a circle: {circle}", where=str(node.at), remedy="break it at one place")
    return found


def _without(node: yaml.Mapping, key: str) -> yaml.Mapping:
    return yaml.Mapping(tuple(entry for entry in node.entries if entry[0].raw != key), node.at, node.tag)


def merge(child: yaml.Mapping, base: yaml.Mapping, *, top: bool = False) -> yaml.Mapping:
    """``base`` overlaid with ``child``: scalars override, mappings merge, lists append (rules: the child's first)."""
    own = {key.raw: node for key, node in child.entries}
    entries = [
        (key, node if key.raw not in own else _merged(key.raw if top else "", own[key.raw], node))
        for key, node in base.entries
        if not (top and key.raw in ("name", "description") and key.raw not in own)
    ]
    inherited = {key.raw for key, _ in base.entries}
    entries.extend(entry for entry in child.entries if entry[0].raw not in inherited)
    keys = {key.raw: key for key, _ in child.entries}
    return yaml.Mapping(tuple((keys.get(key.raw, key), node) for key, node in entries), child.at, child.tag or base.tag)


def _merged(key: str, child: yaml.Node, base: yaml.Node) -> yaml.Node:
    if child.tag == "!replace" or key in _REPLACED:
        return child
    if isinstance(child, yaml.Mapping) and isinstance(base, yaml.Mapping):
        return merge(child, base)
    if isinstance(child, yaml.Sequence) and isinstance(base, yaml.Sequence):
        items = child.items + base.items if key == "rules" else base.items + child.items
        return yaml.Sequence(items, child.at, child.tag or base.tag)
    return child
