// A step of an incident on its way: words and photos are a draft until the step and its photos are stored.
import { call } from '@shared/bridge'
import { appState } from '../state/app'
import { finish, handOver, isHandedOver } from './stored'
import { CHECK_PREFIX, checkKey, type Check } from './words'

/** Stores a step and then its photos. Rejects when the step was not stored. */
export async function storeStep(incident: string, action: string, check: Check): Promise<void> {
  const key = checkKey(incident)
  const before = (await call('incident', { id: incident })).progress.steps.map((step) => step.id)
  await call('save_draft', { key, value: { ...check, storing: { action, before } } })
  try {
    const saved = await call('add_incident_step', { incident, action, opinion: check.opinion, to: check.to })
    await handOver(saved.id, restOf(incident, saved.id, check), key)
    void finish(saved.id).catch(() => undefined)
  } catch (reason) {
    await call('save_draft', { key, value: { ...check, storing: null } }).catch(() => undefined)
    throw reason
  }
}

function restOf(incident: string, step: string, check: Check) {
  return { incident, step, photos: check.photos.map((photo) => ({ key: photo, kind: 'after' as const })), solution: null }
}

async function unfinished(): Promise<{ incident: string; check: Check }[]> {
  const found = []
  for (const { key } of await call('drafts', {})) {
    if (!key.startsWith(CHECK_PREFIX)) continue
    const draft = await call('draft', { key })
    if (draft) found.push({ incident: key.slice(CHECK_PREFIX.length), check: draft.value as Check })
  }
  return found
}

/** The app was killed while storing a step: it is either there or the words wait to be sent again. */
export async function resumeChecks(): Promise<void> {
  for (const { incident, check } of await unfinished()) {
    if (!check.storing) continue
    const { action, before } = check.storing
    const page = await call('incident', { id: incident }).catch(() => null)
    // A colleague's step of the same kind may have come down meanwhile.
    const made = page?.progress.steps.find((step) => step.action === action && !before.includes(step.id) && step.by === appState.app?.account)
    const key = checkKey(incident)
    if (!made) await call('save_draft', { key, value: { ...check, storing: null } })
    else if (await isHandedOver(made.id)) await call('drop_draft', { key })
    else await handOver(made.id, restOf(incident, made.id, check), key)
  }
}

/** The kept photos of unfinished words. */
export async function checkPhotos(): Promise<string[]> {
  return (await unfinished()).flatMap(({ check }) => check.photos)
}
