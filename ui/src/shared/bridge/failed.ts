// What a screen gets when a command was refused: a stable code, never a sentence.
import type { Failure } from '../types/Failure'

/** The device's refusal, or `host`: the call did not even reach it, which is a mistake in the program. */
export type AnyFailure = Failure | { code: 'host'; problems: []; wait_ms: null }

/** A command was refused. */
export class CallFailed extends Error {
  /** What the device said. */
  readonly failure: AnyFailure

  constructor(command: string, failure: AnyFailure, cause?: unknown) {
    super(`${command}: ${failure.code}`, { cause })
    this.name = 'CallFailed'
    this.failure = failure
  }
}

/** Reads whatever a host rejected with. */
export function callFailed(command: string, reason: unknown): CallFailed {
  if (reason instanceof CallFailed) return reason
  if (isFailure(reason)) return new CallFailed(command, reason)
  return new CallFailed(command, { code: 'host', problems: [], wait_ms: null }, reason)
}

function isFailure(reason: unknown): reason is Failure {
  if (typeof reason !== 'object' || reason === null) return false
  const { code, problems } = reason as { code?: unknown; problems?: unknown }
  return typeof code === 'string' && code !== 'host' && Array.isArray(problems)
}
