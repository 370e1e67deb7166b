"""What the viewer's modules import: relative paths, resolved to the names of files. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping

IMPORT = re.compile(r"""((?:from|import)\s*(\(?)\s*)(["'])(\.{1,2}/[^"']+)\3""")
"""An import of a relative path: what stands before it, the bracket of one that is done later, the quote, the path."""


def resolve(name: str, path: str) -> str:
    """The file that the module of that name calls by a relative path."""
    parts = name.split("/")[:-1]
    for step in path.split("/"):
        if step == "..":
            parts.pop()
        elif step != ".":
            parts.append(step)
    return "/".join(parts)


def rename_imports(name: str, text: str, prefix: str) -> str:
    """The module with the names of files, below a prefix, in place of relative paths."""
    return IMPORT.sub(lambda found: f'{found[1]}"{prefix}{resolve(name, found[4])}"', text)


def find_needed(files: Mapping[str, bytes], names: Iterable[str]) -> list[str]:
    """These modules and all that must be there before they run, in the order in which they are come upon."""
    needed = dict.fromkeys(names)
    waiting = list(needed)
    while waiting:
        name = waiting.pop(0)
        found = [one for one in _imports(name, files[name].decode()) if one not in needed]
        needed |= dict.fromkeys(found)
        waiting += found
    return list(needed)


def _imports(name: str, text: str) -> Iterator[str]:
    """The files that it imports as it begins."""
    return (resolve(name, found[4]) for found in IMPORT.finditer(text) if not found[2])
