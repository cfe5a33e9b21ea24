// Papers to print: the device makes the file, the host keeps it where the worker finds it.
import { failureOf, saveFile } from '@shared/bridge'
import { tell } from '../shell/notice'
import { i18n } from '../state/app'

/** Has a paper made and kept under this name; says where, or what went wrong. */
export async function printPaper(name: string, make: () => Promise<ArrayBuffer>): Promise<void> {
  const { t } = i18n.global
  // A name is a file's name on whatever system: what some of them refuse is left out.
  const file = `${name.replace(/[\\/:*?"<>|\s]+/g, '_').slice(0, 60)}.pdf`
  try {
    const place = await saveFile(file, 'application/pdf', await make())
    tell({ text: t('field.paper.saved', { name: place ?? file }) })
  } catch (reason) {
    tell({ text: t(`common.failure.${failureOf(reason).code}`), bad: true })
  }
}
