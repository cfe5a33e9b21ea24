// What differs between two short texts, so that the eye finds the one digit that was corrected.

/** A text cut in three: what both have at the start, what differs, what both have at the end. */
export type Cut = { start: string; middle: string; end: string }

/** Both texts cut at the same places; when they have little in common, the whole of each counts as different. */
export function difference(before: string, after: string): { before: Cut; after: Cut } {
  // By whole characters: a rare character of two code units is never cut in half.
  const old = Array.from(before)
  const now = Array.from(after)
  const shorter = Math.min(old.length, now.length)
  let head = 0
  while (head < shorter && old[head] === now[head]) head++
  let tail = 0
  while (tail < shorter - head && old[old.length - 1 - tail] === now[now.length - 1 - tail]) tail++
  if ((head + tail) * 3 < Math.max(old.length, now.length)) head = tail = 0
  return { before: cut(old, head, tail), after: cut(now, head, tail) }
}

function cut(text: string[], head: number, tail: number): Cut {
  return {
    start: text.slice(0, head).join(''),
    middle: text.slice(head, text.length - tail).join(''),
    end: text.slice(text.length - tail).join(''),
  }
}
