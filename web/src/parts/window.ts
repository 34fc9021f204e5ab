// Window: which rows of a long list are drawn. Heights are guessed until they were measured.
export type Span = { first: number; end: number; before: number; after: number };

/** Returns the rows that touch the view from `top` to `bottom`, and the room that the others take. */
export function spanOf(heights: readonly number[], top: number, bottom: number, spare: number): Span {
  let first = 0;
  let before = 0;
  while (first < heights.length && before + (heights[first] ?? 0) < top) before += heights[first++] ?? 0;
  let end = first;
  let reached = before;
  while (end < heights.length && reached < bottom) reached += heights[end++] ?? 0;
  for (let left = spare; left > 0 && first > 0; left -= 1) before -= heights[--first] ?? 0;
  end = Math.min(heights.length, end + spare);
  let after = 0;
  for (let at = end; at < heights.length; at += 1) after += heights[at] ?? 0;
  return { first, end, before: Math.max(0, before), after };
}
