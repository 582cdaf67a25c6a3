/**
 * Numbers as people read them: as short text, and as a colour.
 *
 * The colours run from blue (negative) over the colour of the page (zero) to orange (positive),
 * which people with any kind of colour blindness can tell apart.
 */

/** A number in at most seven characters, with three digits that count. */
export function shortNumber(number) {
  if (!Number.isFinite(number)) return plain(String(number).replace("Infinity", "∞"));
  const size = Math.abs(number);
  if (size === 0) return "0";
  if (size < 0.001 || size >= 10000) return plain(number.toExponential(1).replace("e+", "e"));
  if (Number.isInteger(number)) return plain(String(number));
  const decimals = size >= 100 ? 1 : size >= 10 ? 2 : 3;
  return plain(number.toFixed(decimals));
}

/** A number with nine digits, more than float32 holds. */
export function longNumber(number) {
  if (!Number.isFinite(number) || number === 0) return shortNumber(number);
  const size = Math.abs(number);
  if (size < 0.001 || size >= 1e9) return plain(number.toExponential(8).replace("e+", "e"));
  return plain(String(Number(number.toPrecision(9))));
}

/** A share in per cent. */
export function percentText(share) {
  if (share > 0 && share < 0.0005) return "< 0.1 %";
  return `${(100 * share).toFixed(share < 0.0995 || (share > 0.995 && share < 1) ? 1 : 0)} %`;
}

const plain = (text) => text.replaceAll("-", "−");

/** An index in brackets, as in "[4, 7, 2]"; nothing for a single number. */
export const bracketText = (index) => (index.length ? `[${index.join(", ")}]` : "");

/** A shape, as in "16 × 16 × 64". */
export const shapeText = (shape) => (shape.length ? shape.join(" × ") : "one number");

// ---- colours -----------------------------------------------------------------------------------

/** Colours at -1, -1/2, 0, 1/2 and 1, as red, green and blue. */
const LIGHT = [[8, 69, 148], [107, 174, 214], [255, 255, 255], [253, 174, 97], [179, 71, 0]];
const DARK = [[158, 212, 255], [47, 117, 173], [26, 31, 36], [176, 98, 24], [255, 205, 140]];
const LEVELS = 256; // to each side of zero
const NO_NUMBER = [255, 0, 255];

const darkScheme = window.matchMedia("(prefers-color-scheme: dark)");
let palette = makePalette();
darkScheme.addEventListener("change", () => {
  palette = makePalette();
});

/** Call a function when the page turns from light to dark or back. */
export function onSchemeChange(listener) {
  darkScheme.addEventListener("change", listener);
}

function makePalette() {
  const stops = darkScheme.matches ? DARK : LIGHT;
  return Array.from({ length: 2 * LEVELS + 1 }, (_, level) => {
    const place = (level / (2 * LEVELS)) * (stops.length - 1);
    const from = Math.min(Math.floor(place), stops.length - 2);
    const mix = (a, b) => Math.round(a + (b - a) * (place - from));
    return stops[from].map((part, at) => mix(part, stops[from + 1][at]));
  });
}

/** The colour of a number, where `scale` is the size that gets the full colour: [r, g, b]. */
export function colourOf(number, scale) {
  if (Number.isNaN(number)) return NO_NUMBER;
  const part = scale > 0 ? Math.max(-1, Math.min(1, number / scale)) : Math.sign(number);
  return palette[Math.round(LEVELS * (1 + part))];
}

/** A colour as CSS. */
export const cssColour = ([r, g, b]) => `rgb(${r}, ${g}, ${b})`;

/** Black or white, whichever can be read better on a colour: where WCAG's contrasts are equal. */
export function inkOn(colour) {
  const [r, g, b] = colour.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000" : "#fff";
}

/**
 * The size of number that gets the full colour: nearly the largest, so that a few outliers do
 * not turn everything else pale, but not so far from the largest that all outliers look alike.
 */
export function scaleOfArray(data) {
  const step = Math.max(1, Math.floor(data.length / 4096));
  const sizes = [];
  for (let at = 0; at < data.length; at += step) {
    if (data[at] !== 0 && Number.isFinite(data[at])) sizes.push(Math.abs(data[at]));
  }
  if (sizes.length === 0) return 1;
  sizes.sort((a, b) => a - b);
  const most = sizes[Math.min(sizes.length - 1, Math.floor(sizes.length * 0.98))];
  return Math.max(most, sizes.at(-1) / 20);
}
