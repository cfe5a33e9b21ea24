// A position as people type and read it: latitude, then longitude, as every map app writes them.
import type { LatLng } from './gcj02'

/** A pair of numbers that was typed; none when it is no pair. Whether it can be a place is judged where it is stored. */
export function typedPair(text: string): LatLng | null {
  const match = /^\s*(-?\d{1,3}(?:\.\d+)?)\s*[,\uff0c\u3001;\s]\s*(-?\d{1,3}(?:\.\d+)?)\s*$/.exec(text)
  return match ? { lat: Number(match[1]), lng: Number(match[2]) } : null
}

/** A stored position to be read: to a metre, with how exact it is; null when it is none. */
export function positionWords(value: unknown): string | null {
  const { lat, lng, accuracy_m } = (typeof value === 'object' && value !== null ? value : {}) as { lat?: unknown; lng?: unknown; accuracy_m?: unknown }
  if (typeof lat !== 'number' || typeof lng !== 'number') return null
  const near = typeof accuracy_m === 'number' ? ` ± ${Math.round(accuracy_m)} m` : ''
  return `${lat.toFixed(5)}, ${lng.toFixed(5)}${near}`
}

/** A stored position as text to be corrected; what is no position stays as it was typed. */
export function positionText(value: unknown): string {
  if (typeof value === 'string') return value
  const { lat, lng } = (value ?? {}) as { lat?: unknown; lng?: unknown }
  return typeof lat === 'number' && typeof lng === 'number' ? `${lat}, ${lng}` : ''
}
