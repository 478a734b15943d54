"""The records of a CSV file, however Excel wrote it."""

import csv
import re
from collections.abc import Iterator
from io import StringIO

HEADER_LETTERS_MAX = 65_536


class MalformedCsvError(Exception):
    """The file cannot even be taken apart. `line` is where."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line


def records(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """Each record that is not blank, with the line on which it begins.

    It is UTF-8 with a byte order mark or without; commas, semicolons or tabs; any ends of lines, also within quotes.

    Raises:
        MalformedCsvError: it is no such file.
    """
    text = _text(content)
    excel = re.match(r"sep=([,;|\t])\r?\n", text)  # Excel's way to say the delimiter
    delimiter = excel[1] if excel else delimiter_of(text)
    reader = csv.reader(StringIO(text[excel.end() :] if excel else text, newline=""), delimiter=delimiter, strict=True)
    skipped = 1 if excel else 0
    begins = skipped + 1
    try:
        for record in reader:
            if any(each.strip() for each in record):
                yield begins, record
            begins = skipped + reader.line_num + 1
    except csv.Error as trouble:
        raise MalformedCsvError(begins, f"the quotes of this record are wrong ({trouble})") from trouble


def _text(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as trouble:
        line = content.count(b"\n", 0, trouble.start) + 1
        raise MalformedCsvError(line, "this is no UTF-8; save the file as “CSV UTF-8”") from trouble
    if "\0" in text:
        raise MalformedCsvError(
            text.count("\n", 0, text.index("\0")) + 1, "this is no text; save the file as “CSV UTF-8”"
        )
    return text


def delimiter_of(text: str) -> str:
    """The one of which the header has most, outside quotes."""
    unquoted = re.sub(r'"[^"]*"', "", text[:HEADER_LETTERS_MAX].lstrip())
    header = re.split(r"[\r\n]", unquoted, maxsplit=1)[0]
    return max(",;\t", key=header.count)
