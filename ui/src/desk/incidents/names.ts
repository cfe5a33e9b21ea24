// What steps, actions, severities, categories and departments are called, in the language of the screen.
import { computed } from 'vue'
import { useI18n } from 'vue-i18n'
import type { CodeList } from '@shared/types/CodeList'
import { useReading } from '../parts/lists'
import { codeName, nameOf, type Named } from '../parts/names'

/** The names. What a list does not know is called by its code. */
export function useNames() {
  const reading = useReading()
  const { t } = useI18n()
  const called = (found: Named | undefined, code: string): string => (found ? nameOf(found, reading.value) : code)
  const of = (list: CodeList, code: string): string => codeName(list, code, reading.value)
  const lists = computed(() => reading.value.lists)
  const department = (code: string): string => called(lists.value?.departments.find((one) => one.code === code), code)
  return {
    reading,
    lists,
    of,
    stage: (code: string) => of('incident_stage', code),
    action: (code: string) => of('incident_action', code),
    satisfaction: (code: string) => of('satisfaction', code),
    department,
    departments: (codes: readonly string[]) => codes.map(department).join(t('desk.value.comma')),
    category: (code: string) => called(lists.value?.categories.find((one) => one.code === code), code),
    severity: (level: number) => called(lists.value?.severities.find((one) => one.level === level), String(level)),
  }
}
