// Who sits at the desk. An ended session does not throw anything on the screen away: it only asks for the password again.
import { computed, readonly, ref, shallowRef } from 'vue'
import type { Session } from '@shared/types/Session'
import * as calls from '../api/calls'
import { Refused, carryToken, refusalCode, whenRefused, type RefusalCode } from '../api/http'

/** `unknown` until the server was asked; `unreachable` when it could not be. */
export type Phase = 'unknown' | 'unreachable' | 'out' | 'in' | 'expired'

const current = shallowRef<Session | null>(null)
const phase = ref<Phase>('unknown')

/** Takes a session over; not that of another account. */
function take(session: Session): boolean {
  if (current.value !== null && current.value.account !== session.account) {
    // Somebody else sits down: nothing of what the first one saw or typed may stay on the screen, nor be done in the other's name.
    window.location.reload()
    return false
  }
  current.value = session
  carryToken(session.csrf)
  phase.value = 'in'
  return true
}

whenRefused(
  () => {
    if (phase.value === 'in') phase.value = 'expired'
  },
  async () => {
    if (!take(await calls.session())) throw new Refused('signed_out', 401)
  },
)

/** The session, and what can be done to it. */
export function useSession() {
  /** Asks the server whether somebody is signed in already. */
  async function resume(): Promise<void> {
    phase.value = 'unknown'
    try {
      take(await calls.session())
    } catch (error) {
      const unreachable = !(error instanceof Refused) || (error.status !== 401 && error.status !== 403)
      phase.value = unreachable ? 'unreachable' : 'out'
    }
  }

  /** Signs in; gives the code of what was wrong, or null. */
  async function signIn(account: string, password: string): Promise<RefusalCode | null> {
    try {
      take(await calls.signIn(account, password))
      return null
    } catch (error) {
      return refusalCode(error)
    }
  }

  /** Signs out here and on the server; without the server nothing pretends to be signed out. */
  async function signOut(): Promise<RefusalCode | null> {
    try {
      await calls.signOut()
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== 'signed_out') return refusalCode(error)
    }
    current.value = null
    window.location.reload()
    return null
  }

  /** Changes the own password; throws what the server refuses. */
  async function changePassword(old: string, fresh: string): Promise<void> {
    await calls.changePassword(old, fresh)
    take(await calls.session())
  }

  return {
    changePassword,
    session: readonly(current),
    phase: readonly(phase),
    isIn: computed(() => phase.value === 'in' || phase.value === 'expired'),
    resume,
    signIn,
    signOut,
  }
}
