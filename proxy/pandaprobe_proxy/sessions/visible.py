"""Text that can be seen: what may be the name of a session, and any bytes as a reader can look at them."""

from unicodedata import category

MAX_CHARS = 255


def read_visible(value: bytes | str) -> str | None:
    """The text without surrounding whitespace if it is 1 to 255 visible characters (UTF-8), else None.

    Inner spaces and all scripts are fine; control characters, line separators and a text with nothing to see are not.
    """
    try:
        text = (value.decode() if isinstance(value, bytes) else value).strip(" \t")
    except UnicodeDecodeError:
        return None
    kinds = {category(character) for character in text}
    if len(text) > MAX_CHARS or kinds & {"Cc", "Cs", "Zl", "Zp"} or not kinds - {"Cf", "Zs"}:
        return None
    return text


def escape(value: bytes) -> str:
    """Any bytes as visible text for a reader, cut to 255 characters."""
    text = value[: 4 * MAX_CHARS].decode("utf-8", "backslashreplace")
    shown = (_escape_character(character) for character in text[:MAX_CHARS])
    return "".join(shown)[:MAX_CHARS]


def _escape_character(character: str) -> str:
    if category(character) in {"Cc", "Cf", "Zl", "Zp"}:
        return character.encode("unicode_escape").decode()
    return character
