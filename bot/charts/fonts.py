"""Letters for pictures: the font families that are there, and what they cannot draw.

DejaVu Sans comes with matplotlib. Other scripts need a font of the machine: Debian's fonts-noto-cjk has Chinese,
Japanese and Korean letters, fonts-noto-core most others.
"""

from functools import cache

OWN = "DejaVu Sans"
FAMILIES = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "PingFang SC",
    "Microsoft YaHei",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
    "Noto Sans Arabic",
    "Noto Sans Hebrew",
)
# A letter of each script that readers of a language need, and the Debian package that has it.
SAMPLES = {
    "zh": ("中", "fonts-noto-cjk"),
    "ja": ("あ", "fonts-noto-cjk"),
    "ko": ("한", "fonts-noto-cjk"),
    "hi": ("अ", "fonts-noto-core"),
    "th": ("ก", "fonts-noto-core"),
    "ar": ("\N{ARABIC LETTER BEH}", "fonts-noto-core"),
    "he": ("\N{HEBREW LETTER ALEF}", "fonts-noto-core"),
}


@cache
def families() -> tuple[str, ...]:
    """The families that are on this machine; a letter is drawn by the first that has it."""
    from matplotlib.font_manager import fontManager  # noqa: PLC0415 - 0.7 s and 40 MB, only for pictures

    here = {font.name for font in fontManager.ttflist}
    return (OWN, *(name for name in FAMILIES if name in here))


@cache
def glyphs() -> frozenset[int]:
    """Every letter that can be drawn."""
    from matplotlib.font_manager import findfont, get_font  # noqa: PLC0415 - the same

    return frozenset[int]().union(*(get_font(findfont(name)).get_charmap() for name in families()))


def lacking(language: str) -> str:
    """The package that has the letters of a language which this machine lacks; "" if it lacks none.

    Args:
        language: such as "zh" or "de".
    """
    letter, package = SAMPLES.get(language, ("a", ""))
    return "" if ord(letter) in glyphs() else package
