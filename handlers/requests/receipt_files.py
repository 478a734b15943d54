"""What may be a receipt: a PDF, PNG, JPEG or HEIC by what is in it, whatever it is called.

A file is walked through from part to part, and nothing of it is decoded, so that no picture or archive can unfold here.
What hides a page or an archive in a picture is refused. Phones write more pictures behind the end of a JPEG (CIPA
DC-007), so only the other formats must end where they say.

Sources: ISO 32000-2, 7.5.2 and 7.5.5 (a PDF begins with %PDF-, and %%EOF stands on its last line); W3C PNG 3, 5.2 and
5.3; ITU-T T.81, B.1 (JPEG's markers); ISO/IEC 14496-12, 4.2 and 4.3 (boxes) and 23008-12, 10.2 (brands of HEIC).
"""

from collections.abc import Callable, Mapping

from handlers.errors import RefusedError

BYTES_MAX = 5 * 1024 * 1024
PIXELS_MAX = 100_000_000
"""More than any camera of a phone takes; a small file may say that it unfolds to more."""
PNG = b"\x89PNG\r\n\x1a\n"
ARCHIVE_END = b"PK\x05\x06"
PAGES = (b"<html", b"<script", b"<!doctype", b"<?php")
PAGES_AT_HEAD = (*PAGES, b"<svg")
"""What makes a page of a file, where programs look for it: near its beginning; in a picture, anywhere."""
HEAD_BYTES, TAIL_BYTES = 1024, 1024
HEIC_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"))
STANDALONE = frozenset((0x01, *range(0xD0, 0xD8)))
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
SCAN, JPEG_END = 0xDA, b"\xff\xd9"


def kind_of(content: bytes) -> str:
    """What a file is, such as "pdf".

    Raises:
        RefusedError: it can be no receipt.
    """
    if not content:
        raise RefusedError("The file is empty. Send the receipt again.", fault="receipt")
    if len(content) > BYTES_MAX:
        raise too_large()
    found = next((kind for kind, is_one in KINDS.items() if is_one(content)), "")
    is_page = any(each in content[:HEAD_BYTES].lower() for each in PAGES_AT_HEAD)
    if found != "pdf":
        is_page = is_page or any(each in content.lower() for each in PAGES)
    if not found or is_page or ARCHIVE_END in content[-0xFFFF - 22 :]:
        raise RefusedError(
            "This is no receipt that I can keep: send it as a PDF, PNG, JPEG or HEIC file.", fault="receipt"
        )
    return found


def too_large() -> RefusedError:
    """Why a file is refused that is larger than a receipt may be."""
    return RefusedError(
        "The file is too large: a receipt may have {most} MB. Send a smaller one.",
        fault="receipt",
        most=BYTES_MAX // 1024 // 1024,
    )


def _is_pdf(content: bytes) -> bool:
    end = content[-TAIL_BYTES:].rstrip(b"\0\t\n\f\r ")
    return content.startswith(b"%PDF-") and end.endswith(b"%%EOF")


def _is_png(content: bytes) -> bool:
    if not content.startswith(PNG) or content[12:16] != b"IHDR":
        return False
    place = len(PNG)
    while place + 12 <= len(content):
        name, size = content[place + 4 : place + 8], int.from_bytes(content[place : place + 4])
        place += 12 + size
        if name == b"IEND":
            break
    else:
        return False
    return place == len(content) and _fits(int.from_bytes(content[16:20]), int.from_bytes(content[20:24]))


def _is_jpeg(content: bytes) -> bool:
    if not content.startswith(b"\xff\xd8\xff"):
        return False
    place, width, height = 2, 0, 0
    while place + 4 <= len(content) and content[place] == 0xFF:  # noqa: PLR2004 - what every marker begins with
        marker = content[place + 1]
        if marker == 0xFF or marker in STANDALONE:  # noqa: PLR2004 - fills up before a marker
            place += 1 if marker == 0xFF else 2  # noqa: PLR2004
            continue
        if marker == SCAN:
            return content.find(JPEG_END, place) > 0 and _fits(width, height)
        if marker in FRAMES:
            height = int.from_bytes(content[place + 5 : place + 7])
            width = int.from_bytes(content[place + 7 : place + 9])
        place += 2 + int.from_bytes(content[place + 2 : place + 4])
    return False


def _is_heic(content: bytes) -> bool:
    if content[4:8] != b"ftyp":
        return False
    brands, place, names = int.from_bytes(content[:4]), 0, set[bytes]()
    given = {content[start : start + 4] for start in (8, *range(16, min(brands, HEAD_BYTES), 4))}
    while place + 8 <= len(content):
        size, name = int.from_bytes(content[place : place + 4]), content[place + 4 : place + 8]
        if size == 1:
            size = int.from_bytes(content[place + 8 : place + 16])
        if size == 0:  # it goes on to the end
            size = len(content) - place
        if size < 8:  # noqa: PLR2004 - its own head
            return False
        names.add(name)
        place += size
    return place == len(content) and bool(given & HEIC_BRANDS) and b"meta" in names


def _fits(width: int, height: int) -> bool:
    return 0 < width * height <= PIXELS_MAX


KINDS: Mapping[str, Callable[[bytes], bool]] = {"pdf": _is_pdf, "png": _is_png, "jpeg": _is_jpeg, "heic": _is_heic}
TYPES = {"pdf": "application/pdf", "png": "image/png", "jpeg": "image/jpeg", "heic": "image/heic"}
ENDINGS = {"pdf": "pdf", "png": "png", "jpeg": "jpg", "heic": "heic"}
