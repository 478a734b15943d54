"""CSV files as Excel and consoles write them: what is understood without being told, and what is refused in words."""

import os
from io import BytesIO
from pathlib import Path

import pytest

from bot.csv_records import CsvLayout, MalformedCsvError, opened, read, records

ROWS = [["day", "who"], ["1", "Jörg"]]


@pytest.mark.parametrize(
    "content",
    [
        "day,who\n1,Jörg\n".encode(),
        b"\xef\xbb\xbf" + "day,who\r\n1,Jörg\r\n".encode(),
        "day\twho\n1\tJörg\n".encode("utf-16"),
        "sep=;\r\nday;who\r\n1;Jörg\r\n".encode(),
        "SEP=|\nday|who\n1|Jörg".encode(),
        'day,who\n\n"1","Jörg"\n,\n'.encode(),
        '"day,who"\n"1,""Jörg"""\n'.encode(),
    ],
)
def test_what_excel_and_consoles_write_is_the_same(content: bytes) -> None:
    """Marks, UTF-16, semicolons, bars, blank lines, and whole lines in quotes."""
    assert [record for _, record in records(content)] == ROWS


@pytest.mark.parametrize("name", ["王伟", "朱镕基, 王伟 and 李娜"])
def test_chinese_of_gbk_is_found_out(name: str) -> None:
    """Which is what bills of Chinese clouds are written in."""
    found = read(BytesIO(f'日期;用户\n1;"{name}"\n'.encode("gbk")))
    assert (found.encoding, [record for _, record in found.records][1][1]) == ("gb18030", name)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("shift_jis", "日付,ユーザー\n1,山田太郎\n2,鈴木花子\n"),
        ("shift_jis", "day,who\n1,山田太郎\n2,鈴木花子\n"),
        ("big5", "日期,使用者\n1,陳小姐\n2,王先生的團隊\n"),
        ("euc_kr", "날짜,사용자\n1,김철수\n2,이영희\n3,박지성\n"),
        ("euc_jp", "日付,ユーザー\n1,山田太郎\n2,鈴木花子\n"),
        (
            "euc_jp",
            "氏名,部署\n" + "".join(f"{name},開発部\n" for name in ("山田太郎", "佐藤花子", "鈴木一郎", "高橋健") * 2),
        ),
        ("cp874", "ชื่อ,แผนก\nสมชาย ใจดี,พัฒนา\n"),
        ("koi8_r", "Дата,Кто\n1,Иванов Иван\n"),
        ("koi8_r", "day,who\n1,Иванов Иван\n"),
        ("cp1251", "day,who\n1,Петр Серов\n"),
        ("cp1253", "day,who\n1,Νικοσ Σαββα\n"),
        ("cp1255", "day,who\n1,שלום עולם\n"),
        ("cp1251", "Дата,Кто\n1,Иванов Иван\n"),
    ],
)
def test_letters_of_another_country_are_not_taken_for_chinese(encoding: str, text: str) -> None:
    """山田 would be spent by 嶳揷, whom nobody knows."""
    with pytest.raises(MalformedCsvError, match="no UTF-8; save the file as “CSV UTF-8”"):
        read(BytesIO(text.encode(encoding)))
    assert [record for _, record in read(BytesIO(text.encode(encoding)), CsvLayout(encoding=encoding)).records][1]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16"])
@pytest.mark.parametrize("who", ["Ana", "Jörg", "张三", "สมชาย", "Иван"])
def test_utf_16_is_understood_without_a_mark(encoding: str, who: str) -> None:
    """Some databases and PowerShell export it so."""
    found = read(BytesIO(f"day,who\n1,{who}\n".encode(encoding)))
    assert [record for _, record in found.records] == [["day", "who"], ["1", who]]


@pytest.mark.parametrize(
    "content", ["day,who\n1,Ana\n".encode("utf-32-le"), b"day,who\n1,A\0na\n", b"\0\0\0\0", b"P\0K\0\0a"]
)
def test_what_has_noughts_and_is_no_utf_16_is_no_text(content: bytes) -> None:
    """A program, a picture, or a file with a hole."""
    with pytest.raises(MalformedCsvError, match="no text"):
        list(read(BytesIO(content)).records)


@pytest.mark.parametrize("text", ["day,who\n1,Jörg\n", "day,who\n1,José Peña\n1,Ana\n"])
def test_a_western_encoding_is_not_guessed_but_can_be_told(text: str) -> None:
    """Nobody can tell cp1252 from cp1250 by the bytes, and a wrong name is nobody."""
    content = text.encode("cp1252")
    with pytest.raises(MalformedCsvError, match="no UTF-8; save the file as “CSV UTF-8”") as trouble:
        records(content)
    assert trouble.value.line == 2
    told = read(BytesIO(content), CsvLayout(encoding="cp1252"))
    assert [",".join(record) for _, record in told.records] == text.split()[:1] + text.splitlines()[1:]


def test_lines_before_the_header_are_skipped_and_counted() -> None:
    """The number of a line is that in the file."""
    found = read(BytesIO(b"A report\n\nday,who\n1,Ana\n"), CsvLayout(skip_rows=2))
    assert list(found.records) == [(3, ["day", "who"]), (4, ["1", "Ana"])]


@pytest.mark.parametrize("title", ["A report\n", "A report\nNovember\n\n", '"A report; by hand"\n'])
def test_the_title_of_a_report_does_not_hide_the_delimiter(title: str) -> None:
    """It is a row of one field, and the fields below are still told apart."""
    rows = [record for _, record in records(f"{title}day;who\n1;Ana\n".encode())]
    assert rows[-2:] == [["day", "who"], ["1", "Ana"]]


def test_a_wrong_encoding_and_delimiter_can_be_told() -> None:
    """What is told is not found out."""
    found = read(BytesIO("a,b;c\n".encode("cp500")), CsvLayout("cp500", ";"))
    assert [record for _, record in found.records] == [["a,b", "c"]]


@pytest.mark.parametrize(
    ("content", "line", "why"),
    [
        (b"day,who\n1,A\0\n", 2, "this is no text"),
        (b"\0" * 3 * 2**20, 1, "this is no text"),
        (b'day,who\n1,"A"x\n', 2, "the quotes"),
        (b"day,who\n" + b"x" * 5 * 2**20, 2, "does not end"),
        ("day,who\n1,王".encode()[:-1], 2, "no UTF-8"),
        ("day,who\n1,王\n".encode() + b"2,\xcd\xf5\n" + "3,李\n".encode(), 3, "no UTF-8"),
        ("day,who\n1,André\n2,Zoé\n".encode() + b"3,Jos\xe9\n", 4, "no UTF-8"),
    ],
)
def test_what_cannot_be_taken_apart_is_told_with_its_line(content: bytes, line: int, why: str) -> None:
    """And is not held in memory."""
    with pytest.raises(MalformedCsvError, match=why) as trouble:
        list(records(content))
    assert trouble.value.line == line


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    """A pipe without a writer would be waited for, and a device never ends."""
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "zero.csv").symlink_to("/dev/zero")
    for path in tmp_path.iterdir():
        with pytest.raises(OSError, match="no regular file"), opened(path):
            pass
