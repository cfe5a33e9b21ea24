// Ranges of a value and their colours: one hue from pale to deep, so that more looks like more to every eye, in grey too.

/** Values from one to another, both included. */
export interface Range {
  from: number
  to: number
}

/** At most so many shades can be told apart on a map. */
const SHADES = 5

/** The shades, least first: five steps of lightness of one blue-green. In the dark, more is lighter. */
const RAMP = {
  light: ['#eff7f4', '#bfe0d6', '#7fc0b0', '#3f9484', '#0b5c4e'],
  dark: ['#20312c', '#2c5349', '#3d7d6e', '#62ab9a', '#a9e3d5'],
} as const

/** The colour of a field without a value. */
const NO_VALUE = { light: '#c9ccca', dark: '#3b4340' } as const

/** Ranges that hold about the same number of values each, the least first. */
export function classesOf(values: readonly number[]): Range[] {
  const sorted = [...values].sort((a, b) => a - b)
  const different = [...new Set(sorted)]
  if (different.length <= SHADES) return different.map((value) => ({ from: value, to: value }))
  const ranges: Range[] = []
  let begin = 0
  for (let shade = 1; shade <= SHADES && begin < sorted.length; shade++) {
    let end = shade === SHADES ? sorted.length : Math.max(begin + 1, Math.round((sorted.length * shade) / SHADES))
    // Equal values stay together.
    while (end < sorted.length && sorted[end] === sorted[end - 1]) end++
    ranges.push({ from: sorted[begin] as number, to: sorted[end - 1] as number })
    begin = end
  }
  return ranges
}

/** The colour of the range at a place in the list of so many. */
export function shadeOf(index: number, of: number, dark: boolean): string {
  const ramp = RAMP[dark ? 'dark' : 'light']
  const step = of <= 1 ? SHADES - 1 : Math.round((index * (SHADES - 1)) / (of - 1))
  return ramp[step] ?? ramp[0]
}

/** The colour of a value; of none that of a field without one. */
export function colourOf(value: number | null, ranges: readonly Range[], dark: boolean): string {
  const index = value === null ? -1 : ranges.findIndex(({ from, to }) => value >= from && value <= to)
  return index < 0 ? NO_VALUE[dark ? 'dark' : 'light'] : shadeOf(index, ranges.length, dark)
}
