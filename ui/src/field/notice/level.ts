// What a notice is, in words: a warning always says its level, whatever its colour.
import type { NoticeLine } from '@shared/types/NoticeLine'
import { i18n } from '../state/app'
import { codeName } from '../state/lists'

/** Orange warning, policy, … */
export function kindWords(line: Pick<NoticeLine, 'notice_kind' | 'level'>): string {
  const kind = codeName('notice_kind', line.notice_kind)
  if (!line.level) return kind
  return i18n.global.t('field.notice.level', { level: codeName('warning_level', line.level), kind })
}
