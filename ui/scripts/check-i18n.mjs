// Checks the language files: both languages have the same keys and placeholders, every key that the sources use exists, no key
// is left over, every generated code has its words, and no Chinese text stands in the sources outside the language files.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const source = join(root, 'src')
const languages = ['zh', 'en']
/** Language file, or folder with a file for each section → first part of its keys. */
const parts = { common: 'common', field: 'field', desk: 'desk', problems: 'problem' }
const CHINESE = /[\u3007\u3400-\u9fff\uff00-\uffef\u{20000}-\u{323af}]/u
const problems = []

const flat = (value, path, into = new Map()) => {
  if (typeof value === 'string') into.set(path, value)
  else for (const [name, inner] of Object.entries(value)) flat(inner, `${path}.${name}`, into)
  return into
}

const read = (path) => JSON.parse(readFileSync(path, 'utf8'))
/** What a part says: its file, or the files of its folder, `index.json` without a section of its own. */
const said = (language, part) => {
  const path = join(source, 'shared/i18n', language, part)
  if (existsSync(`${path}.json`)) return read(`${path}.json`)
  const all = {}
  for (const file of readdirSync(path)) {
    const section = basename(file, '.json')
    if (section === 'index') Object.assign(all, read(join(path, file)))
    else all[section] = read(join(path, file))
  }
  return all
}

const words = Object.fromEntries(
  languages.map((language) => {
    const all = new Map()
    for (const [file, part] of Object.entries(parts)) {
      for (const [key, text] of flat(said(language, file), part)) all.set(key, text)
    }
    return [language, all]
  }),
)

// Both languages say the same things.
const placeholders = (text) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort().filter((name, index, all) => name !== all[index - 1]).join(',')
const [first, second] = languages
for (const [key, text] of words[first]) {
  const other = words[second].get(key)
  if (other === undefined) problems.push(`${second} lacks ${key}`)
  else if (placeholders(text) !== placeholders(other)) problems.push(`${key} has other placeholders in ${second}`)
  if (text.trim() === '' || other?.trim() === '') problems.push(`${key} is empty`)
}
for (const key of words[second].keys()) if (!words[first].has(key)) problems.push(`${first} lacks ${key}`)

// Every key used exists; every key is used.
const files = readdirSync(source, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.(vue|ts)$/.test(entry.name))
  .map((entry) => join(entry.parentPath, entry.name))
  .filter((path) => !path.includes(join('shared', 'types')))
const withoutComments = (text) =>
  text
    .replace(/<!--[\s\S]*?-->/g, '')
    // `image/*` begins no comment.
    .replace(/(?<!\w)\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|[^:"'`])\/\/.*$/gm, '$1')
const used = new Set()
const prefixes = new Set()
for (const path of files) {
  const text = withoutComments(readFileSync(path, 'utf8'))
  const name = relative(root, path)
  text.split('\n').forEach((line, index) => {
    if (CHINESE.test(line)) problems.push(`${name}: Chinese text outside the language files: ${line.trim().slice(0, 60)} (line ${index + 1} without comments)`)
  })
  // A key is any text that begins like one, wherever it is kept before it reaches t(). Double quotes are those of attributes.
  for (const match of text.matchAll(/['`]((?:common|field|desk|problem)\.[A-Za-z0-9_.]*)(\$\{)?/g)) {
    const key = match[1]
    if (match[2] || key.endsWith('.')) prefixes.add(key)
    else if (words[first].has(key)) used.add(key)
    else problems.push(`${name}: the key ${key} does not exist`)
  }
}
for (const prefix of prefixes) {
  if (![...words[first].keys()].some((key) => key.startsWith(prefix))) problems.push(`no key begins with ${prefix}`)
}
for (const key of words[first].keys()) {
  if (!used.has(key) && ![...prefixes].some((prefix) => key.startsWith(prefix))) problems.push(`${key} is used nowhere`)
}

// Every code that the Rust side can answer with has its words.
const codes = (type) => {
  const text = readFileSync(join(source, 'shared/types', `${type}.ts`), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '')
  return [...text.slice(text.indexOf('export type')).matchAll(/"([a-z0-9_]+)"/g)].map((match) => match[1])
}
for (const [type, prefix] of [
  ['ProblemCode', 'problem'],
  ['FailureCode', 'common.failure'],
  ['Warning', 'common.warning'],
  ['ReviewState', 'common.review'],
]) {
  for (const code of codes(type)) if (!words[first].has(`${prefix}.${code}`)) problems.push(`${prefix}.${code} is missing`)
}

if (problems.length > 0) {
  console.error(problems.join('\n'))
  console.error(`${problems.length} problems with the language files`)
  process.exit(1)
}
console.log(`language files: ${words[first].size} keys in ${languages.length} languages, ${files.length} sources`)
