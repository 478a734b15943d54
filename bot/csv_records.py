"""The records of a CSV file, however Excel or a vendor's console wrote it. Every reader that a person feeds uses this.

Understood without being told: UTF-8 and UTF-16 with a byte order mark or without, GB18030 (which reads GBK);
commas, semicolons, tabs or bars; Excel's first line `sep=;`; any ends of lines, also within quotes; lines that are
quoted whole.
"""

import codecs
import csv
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, TextIO

HEADER_LETTERS_MAX = 65_536
LINE_LETTERS_MAX = 4 * 2**20
CHUNK_BYTES = 2**16
LETTERS_FOR_A_WESTERN = 5
LETTERS_LOOKED_AT, LETTERS_TO_TELL, COMMON_TENTHS = 5_000, 12, 7
FIRST_OF_WORDS, LAST_OF_HANGUL, LAST_OF_KANJI = 0xB0, 0xC8, 0xCF
WORDS_TO_TELL_KANJI = 40
FIRST_OF_CYRILLIC, LETTERS_TO_TELL_CYRILLIC = 0xC0, 5
KANA = ("\u3041", "\u30ff")
PAIRS_WITH_A_NOUGHT = 10
TITLE_LINES_MAX = 20
DELIMITERS = ",;\t|"
SAVE_AS = "save the file as “CSV UTF-8”"
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_HIGH = re.compile(rb"[\x80-\xff]+")


class MalformedCsvError(Exception):
    """The file cannot even be taken apart. `line` is where."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line


@dataclass(frozen=True, slots=True)
class CsvLayout:
    """What the file cannot tell by itself; "" is found out.

    Args:
        encoding: a name that Python knows, such as "gbk" or "cp1252".
        delimiter: one letter.
        skip_rows: lines before the header.
    """

    encoding: str = ""
    delimiter: str = ""
    skip_rows: int = 0


@dataclass(frozen=True, slots=True)
class CsvRecords:
    """A file taken apart.

    Args:
        delimiter: what stands between the fields.
        encoding: as which the file was read.
        records: each record that is not blank, with the line on which it begins. They are read as they are asked for.
    """

    delimiter: str
    encoding: str
    records: Iterator[tuple[int, list[str]]]


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A regular file, and nothing else: what is no file, such as a pipe or a device, may never end or never begin.

    Raises:
        OSError: it cannot be opened, or is no regular file.
    """
    number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(number, "rb") as file:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise OSError(0, "it is no regular file; put a plain file there", str(path))
        yield file


