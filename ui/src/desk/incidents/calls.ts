// The calls of incidents, one function each, as the server names them.
import type { ContactReason } from '@shared/types/ContactReason'
import type { DeskCallbackWish } from '@shared/types/DeskCallbackWish'
import type { DeskColumn } from '@shared/types/DeskColumn'
import type { DeskContact } from '@shared/types/DeskContact'
import type { DeskIncident } from '@shared/types/DeskIncident'
import type { DeskIncidentMap } from '@shared/types/DeskIncidentMap'
import type { DeskIncidents } from '@shared/types/DeskIncidents'
import type { DeskStepWish } from '@shared/types/DeskStepWish'
import { read, upload, write } from '../api/http'

/** Words of the address, as the server names them. */
export type Words = { readonly [word: string]: string | null | undefined }

function query(words: Words): string {
  const said = Object.entries(words).filter((entry): entry is [string, string] => Boolean(entry[1]))
  return new URLSearchParams(said).toString()
}

/** A page of incidents. */
export const incidents = (words: Words, signal?: AbortSignal) => read<DeskIncidents>(`incidents?${query(words)}`, signal)
/** The open incidents by step. */
export const board = (words: Words, signal?: AbortSignal) => read<DeskColumn[]>(`incidents/board?${query(words)}`, signal)
/** What the filters find, on the map. */
export const map = (words: Words, signal?: AbortSignal) => read<DeskIncidentMap>(`incidents/map?${query(words)}`, signal)
/** One incident in full. */
export const incident = (id: string, signal?: AbortSignal) => read<DeskIncident>(`incidents/${encodeURIComponent(id)}`, signal)
/** Takes a step; null when the incident is somebody else's then. */
export const takeStep = (incident: string, wish: DeskStepWish) => write<DeskIncident | null>(`incidents/${incident}/steps`, wish)
/** Adds a photo of what came of it, from a file; tells how much of it is sent, 0 to 1. */
export const addAfter = (incident: string, id: string, seen: string, file: File, told: (share: number) => void) =>
  upload<DeskIncident>(`incidents/${incident}/photos?${query({ id, seen })}`, file, told)
/** Notes a call to the resident. */
export const callBack = (incident: string, wish: DeskCallbackWish) => write<DeskIncident>(`incidents/${incident}/callbacks`, wish)
/** Whom to call, in full. */
export const contact = (incident: string, reason: ContactReason) => write<DeskContact>(`incidents/${incident}/contact`, { reason })

/** An id that nothing else has. (`randomUUID` is missing on pages that were not loaded over TLS.) */
export function freshId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
