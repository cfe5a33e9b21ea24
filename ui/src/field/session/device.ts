// What this phone is called on the desk until somebody renames it.

/** The model of the phone as its browser tells it, or its system. At most 40 characters. */
export function deviceName(userAgent: string): string {
  const android = /Android [^;)]*; (?:[a-z]{2}-[a-zA-Z]{2}; )?([^;)]+?)(?: Build\/[^;)]*)?[;)]/.exec(userAgent)
  const model = android?.[1]?.trim()
  if (model && model !== 'K') return model.slice(0, 40)
  const systems = [/iPhone/, /iPad/, /Android/, /Windows/, /Mac OS X/, /Linux/]
  const found = systems.map((system) => system.exec(userAgent)?.[0]).find((name) => name !== undefined)
  return found ?? 'Doorstep'
}
