// The pages of the desk, in the order in which the frame lists them: one line each, used by the router and by the frame.
import type { Component } from 'vue'
import type { Role } from '@shared/types/Role'

/** Under which heading of the frame a page stands. */
export type Group = 'work' | 'numbers' | 'county'

/** A page of the desk. */
export type Page = {
  /** Its name: the router's, and the last part of its `data-test`. */
  name: string
  /** Where it is, behind `#`. */
  path: string
  /** The key of its title. */
  title: string
  /** Under which heading it stands. */
  group: Group
  /** For whom it is; the server decides by itself what anybody may do. */
  roles: Role[]
  /** Loads it when it is first opened. */
  load: () => Promise<{ default: Component }>
}

/** All of them. */
export const pages: Page[] = [
  {
    name: 'inbox',
    path: '/',
    title: 'desk.inbox.title',
    group: 'work',
    roles: ['supervisor'],
    load: () => import('./inbox/InboxPage.vue'),
  },
  {
    name: 'incidents',
    path: '/incidents',
    title: 'desk.incidents.title',
    group: 'work',
    roles: ['supervisor', 'handler'],
    load: () => import('./incidents/IncidentsPage.vue'),
  },
  {
    name: 'evacuations',
    path: '/evacuations',
    title: 'desk.evacuation.title',
    group: 'work',
    roles: ['supervisor'],
    load: () => import('./evacuation/EvacuationsPage.vue'),
  },
  {
    name: 'residents',
    path: '/residents',
    title: 'desk.resident.title',
    group: 'work',
    roles: ['supervisor'],
    load: () => import('./resident/ResidentsPage.vue'),
  },
  {
    name: 'notices',
    path: '/notices',
    title: 'desk.notice.title',
    group: 'work',
    roles: ['supervisor', 'admin'],
    load: () => import('./notice/NoticesPage.vue'),
  },
  {
    name: 'tasks',
    path: '/tasks',
    title: 'desk.task.title',
    group: 'work',
    roles: ['supervisor', 'admin'],
    load: () => import('./task/TasksPage.vue'),
  },
  {
    name: 'coverage',
    path: '/coverage',
    title: 'desk.coverage.title',
    group: 'numbers',
    roles: ['supervisor', 'admin'],
    load: () => import('./coverage/CoveragePage.vue'),
  },
  {
    name: 'month',
    path: '/month',
    title: 'desk.month.title',
    group: 'numbers',
    roles: ['supervisor', 'admin'],
    load: () => import('./month/MonthPage.vue'),
  },
  {
    name: 'departments',
    path: '/departments',
    title: 'desk.departments.title',
    group: 'numbers',
    roles: ['supervisor', 'handler', 'admin'],
    load: () => import('./departments/DepartmentsPage.vue'),
  },
  {
    name: 'accounts',
    path: '/accounts',
    title: 'desk.accounts.title',
    group: 'county',
    roles: ['admin'],
    load: () => import('./accounts/AccountsPage.vue'),
  },
  {
    name: 'devices',
    path: '/devices',
    title: 'desk.devices.title',
    group: 'county',
    roles: ['supervisor', 'admin'],
    load: () => import('./devices/DevicesPage.vue'),
  },
  {
    name: 'divisions',
    path: '/divisions',
    title: 'desk.divisions.title',
    group: 'county',
    roles: ['admin'],
    load: () => import('./divisions/DivisionsPage.vue'),
  },
  {
    name: 'boundaries',
    path: '/boundaries',
    title: 'desk.boundaries.title',
    group: 'county',
    roles: ['admin'],
    load: () => import('./boundaries/BoundariesPage.vue'),
  },
  {
    name: 'lists',
    path: '/lists',
    title: 'desk.lists.title',
    group: 'county',
    roles: ['admin'],
    load: () => import('./county_lists/CountyListsPage.vue'),
  },
  {
    name: 'review-rules',
    path: '/review-rules',
    title: 'desk.rules.title',
    group: 'county',
    roles: ['admin'],
    load: () => import('./rules/RulesPage.vue'),
  },
  {
    name: 'import',
    path: '/import',
    title: 'desk.import.title',
    group: 'county',
    roles: ['admin'],
    load: () => import('./imports/ImportPage.vue'),
  },
  {
    name: 'export',
    path: '/export',
    title: 'desk.export.title',
    group: 'county',
    roles: ['supervisor', 'admin'],
    load: () => import('./exports/ExportPage.vue'),
  },
  {
    name: 'feedback',
    path: '/feedback',
    title: 'desk.feedback.title',
    group: 'county',
    roles: ['supervisor', 'admin'],
    load: () => import('./feedback/FeedbackPage.vue'),
  },
  {
    name: 'audit',
    path: '/audit',
    title: 'desk.audit.title',
    group: 'county',
    roles: ['auditor', 'admin'],
    load: () => import('./audit/AuditPage.vue'),
  },
]

/** The pages for somebody of this role. */
export const pagesOf = (role: Role): Page[] => pages.filter((page) => page.roles.includes(role))
