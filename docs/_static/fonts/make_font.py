"""Make formulas.woff2, the letters and signs of TeX Gyre Pagella Math that formulas need.

Needs `pip install fonttools brotli`, and the font, which is in TeX distributions and at
https://www.gust.org.pl/projects/e-foundry/tg-math:

    python docs/_static/fonts/make_font.py texgyrepagella-math.otf
"""

import sys
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

NAME = "mydl formulas"  # whoever changes the font is asked to rename it
RANGES = """
0020-007E 00A0 00AC 00B0-00B1 00B7 00D7 00F7 0131 0237 02C6 02DC 0300-0304 0307-0308 030C 0338
0391-03C9 03D1 03D5 03F5 2010-2014 2016 2018-201E 2026 2032-2034 2061-2064 20D7 2102 210E 2111 2113
2115 211A 211C-211D 2124 2190-2195 21A6 21D0-21D5 2200-220F 2211-2213 2215-221E 2223-222B 2234-2235
223C 2243 2245 2248 2254-2255 2260-2265 226A-226B 227A-227B 2282-2287 2295-2299 22A4-22A5 22C0-22C6
22EE-22F1 2308-230B 23B4-23B5 23DE-23DF 27E8-27E9 27F5-27FA
1D400-1D467 1D49C-1D4CF 1D538-1D56B 1D6A4-1D6A5 1D6A8-1D71B
"""


def characters():
    for part in RANGES.split():
        first, _, last = part.partition("-")
        yield from range(int(first, 16), int(last or first, 16) + 1)


def main(source):
    font = TTFont(source)
    # ssty: the shapes of small letters in exponents and indices.
    options = Options(layout_features=["ssty", "flac", "dtls"], drop_tables=["FFTM"])
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=characters())
    subsetter.subset(font)
    for record in font["name"].names:
        if record.nameID in (1, 3, 4, 6, 16):
            record.string = NAME.replace(" ", "-") if record.nameID == 6 else NAME
    font.flavor = "woff2"
    font.save(Path(__file__).with_name("formulas.woff2"))


if __name__ == "__main__":
    main(sys.argv[1])
