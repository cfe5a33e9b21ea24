// The calls for accounts.
import type { DeskAccount } from '@shared/types/DeskAccount'
import type { FirstPassword } from '@shared/types/FirstPassword'
import type { Role } from '@shared/types/Role'
import { read, write } from '../api/http'

/** What the office says of an account. */
export type AccountWords = { display_name: string; role: Role; scopes: string[]; cells: string[]; department: string | null }

/** The accounts of the own scope, the closed ones too. */
export const accounts = () => read<DeskAccount[]>('accounts')
/** Makes one; who works at the desk gets a first password. */
export const create = (account: string, words: AccountWords) => write<FirstPassword>('accounts', { account, ...words })
/** Changes one as it was seen. */
export const change = (account: string, version: string, words: AccountWords) =>
  write<null>(`accounts/${account}`, { version, ...words })
/** Closes one. */
export const close = (account: string) => write<null>(`accounts/${account}/close`)
/** Opens a closed one again. */
export const reopen = (account: string) => write<null>(`accounts/${account}/reopen`)
/** Gives one a new first password. */
export const resetPassword = (account: string) => write<FirstPassword>(`accounts/${account}/password`)
