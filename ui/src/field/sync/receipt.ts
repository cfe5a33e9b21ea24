// What the receipt says, in whole sentences: what of today the server has, and whether phone and server were found the same.
import type { ReceiptPage } from '@shared/types/ReceiptPage'

type Translate = (key: string, named: Record<string, unknown>, plural: number) => string

/** How much of something the server has: `41 records`, or `38 of 41 records` as long as some are on their way. */
function amount(t: Translate, what: 'records' | 'photos', safe: number, all: number): string {
  return safe === all ? t(`field.receipt.${what}`, { n: all }, all) : t(`field.receipt.${what}_of`, { safe, n: all }, all)
}

/** `41 records and 17 photos are on the server`; null when nothing was written today. */
export function todaySentence(t: Translate, today: ReceiptPage['today']): string | null {
  const records = amount(t, 'records', today.records_safe, today.records)
  const photos = amount(t, 'photos', today.photos_safe, today.photos)
  if (today.records > 0 && today.photos > 0) return t('field.receipt.both', { records, photos }, 2)
  if (today.records > 0) return t('field.receipt.one', { what: records }, today.records)
  if (today.photos > 0) return t('field.receipt.one', { what: photos }, today.photos)
  return null
}

/** Whether something written today is not on the server yet. */
export function someWaits(today: ReceiptPage['today']): boolean {
  return today.records_safe < today.records || today.photos_safe < today.photos
}

/** How the card looks: good only when the server has everything of today and nothing was found to differ. */
export function receiptTone(page: ReceiptPage): 'good' | 'warn' | 'quiet' {
  if (page.phase === 'repairing' || page.phase === 'differs' || page.phase === 'unbelieved') return 'warn'
  if (page.phase === 'none' || someWaits(page.today)) return 'quiet'
  return 'good'
}
