// The calls of the coverage.
import type { Coverage } from '@shared/types/Coverage'
import type { CoverageList } from '@shared/types/CoverageList'
import type { CoverageMatter } from '@shared/types/CoverageMatter'
import { read } from '../api/http'

/** How a place and those right below it are covered, now. Without a place: the own. */
export const coverage = (place: string | null) => read<Coverage>(place ? `coverage?${new URLSearchParams({ place })}` : 'coverage')

/** The records behind a number. */
export const coverageList = (place: string, matter: CoverageMatter) => read<CoverageList>(`coverage/list?${new URLSearchParams({ place, matter })}`)
