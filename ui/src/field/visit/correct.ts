// What the form of a visit holds, and what it begins from when it corrects one.
import type { Values } from '../record/forms'

/** The fields that the form shows, in order; the moment stands below them. */
export const SHOWN = ['result', 'way', 'purposes', 'needs', 'note'] as const

/** What a correction begins from: all that the visit said, its moment too. A visit of Monday that is corrected on Thursday stays one of Monday. */
export function correctedFrom(visit: Values): Values {
  return Object.fromEntries([...SHOWN, 'at'].map((name) => [name, visit[name] ?? null]))
}
