// What a worker's day has besides doors and incidents: one place each, in the order of the day. Shown on Today.
import type { shapes } from '../parts/IconMark.vue'

/** A place to go to from Today. */
export interface WorkPlace {
  /** Its address. */
  path: string
  /** Key of its name. */
  name: string
  icon: keyof typeof shapes
}

/** The places, in the order to show them. */
export const WORK_PLACES: readonly WorkPlace[] = [
  { path: '/sheets', name: 'field.sheet.title', icon: 'sheet' },
  { path: '/month', name: 'field.month.title', icon: 'calendar' },
  { path: '/evacuations', name: 'field.evacuation.title', icon: 'evacuate' },
  { path: '/care', name: 'field.care.title', icon: 'heart' },
  { path: '/notices', name: 'field.notice.title', icon: 'bell' },
  { path: '/tasks', name: 'field.task.title', icon: 'task' },
  { path: '/inspections', name: 'field.inspection.inspections', icon: 'inspections' },
  { path: '/disputes', name: 'field.dispute.disputes', icon: 'disputes' },
]
