// WGS-84 ↔ GCJ-02 against published pairs, there and back over all of China, and nothing outside of it.
import { expect, test } from 'vitest'
import { fromGcj02, toGcj02 } from '@shared/map/gcj02'

/** Latitude and longitude in WGS-84 and in GCJ-02: the test pairs that implementations of the formula publish. */
const PUBLISHED = [
  [31.1774276, 121.5272106, 31.17530398364597, 121.531541859215],
  [22.543847, 113.912316, 22.540796131694766, 113.9171764808363],
  [39.911954, 116.377817, 39.91334545536069, 116.38404722455657],
] as const

const METRES = 111_320
const metres = (a: { lat: number; lng: number }, b: { lat: number; lng: number }) =>
  Math.hypot((a.lat - b.lat) * METRES, (a.lng - b.lng) * METRES * Math.cos((a.lat * Math.PI) / 180))

test('the published pairs come out, both ways', () => {
  for (const [lat, lng, gcjLat, gcjLng] of PUBLISHED) {
    const shown = toGcj02({ lat, lng })
    expect(shown.lat).toBeCloseTo(gcjLat, 9)
    expect(shown.lng).toBeCloseTo(gcjLng, 9)
    expect(metres(fromGcj02({ lat: gcjLat, lng: gcjLng }), { lat, lng })).toBeLessThan(0.01)
  }
})

test('there and back is the same place within a centimetre, everywhere in China', () => {
  let seed = 610_722
  const chance = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647
  for (let round = 0; round < 5_000; round++) {
    const place = { lat: 3.9 + chance() * 49.6, lng: 73.5 + chance() * 61.5 }
    const shown = toGcj02(place)
    const by = metres(place, shown)
    expect(by).toBeGreaterThan(1)
    expect(by).toBeLessThan(1_500)
    expect(metres(fromGcj02(shown), place)).toBeLessThan(0.01)
  }
})

test('outside China nothing is shifted', () => {
  for (const place of [{ lat: 48.85, lng: 2.35 }, { lat: -33.86, lng: 151.2 }, { lat: 0, lng: 0 }, { lat: 39.7392, lng: -104.9903 }]) {
    expect(toGcj02(place)).toEqual(place)
    expect(fromGcj02(place)).toEqual(place)
  }
})
