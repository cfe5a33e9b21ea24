// The receipt's sentence: exact about what is on the server, in both languages.
import { createI18n } from 'vue-i18n'
import { expect, test } from 'vitest'
import type { ReceiptPage } from '@shared/types/ReceiptPage'
import en from '@shared/i18n/en/field'
import zh from '@shared/i18n/zh/field'
import { receiptTone, todaySentence } from '@field/sync/receipt'

function words(locale: 'zh' | 'en') {
  const i18n = createI18n({ legacy: false, locale, messages: { zh: { field: zh }, en: { field: en } } })
  return (records_safe: number, records: number, photos_safe: number, photos: number) =>
    todaySentence(i18n.global.t as never, { records, records_safe, photos, photos_safe })
}

const page = (change: Partial<ReceiptPage>): ReceiptPage => ({
  phase: 'safe', at: 1, verified: true, records: 5, photos: 1, cells: [],
  today: { records: 2, records_safe: 2, photos: 0, photos_safe: 0 }, ...change,
})

test('the sentence says what is on the server', () => {
  expect(words('zh')(41, 41, 17, 17)).toBe('41 条记录和 17 张照片已在服务器上')
  expect(words('en')(41, 41, 17, 17)).toBe('41 records and 17 photos are on the server')
  expect(words('en')(1, 1, 0, 0)).toBe('1 record is on the server')
  expect(words('zh')(0, 0, 3, 3)).toBe('3 张照片已在服务器上')
  expect(words('en')(0, 0, 0, 0)).toBeNull()
})

test('it never says of something on its way that it is there', () => {
  expect(words('zh')(38, 41, 15, 17)).toBe('41 条记录中的 38 条和 17 张照片中的 15 张已在服务器上')
  expect(words('en')(0, 1, 0, 0)).toBe('0 of 1 record is on the server')
})

test('it is green only when everything of today is there and nothing differs', () => {
  expect(receiptTone(page({}))).toBe('good')
  expect(receiptTone(page({ today: { records: 2, records_safe: 1, photos: 0, photos_safe: 0 } }))).toBe('quiet')
  expect(receiptTone(page({ phase: 'none', at: null }))).toBe('quiet')
  for (const phase of ['repairing', 'differs', 'unbelieved'] as const) expect(receiptTone(page({ phase, verified: false }))).toBe('warn')
})
