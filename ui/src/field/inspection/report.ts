// An overdue hazard becomes an incident with one tap; everything in it is known already.
import { useRouter } from 'vue-router'
import { call, failureOf } from '@shared/bridge'
import { tell } from '../shell/notice'
import { i18n } from '../state/app'
import { useWayOut } from '../state/leave'
import { useOnce } from '../state/once'
import { refreshSync } from '../sync/state'

/** Reports a hazard and opens the incident that it became, if the worker is still there. */
export function useReportHazard() {
  const router = useRouter()
  const way = useWayOut()
  const { busy, run } = useOnce(async (inspection: string, item: string) => {
    const { t } = i18n.global
    try {
      const { id } = await call('report_hazard', { inspection, item })
      tell({ text: t('field.inspection.reported') })
      void refreshSync()
      if (way.here()) await router.push(`/incident/${id}`)
    } catch (reason) {
      tell({ text: t(`common.failure.${failureOf(reason).code}`), bad: true })
    }
  })
  return { busy, report: run }
}
