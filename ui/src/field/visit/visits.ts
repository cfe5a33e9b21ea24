// Recording a visit with one tap, and taking it back.
import { call, failureOf } from '@shared/bridge'
import type { Problem } from '@shared/types/Problem'
import type { RecordVisitArgs } from '@shared/types/RecordVisitArgs'
import { i18n } from '../state/app'
import { codeName } from '../state/lists'
import { refreshSync } from '../sync/state'
import { tell } from '../shell/notice'

/** Records a visit and offers to take it back. Says whether it is stored. */
export async function recordVisit(
  args: RecordVisitArgs,
  whom: string,
  refused?: (failure: { problems: readonly Problem[] }) => void,
): Promise<boolean> {
  const { t } = i18n.global
  try {
    const saved = await call('record_visit', args)
    const result = codeName('visit_result', args.result)
    tell({ text: t('field.visit.recorded', { whom, result }), undo: () => takeBack(saved.id) })
    await refreshSync()
    return true
  } catch (reason) {
    const failure = failureOf(reason)
    refused?.(failure)
    tell({ text: t(`common.failure.${failure.code}`), bad: true })
    return false
  }
}

/** Removes an own record that the server has not been offered yet. */
export async function takeBack(id: string): Promise<void> {
  const { t } = i18n.global
  try {
    await call('take_back', { id })
    tell({ text: t('field.visit.taken_back') })
  } catch (reason) {
    tell({ text: t(`common.failure.${failureOf(reason).code}`), bad: true })
  }
  await refreshSync()
}
