"""Files that are receipts, and files that only look like one."""

import struct
import zlib
from io import BytesIO
from zipfile import ZipFile

PNG_HEAD = b"\x89PNG\r\n\x1a\n"


def pdf(words: str = "20.00 USD") -> bytes:
    """A small PDF; other words make another file."""
    stream = f"BT /F1 12 Tf ({words}) Tj ET".encode()
    body = b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
    body += b"3 0 obj<</Length %d>>stream\n%s\nendstream endobj\n" % (len(stream), stream)
    return body + b"trailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n"


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int = 2, height: int = 2, text: bytes = b"") -> bytes:
    """A picture; it says how large it unfolds."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    said = _chunk(b"tEXt", b"Comment\0" + text) if text else b""
    return (
        PNG_HEAD + _chunk(b"IHDR", head) + said + _chunk(b"IDAT", zlib.compress(b"\0\0\0" * 2)) + _chunk(b"IEND", b"")
    )


def jpeg(width: int = 2, height: int = 2) -> bytes:
    """The same as JPEG, with the second picture behind it that phones write."""
    frame = struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00"
    head = b"\xff\xd8\xff\xe0\x00\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
    one = (
        head
        + b"\xff\xc0"
        + struct.pack(">H", len(frame) + 2)
        + frame
        + b"\xff\xda\x00\x08\x01\x01\0\0\x3f\0\x12\xff\xd9"
    )
    return one + one


def heic() -> bytes:
    """The same as a phone of Apple takes it."""
    boxes = ((b"ftyp", b"heic\0\0\0\0mif1heic"), (b"meta", b"\0" * 16), (b"mdat", b"\x01" * 32))
    return b"".join(struct.pack(">I", len(data) + 8) + name + data for name, data in boxes)


def archive() -> bytes:
    """An archive with a page in it."""
    out = BytesIO()
    with ZipFile(out, "w") as file:
        file.writestr("../../index.html", "<script>alert(1)</script>" * 1000)
    return out.getvalue()


GOOD = {"pdf": pdf(), "png": png(), "jpeg": jpeg(), "heic": heic()}
HOSTILE = {
    "nothing": b"",
    "archive": archive(),
    "page": b"<!DOCTYPE html><script>alert(1)</script>",
    "drawing": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "page that begins as a PDF": b"%PDF-1.4\n<html><script>alert(1)</script></html>\n%%EOF",
    "archive behind a PDF": pdf() + archive(),
    "archive behind a PDF that ends as one": pdf() + archive() + b"\n%%EOF",
    "archive behind a picture": png() + archive(),
    "archive behind a JPEG": jpeg() + archive(),
    "page in a picture": png(text=b"<script>alert(1)</script>"),
    "page behind a JPEG": jpeg() + b"\n<html><body onload=alert(1)>",
    "picture that unfolds to gigabytes": png(60_000, 60_000),
    "JPEG that unfolds to gigabytes": jpeg(65_000, 65_000),
    "half a picture": png()[:-8],
    "half a JPEG": jpeg()[:30],
    "half a PDF": pdf()[:-8],
    "program": b"MZ\x90\0" + b"\0" * 200,
    "document of an office": archive().replace(b"index.html", b"word/d.xml"),
    "words": b"I paid 20 USD",
}
