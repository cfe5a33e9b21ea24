// Where the phone is, asked for by one tap and never otherwise.
import type { Position } from '@shared/types/Position'

/** Why there is no position. */
export type NoPosition = 'denied' | 'unknown'

/** Asks once. Rejects with a [`NoPosition`]. */
export function readPosition(): Promise<Position> {
  return new Promise((resolve, reject: (why: NoPosition) => void) => {
    // Some windows have no way to ask.
    const asked = (navigator as { geolocation?: Geolocation }).geolocation
    if (!asked) return reject('unknown')
    asked.getCurrentPosition(
      ({ coords }) => resolve({ lat: rounded(coords.latitude), lng: rounded(coords.longitude), accuracy_m: Math.round(coords.accuracy) }),
      (error) => reject(error.code === error.PERMISSION_DENIED ? 'denied' : 'unknown'),
      { enableHighAccuracy: true, timeout: 15_000, maximumAge: 60_000 },
    )
  })
}

/** Six decimals are a hand's breadth: more says nothing. */
function rounded(degrees: number): number {
  return Math.round(degrees * 1e6) / 1e6
}
