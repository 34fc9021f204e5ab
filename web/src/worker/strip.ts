// Strip: takes out of a JPEG what nobody sees: colour profile, comments, and whatever a browser writes beside the picture.
const APP0 = 0xe0;
const APP15 = 0xef;
const COMMENT = 0xfe;
const SCAN = 0xda;

/** Returns the picture's own segments. What is no JPEG comes back as it is. */
export function strip(jpeg: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (jpeg[0] !== 0xff || jpeg[1] !== 0xd8) return jpeg;
  const kept: Uint8Array[] = [jpeg.subarray(0, 2)];
  let at = 2;
  while (at + 4 <= jpeg.length && jpeg[at] === 0xff && jpeg[at + 1] !== SCAN) {
    const marker = jpeg[at + 1] ?? 0;
    const end = at + 2 + (((jpeg[at + 2] ?? 0) << 8) | (jpeg[at + 3] ?? 0));
    const isExtra = (marker > APP0 && marker <= APP15) || marker === COMMENT;
    if (!isExtra) kept.push(jpeg.subarray(at, end));
    at = end;
  }
  kept.push(jpeg.subarray(at));
  const whole = new Uint8Array(kept.reduce((length, part) => length + part.length, 0));
  kept.reduce((offset, part) => { whole.set(part, offset); return offset + part.length; }, 0);
  return whole;
}
