// What the window's own host can do beside the device's commands, as the host answers it.
import type { AppState } from '../types/AppState'
import type { Position } from '../types/Position'

/** Whether the worker lets the phone tell something. `never`: there is no such thing here. */
export type Allowed = 'yes' | 'refused' | 'not_asked' | 'never'

/** What this system can do. */
export interface SystemState {
  /** Whether fingerprint or face can be allowed for the worker who has the phone. */
  biometry: boolean
  /** Whether news may be told while the app is not on the screen. */
  alerts: Allowed
  /** Whether the position comes from the system's own service. */
  position: boolean
}

/** What a notification says: nothing of anybody. */
export interface AlertWords {
  /** The title of all of them. */
  title: string
  /** There is a new warning. */
  warning: string
  /** A record was returned. */
  returned: string
}

/** The host's own commands: arguments and answer of each. */
export interface SystemCommands {
  system_state: { args: Record<string, never>; answer: SystemState }
  allow_alerts: { args: Record<string, never>; answer: Allowed }
  shown: { args: { shown: boolean; words: AlertWords }; answer: null }
  allow_biometry: { args: { pin: string }; answer: AppState }
  forget_biometry: { args: Record<string, never>; answer: AppState }
  unlock_with_biometry: { args: { prompt: { reason: string; cancel: string } }; answer: AppState }
  position: { args: Record<string, never>; answer: Position }
}

/** Something that answers them. */
export interface System {
  /** Rejects with what the host said. */
  ask<C extends keyof SystemCommands>(command: C, args: SystemCommands[C]['args']): Promise<SystemCommands[C]['answer']>
}
