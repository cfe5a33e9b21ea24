// Values that are shown in full only when asked for.

/** `138****5678`, `610***********123X`: the first three and the last four characters. */
export function masked(value: string): string {
  const chars = [...value]
  if (chars.length <= 7) return chars.map((char, index) => (index < chars.length - 2 ? '*' : char)).join('')
  return [...chars.slice(0, 3), ...chars.slice(3, -4).map(() => '*'), ...chars.slice(-4)].join('')
}
