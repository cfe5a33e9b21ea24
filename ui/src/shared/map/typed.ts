// A position as people type it: latitude, then longitude, as every map app writes them.
import type { LatLng } from './gcj02'

/** A pair of numbers that was typed; none when it is no pair. Whether it can be a place is judged where it is stored. */
export function typedPair(text: string): LatLng | null {
  const match = /^\s*(-?\d{1,3}(?:\.\d+)?)\s*[,\uff0c\u3001;\s]\s*(-?\d{1,3}(?:\.\d+)?)\s*$/.exec(text)
  return match ? { lat: Number(match[1]), lng: Number(match[2]) } : null
}

/** A stored position as text; what is no position stays as it was typed. */
export function positionText(value: unknown): string {
  if (typeof value === 'string') return value
  const { lat, lng } = (value ?? {}) as { lat?: unknown; lng?: unknown }
  return typeof lat === 'number' && typeof lng === 'number' ? `${lat}, ${lng}` : ''
}
