// Recording a visit with one tap, and taking it back.
import { call, failureOf } from '@shared/bridge'
import type { Problem } from '@shared/types/Problem'
import type { RecordVisitArgs } from '@shared/types/RecordVisitArgs'
import type { VisitLine } from '@shared/types/VisitLine'
import { router } from '../router'
import { i18n } from '../state/app'
import { codeName } from '../state/lists'
import { whyOf } from '../state/why'
import { refreshSync } from '../sync/state'
import { tell } from '../shell/notice'

/** A second tap so soon after the first is the same tap, milliseconds. */
const ONE_TAP_MS = 3000
/** The visit that was recorded last with one tap, by whichever button. */
let last: { target: string; result: string; plan: string | null; at: number } | null = null

/** Records a visit with one tap, unless that tap was one already. Says whether it is stored. */
export async function tapVisit(args: RecordVisitArgs, whom: string): Promise<boolean> {
  const { target, result } = args
  const plan = args.care_plan ?? null
  const now = Date.now()
  if (last?.target === target && last.result === result && last.plan === plan && now - last.at < ONE_TAP_MS) return false
  const mine = { target, result, plan, at: now }
  last = mine
  const stored = await recordVisit(args, whom)
  // From when it is stored: that may take a moment. What was not stored may be tried again at once.
  if (last === mine) last = stored ? { ...mine, at: Date.now() } : null
  return stored
}

/** Records a visit and offers to take it back. Says whether it is stored; a caller with `refused` tells the worker why not. */
export async function recordVisit(
  args: RecordVisitArgs,
  whom: string,
  refused?: (failure: { problems: readonly Problem[] }, why: string) => void,
): Promise<boolean> {
  const { t } = i18n.global
  try {
    const saved = await call('record_visit', args)
    const result = codeName('visit_result', args.result)
    tell({ text: t('field.visit.recorded', { whom, result }), undo: () => takeBack({ id: saved.id, target_kind: args.target_kind, target_id: args.target }) })
    await refreshSync()
    return true
  } catch (reason) {
    const failure = failureOf(reason)
    const why = t(`common.failure.${failure.code}`)
    if (refused) refused(failure, why)
    else tell({ text: whyOf(reason), bad: true })
    return false
  }
}

/** Removes a visit that the server was not offered yet; one that it has is corrected by another, so the form for that comes up. */
export async function takeBack(visit: Pick<VisitLine, 'id' | 'target_kind' | 'target_id'>): Promise<void> {
  const { t } = i18n.global
  try {
    await call('take_back', { id: visit.id })
    last = null
    tell({ text: t('field.visit.taken_back') })
  } catch (reason) {
    const { code } = failureOf(reason)
    if (code === 'sealed') await router.push(`/visit/${visit.target_kind}/${visit.target_id}?replaces=${visit.id}`)
    tell({ text: t(code === 'sealed' ? 'field.visit.sent_already' : `common.failure.${code}`), bad: code !== 'sealed' })
  }
  await refreshSync()
}
