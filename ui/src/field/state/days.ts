// Days by the county's one clock (UTC+8), as numbers and as they are stored; in words they are in time.ts.

const DAY_MS = 24 * 60 * 60 * 1000
/** How far the county's clock is ahead of UTC. */
export const CHINA_MS = 8 * 60 * 60 * 1000

/** The number of the day in China, for counting days. */
export function dayNumber(at: number): number {
  return Math.floor((at + CHINA_MS) / DAY_MS)
}

/** The moment of a time (`16:05`) on the day so many days before today; null when it is no time. */
export function momentOf(daysBefore: number, time: string, now = Date.now()): number | null {
  const match = /^(\d{1,2}):(\d{2})$/.exec(time)
  if (!match || Number(match[1]) > 23 || Number(match[2]) > 59) return null
  const midnight = dayNumber(now) * DAY_MS - CHINA_MS
  return midnight - daysBefore * DAY_MS + (Number(match[1]) * 60 + Number(match[2])) * 60_000
}

/** The day in China, `YYYY-MM-DD`. */
export function isoDay(at: number): string {
  return new Date(at + CHINA_MS).toISOString().slice(0, 10)
}
