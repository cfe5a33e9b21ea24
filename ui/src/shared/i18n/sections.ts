// Puts the sections of a language file together: `index.json` holds the words without a section.

/** Keys and texts, nested. */
export type Messages = Record<string, unknown>

/** One object of all files of a folder: each under its own name, `index.json` beside them. */
export function sections(files: Record<string, Messages>): Messages {
  const all: Messages = {}
  for (const [path, words] of Object.entries(files)) {
    const name = path.slice(path.lastIndexOf('/') + 1, -'.json'.length)
    if (name === 'index') Object.assign(all, words)
    else all[name] = words
  }
  return all
}
