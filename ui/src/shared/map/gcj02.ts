// WGS-84 and GCJ-02. Everything stored is WGS-84; Chinese base maps and map apps are shifted by up to several hundred metres
// (GCJ-02). This is the one place that converts, and only where such a map is met: a file that was drawn on one, and
// coordinates that are handed to one. The formula is the published approximation; outside China nothing is shifted.

/** Degrees. */
export interface LatLng {
  lat: number
  lng: number
}

/** Krasovsky 1940: half the great axis in metres, and the square of the eccentricity. */
const AXIS = 6378245
const ECCENTRICITY = 0.00669342162296594323

/** The box in which the published formula shifts. */
function isShifted({ lat, lng }: LatLng): boolean {
  return lng >= 72.004 && lng <= 137.8347 && lat >= 0.8293 && lat <= 55.8271
}

/** By how much a place is shifted, degrees. */
function shift({ lat, lng }: LatLng): LatLng {
  const [x, y] = [lng - 105, lat - 35]
  const { sin, sqrt, abs, PI } = Math
  const common = (20 * sin(6 * x * PI) + 20 * sin(2 * x * PI)) * (2 / 3)
  const north =
    -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + common +
    (20 * sin(y * PI) + 40 * sin((y / 3) * PI)) * (2 / 3) +
    (160 * sin((y / 12) * PI) + 320 * sin((y / 30) * PI)) * (2 / 3)
  const east =
    300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + common +
    (20 * sin(x * PI) + 40 * sin((x / 3) * PI)) * (2 / 3) +
    (150 * sin((x / 12) * PI) + 300 * sin((x / 30) * PI)) * (2 / 3)
  const radians = (lat / 180) * PI
  const flattening = 1 - ECCENTRICITY * sin(radians) ** 2
  const root = sqrt(flattening)
  return {
    lat: (north * 180) / (((AXIS * (1 - ECCENTRICITY)) / (flattening * root)) * PI),
    lng: (east * 180) / ((AXIS / root) * Math.cos(radians) * PI),
  }
}

/** Where a Chinese base map shows a place. */
export function toGcj02(wgs: LatLng): LatLng {
  if (!isShifted(wgs)) return { lat: wgs.lat, lng: wgs.lng }
  const by = shift(wgs)
  return { lat: wgs.lat + by.lat, lng: wgs.lng + by.lng }
}

/** Which place a Chinese base map shows there: the formula has no inverse, so it is approached until a millimetre is left. */
export function fromGcj02(gcj: LatLng): LatLng {
  if (!isShifted(gcj)) return { lat: gcj.lat, lng: gcj.lng }
  let guess = { lat: gcj.lat, lng: gcj.lng }
  for (let round = 0; round < 12; round++) {
    const shown = toGcj02(guess)
    const off = { lat: shown.lat - gcj.lat, lng: shown.lng - gcj.lng }
    guess = { lat: guess.lat - off.lat, lng: guess.lng - off.lng }
    if (Math.abs(off.lat) < 1e-9 && Math.abs(off.lng) < 1e-9) break
  }
  return guess
}