def records(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """Each record of a small file that is not blank, with the line on which it begins.

    Raises:
        MalformedCsvError: it is no such file.
    """
    return read(BytesIO(content)).records


def read(file: BinaryIO, layout: CsvLayout = CsvLayout()) -> CsvRecords:
    """Take a file apart; it is never held in memory.

    Args:
        file: one that can be read from its beginning again.
        layout: what is known about it.

    Raises:
        MalformedCsvError: it is no such file; reading the records may raise it, too.
    """
    encoding = layout.encoding or _encoding_of(file)
    file.seek(0)
    lines = _lines(_Borrowed(file, encoding, newline=""), encoding)
    skipped = sum(1 for _ in islice(lines, layout.skip_rows))
    head = [next(lines, "")]
    excel = re.match(r"sep=(.)\r?\n", head[0], re.IGNORECASE)  # Excel's way to say the delimiter
    if excel:
        skipped, head = skipped + 1, [next(lines, "")]
    while _is_above_the_header(head) and sum(map(len, head)) < HEADER_LETTERS_MAX and (more := next(lines, "")):
        head.append(more)
    delimiter = layout.delimiter or (excel[1] if excel else delimiter_of("".join(head)))
    return CsvRecords(delimiter, encoding, _records(chain(head, lines), delimiter, skipped))


def _is_above_the_header(lines: list[str]) -> bool:
    """Whether these first lines end within quotes, or are only the title of a report, which has one field."""
    text = "".join(lines)
    return text.count('"') % 2 == 1 or (
        len(lines) < TITLE_LINES_MAX and not any(map(_unquoted(text).count, DELIMITERS))
    )


class _Borrowed(TextIOWrapper):
    """The text of a file that belongs to somebody else, who reads it again and closes it."""

    def close(self) -> None:
        """Let go of the file."""
        with suppress(ValueError):  # it was let go already
            self.detach()


def delimiter_of(text: str) -> str:
    """The one of which the first line that has any has most, outside quotes."""
    lines = re.split(r"[\r\n]", _unquoted(text[:HEADER_LETTERS_MAX]))
    header = next((each for each in lines if any(map(each.count, DELIMITERS))), "")
    return max(DELIMITERS, key=header.count)


def _unquoted(text: str) -> str:
    return re.sub(r'"[^"]*"', "", text)


def _records(lines: Iterator[str], delimiter: str, skipped: int) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    begins = skipped + 1
    try:
        for record in reader:
            if any(map(str.strip, record)):
                # Some consoles write each line in quotes of its own: its fields are within.
                whole = len(record) == 1 and delimiter in record[0]
                yield begins, next(csv.reader(record, delimiter=delimiter, strict=True)) if whole else record
            begins = skipped + reader.line_num + 1
    except csv.Error as trouble:
        raise MalformedCsvError(begins, f"the quotes of this record are wrong ({trouble})") from trouble


def _lines(text: TextIO, encoding: str) -> Iterator[str]:
    """The lines, none of which fills the memory; a letter that no text has ends it."""
    number = 1
    try:
        while line := text.readline(LINE_LETTERS_MAX):
            if "\0" in line:
                raise MalformedCsvError(number, f"this is no text; {SAVE_AS}")
            if len(line) == LINE_LETTERS_MAX:
                raise MalformedCsvError(number, "this line does not end; lines of a CSV are shorter")
            yield line
            number += 1
    except UnicodeError as trouble:
        raise _undecodable(number, encoding) from trouble


def _undecodable(line: int, encoding: str) -> MalformedCsvError:
    name = "UTF-8" if encoding == "utf-8-sig" else encoding
    return MalformedCsvError(line, f"this is no {name}; {SAVE_AS}")


def _encoding_of(file: BinaryIO) -> str:
    """UTF-8 if all of it is, by its mark another, or GB18030.

    Chinese letters of GB18030 are two bytes above 127 nearly always; letters with accents of Western encodings stand
    alone among plain ones. Which Western encoding it is, nobody can tell from the bytes, so that is not guessed.
    """
    file.seek(0)
    head = file.read(4)
    marked = next((encoding for mark, encoding in _MARKS if head.startswith(mark)), "")
    file.seek(0)
    if marked.startswith("utf-16"):
        return marked
    unmarked = _utf_16_of(file.read(CHUNK_BYTES))
    file.seek(0)
    if unmarked:
        return unmarked
    line, wrong_on = 1, 1
    utf8 = codecs.getincrementaldecoder("utf-8")()
    while chunk := file.read(CHUNK_BYTES):
        if b"\0" in chunk:
            raise MalformedCsvError(line + chunk[: chunk.index(b"\0")].count(b"\n"), f"this is no text; {SAVE_AS}")
        try:
            utf8.decode(chunk)
        except UnicodeDecodeError as trouble:
            wrong_on = line + chunk[: trouble.start].count(b"\n")
            break
        line += chunk.count(b"\n")
    else:
        if utf8.getstate()[0]:
            raise MalformedCsvError(line, f"the file breaks off within a letter, so this is no UTF-8; {SAVE_AS}")
        return "utf-8-sig"
    if not _is_gb18030(file):
        raise _undecodable(wrong_on, "utf-8-sig")
    return "gb18030"


def _utf_16_of(start: bytes) -> str:
    """Which UTF-16 a file without a mark begins in, "" for none.

    The commas and ends of lines of a CSV have a nought in one half of their two bytes; nothing has one in the other.
    """
    halves = start[0::2].count(0), start[1::2].count(0)
    if 0 not in halves or max(halves) * PAIRS_WITH_A_NOUGHT < len(start) // 2 or not any(halves):
        return ""
    encoding = "utf-16-be" if halves[0] else "utf-16-le"
    try:
        text = start[: len(start) // 2 * 2].decode(encoding, "strict" if len(start) < CHUNK_BYTES else "ignore")
    except UnicodeDecodeError:
        return ""
    return encoding if "\n" in text or "\r" in text else ""


def _is_gb18030(file: BinaryIO) -> bool:
    """Whether all of it can be read so, and hardly any of its letters looks like another encoding's.

    The letters of Cyrillic, Greek, Hebrew and Arabic are all above 191; of several Chinese ones, some byte is not.
    """
    decoder, runs, letters, western, utf8 = codecs.getincrementaldecoder("gb18030")(), 0, 0, 0, 0
    lowest = 0xFF
    looked_at: list[str] = []
    file.seek(0)
    try:
        for line in iter(lambda: file.readline(LINE_LETTERS_MAX), b""):
            decoded = decoder.decode(line)
            if len(looked_at) < LETTERS_LOOKED_AT:
                looked_at += (letter for letter in decoded if not letter.isascii())
            for run in _HIGH.findall(line):
                runs += 1
                letters += -(-len(run) // 2)
                western += len(run) % 2
                utf8 += _is_utf8(run)
                lowest = min(lowest, *run)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    if lowest >= FIRST_OF_CYRILLIC and letters >= LETTERS_TO_TELL_CYRILLIC:
        return False
    return western * LETTERS_FOR_A_WESTERN <= letters and utf8 * 2 < runs and _looks_chinese(looked_at)


def _looks_chinese(letters: list[str]) -> bool:
    """Whether most letters are of GB 2312, as in any Chinese text, and not all of its first half, as Korean would be.

    Japanese (Shift JIS) and Chinese of Taiwan (Big5) become rare letters when they are read so. Those of GB 2312 stand
    in the order of their sound: where all of many come before "la" it is Korean (EUC-KR), which has syllables there.
    The kana of Japanese (EUC-JP) stand where GB 2312 has them, too, and its usual letters come before "xi".
    """
    known = [code for each in letters if (code := each.encode("gb2312", "ignore"))]
    is_private = any("\ue000" <= each <= "\uf8ff" for each in letters)  # which no text has
    if is_private or len(known) * 10 < len(letters) * COMMON_TENTHS:
        return False
    words = [code[0] for code in known if code[0] >= FIRST_OF_WORDS]
    kana = sum(KANA[0] <= each <= KANA[1] for each in letters)
    if kana * COMMON_TENTHS > len(words) or (len(words) >= WORDS_TO_TELL_KANJI and max(words) <= LAST_OF_KANJI):
        return False
    return len(words) < LETTERS_TO_TELL or max(words) > LAST_OF_HANGUL


def _is_utf8(run: bytes) -> bool:
    try:
        run.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
