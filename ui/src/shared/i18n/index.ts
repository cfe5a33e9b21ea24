// The two languages of both apps: Simplified Chinese first, English second. Every text that a user reads comes from here.
import { createI18n, type I18n } from 'vue-i18n'
import type { Messages } from './sections'

/** The languages there are. */
export type Language = 'zh' | 'en'

/** The language files of an app: `common` and `problem` are shared, the third is its own, a folder with a file for each section. */
export type Part = 'field' | 'desk'

/** The i18n plugin of an app. Its keys are checked by scripts/check-i18n.mjs, not by the compiler. */
export type AppI18n = I18n<Record<string, never>, Record<string, never>, Record<string, never>, string, false>

const files = import.meta.glob<Messages>(['./{zh,en}/*.json', './{zh,en}/*.ts'], { import: 'default' })

async function file(language: Language, name: string): Promise<Messages> {
  const load = files[`./${language}/${name}.json`] ?? files[`./${language}/${name}.ts`]
  if (!load) throw new Error(`language file ${language}/${name}.json is missing`)
  return load()
}

/** The messages of one language for one app, as the keys name them: `common.…`, `problem.…`, and `field.…` or `desk.…`. */
export async function messages(language: Language, part: Part): Promise<Messages> {
  const [common, problem, own] = await Promise.all([
    file(language, 'common'),
    file(language, 'problems'),
    file(language, part),
  ])
  return { common, problem, [part]: own }
}

/** Makes the i18n plugin of an app. Languages are loaded when they are first asked for, see {@link setLanguage}. */
export function makeI18n(): AppI18n {
  return createI18n({
    legacy: false,
    locale: 'zh',
    fallbackLocale: 'zh',
    messages: {},
    warnHtmlMessage: false,
    missingWarn: import.meta.env.DEV,
    fallbackWarn: false,
  }) as unknown as AppI18n
}

const loaded = new WeakMap<object, Set<string>>()

/** Loads a language if it is not there yet, and shows everything in it. */
export async function setLanguage(i18n: AppI18n, language: Language, part: Part): Promise<void> {
  const done = loaded.get(i18n) ?? new Set<string>()
  loaded.set(i18n, done)
  if (!done.has(language)) {
    i18n.global.setLocaleMessage(language, (await messages(language, part)) as Record<string, never>)
    done.add(language)
  }
  i18n.global.locale.value = language
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en'
}
