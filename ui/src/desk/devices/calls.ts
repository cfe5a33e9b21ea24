// What the devices page asks of the server beside the phones themselves.
import type { DeskPutBack } from '@shared/types/DeskPutBack'
import { read, write } from '../api/http'

/** Whether the database was put back from a backup since somebody looked after the phones. */
export const putBack = () => read<DeskPutBack>('put-back')
/** The phones of the own places were looked after since the restore of that moment. */
export const lookedAfter = (at: number) => write<null>('put-back/looked-after', { at })
