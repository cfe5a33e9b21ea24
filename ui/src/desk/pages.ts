// The pages of the desk, in the order in which the frame lists them: one line each, used by the router and by the frame.
import type { Component } from 'vue'
import type { Role } from '@shared/types/Role'

/** Under which heading of the frame a page stands. */
export type Group = 'work' | 'county'

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
    name: 'evacuations',
    path: '/evacuations',
    title: 'desk.evacuation.title',
    group: 'work',
    roles: ['supervisor'],
    load: () => import('./evacuation/EvacuationsPage.vue'),
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
    name: 'residents',
    path: '/residents',
    title: 'desk.resident.title',
    group: 'work',
    roles: ['supervisor'],
    load: () => import('./resident/ResidentsPage.vue'),
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
    name: 'devices',
    path: '/devices',
    title: 'desk.devices.title',
    group: 'county',
    roles: ['supervisor', 'admin'],
    load: () => import('./devices/DevicesPage.vue'),
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
