// Why the device said no, in words.
import { failureOf } from '@shared/bridge'
import { i18n } from './app'

/** The sentence of a refusal for who sees no field to correct: of one that names a problem, what the problem is. */
export function whyOf(reason: unknown): string {
  const { t } = i18n.global
  const { code, problems } = failureOf(reason)
  const problem = code === 'invalid' ? problems[0] : undefined
  return problem ? t(`problem.${problem.code}`, { limit: problem.limit ?? '' }) : t(`common.failure.${code}`)
}
