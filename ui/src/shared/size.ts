// Room on a phone in the units that phones use, for the worker's storage page and the desk's devices.

/** Bytes as people read them: `0 KB`, `96 KB`, `1.4 MB`, `640 MB`, `3.3 GB`. */
export function size(bytes: number): string {
  const kilo = Math.max(0, bytes) / 1024
  if (kilo < 1024) return `${Math.ceil(kilo)} KB`
  const mega = kilo / 1024
  if (mega < 1024) return `${mega < 10 ? mega.toFixed(1) : Math.round(mega)} MB`
  return `${(mega / 1024).toFixed(1)} GB`
}
