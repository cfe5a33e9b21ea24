// The unfinished words about an incident, as the device keeps them.

/** What somebody is about to say of an incident. */
export interface Check {
  opinion: string
  /** The unit that it goes to, or the incident that it is merged into. */
  to: string
  /** Keys of the picked photos that the device keeps, in order. */
  photos: string[]
  /** Set while the step is being stored: what is done, and the ids of all steps there were before. */
  storing: { action: string; before: string[] } | null
}

/** What the keys of such drafts begin with. */
export const CHECK_PREFIX = 'incident-step:'

/** The key of the unfinished words about an incident. */
export const checkKey = (incident: string): string => CHECK_PREFIX + incident

/** Nothing said yet. */
export function emptyCheck(): Check {
  return { opinion: '', to: '', photos: [], storing: null }
}
