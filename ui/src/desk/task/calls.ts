// The calls of tasks.
import type { DeskTaskPage } from '@shared/types/DeskTaskPage'
import type { DeskTasks } from '@shared/types/DeskTasks'
import type { PublishedOutcome } from '@shared/types/PublishedOutcome'
import { read, write } from '../api/http'

/** A task to be given. */
export type TaskWish = { wish: string; places: string[]; title: string; purpose: string; text: string | null; due_on: string | null }

/** A page of tasks, the latest first. */
export const tasks = (before: number | null) => read<DeskTasks>(before === null ? 'tasks' : `tasks?before=${before}`)
/** A task with what came back. */
export const task = (id: string) => read<DeskTaskPage>(`tasks/${id}`)
/** Gives one. */
export const give = (wish: TaskWish) => write<PublishedOutcome>('tasks', wish)
/** Withdraws one. */
export const withdraw = (id: string) => write<null>(`tasks/${id}/withdraw`)
