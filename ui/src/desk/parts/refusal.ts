// What is said when a call was refused: the problem with a field, or the refusal's own sentence.
import { Refused, refusalCode } from '../api/http'

type Translate = (key: string, values?: Record<string, unknown>) => string

const TOLD = ['unreachable', 'not_allowed', 'not_found', 'too_many_tries']

/** The sentence for whatever a call threw; none when the session ended, which is told elsewhere. */
export function refusalText(error: unknown, t: Translate, stale?: string): string | null {
  const code = refusalCode(error)
  if (code === 'signed_out') return null
  if (code === 'stale' && stale) return stale
  const first = error instanceof Refused ? error.problems[0] : undefined
  if (first) return t(`problem.${first.code}`, { limit: first.limit ?? '' })
  return t(`desk.refusal.${TOLD.includes(code) ? code : 'internal'}`)
}

/** Offers a file for saving. */
export function save(file: Blob, name: string): void {
  const address = URL.createObjectURL(file)
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  // The browser reads it after this task.
  setTimeout(() => URL.revokeObjectURL(address), 60_000)
}
