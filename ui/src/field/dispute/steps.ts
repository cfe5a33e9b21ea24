// The steps of a mediation as the screens offer them: what is written down at each, and the form that goes with it.
import type { Dispute } from '@shared/types/Dispute'
import type { DisputeForm } from '@shared/types/DisputeForm'
import { changedFields, type Values } from '../record/forms'

/** What a step asks for, beside its moment. */
export interface Step {
  /** Fields of the event. */
  event: readonly string[]
  /** Fields of the file that change with it. */
  file: readonly string[]
}

/** Every step by its code, in the order of a mediation. */
export const STEPS: Readonly<Record<string, Step>> = {
  application: { event: ['place', 'text', 'signed'], file: [] },
  rights: { event: ['place', 'present', 'signed'], file: [] },
  investigation: { event: ['place', 'present', 'text', 'signed'], file: [] },
  mediation: { event: ['place', 'present', 'text', 'signed'], file: [] },
  agreement: { event: ['signed'], file: ['agreement', 'agreed_on', 'terms', 'perform_how', 'perform_by'] },
  performance: { event: ['text'], file: ['performed_on'] },
  follow_up: { event: ['place', 'present', 'text'], file: [] },
  extension: { event: ['until', 'text', 'signed'], file: [] },
}

const some = (values: Values, names: readonly string[]): Values => Object.fromEntries(names.map((name) => [name, values[name] ?? null]))

/** What stands in the file of the fields that a step may change. */
export function fileOf(step: Step, dispute: Dispute): Values {
  return some({ ...dispute }, step.file)
}

/** What a step's form begins from. What is known already is not typed again: the parties are usually there, an agreement is usually of today. */
export function proposed(step: Step, dispute: Dispute, today: string): Values {
  const start: Values = { ...some({}, step.event), ...fileOf(step, dispute) }
  if ('present' in start) start.present = dispute.parties.map((party) => party.name).filter((name) => /^[^\d—]+$/.test(name))
  for (const name of ['agreed_on', 'performed_on']) if (step.file.includes(name)) start[name] ??= today
  return start
}

/** What a step changes of the file: a field that says what it said is not written again, over what somebody wrote meanwhile. */
export function changedFile(step: Step, stored: Values, values: Values): Values | null {
  const changed = changedFields(stored, some(values, step.file))
  return Object.keys(changed).length > 0 ? changed : null
}

/** What is kept of an unfinished step: its own words, and what it changes of the file. */
export function keptWords(step: Step, stored: Values, values: Values): Values {
  return { ...some(values, step.event), ...changedFile(step, stored, values) }
}

/** The forms to print, in the order of a mediation. */
export const FORMS: readonly DisputeForm[] = ['application', 'registration', 'rights', 'investigation', 'mediation', 'agreement', 'oral', 'follow_up']

/** The form that an event can be printed on. */
export function formOf(step: string): DisputeForm | null {
  const forms: Partial<Record<string, DisputeForm>> = {
    application: 'application',
    rights: 'rights',
    investigation: 'investigation',
    mediation: 'mediation',
    agreement: 'agreement',
    follow_up: 'follow_up',
  }
  return forms[step] ?? null
}

/** A moment as a `datetime-local` input writes it, by the clock of China. */
export function localMoment(at: number): string {
  return new Date(at + 8 * 3_600_000).toISOString().slice(0, 16)
}

/** What a `datetime-local` input says, by the clock of China; null for nothing or nonsense. */
export function momentOf(text: string): number | null {
  const at = Date.parse(`${text}:00+08:00`)
  return /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/.test(text) && Number.isFinite(at) ? at : null
}
