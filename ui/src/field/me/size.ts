// Room on the phone in the units that phones use.

/** Bytes as people read them: `0 KB`, `96 KB`, `1.4 MB`, `12 MB`. */
export function size(bytes: number): string {
  const kilo = Math.max(0, bytes) / 1024
  if (kilo < 1024) return `${Math.ceil(kilo)} KB`
  const mega = kilo / 1024
  return `${mega < 10 ? mega.toFixed(1) : Math.round(mega)} MB`
}
