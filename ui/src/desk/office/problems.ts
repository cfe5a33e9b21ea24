// What the server found wrong, in words: the refusal as a sentence, and the problems by their field.
import { useI18n } from 'vue-i18n'
import type { Problem } from '@shared/types/Problem'
import { Refused, refusalCode } from '../api/http'

/** Sentences that say more than the usual one, by field and code. */
type Special = { [field: string]: { [code: string]: string } }

const TOLD = ['unreachable', 'not_allowed', 'wrong_password', 'too_many_tries', 'too_large']

/** Words for what was refused. */
export function useProblems() {
  const { t } = useI18n()

  const word = ({ field, code, limit }: Problem, special: Special = {}): string =>
    special[field]?.[code] ?? t(`problem.${code}`, { limit: limit ?? '' })

  /** The problems by their field. */
  function fields(error: unknown, special: Special = {}): { [field: string]: string } {
    if (!(error instanceof Refused)) return {}
    return Object.fromEntries(error.problems.map((problem) => [problem.field, word(problem, special)]))
  }

  /** One sentence for the whole. */
  function sentence(error: unknown, special: Special = {}): string {
    const code = refusalCode(error)
    if (error instanceof Refused && error.problems[0]) return word(error.problems[0], special)
    if (code === 'stale') return t('desk.office.stale')
    if (code === 'not_found') return t('desk.office.gone')
    return t(`desk.refusal.${TOLD.includes(code) ? code : 'internal'}`)
  }

  return { fields, sentence }
}
