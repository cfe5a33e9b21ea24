// The keys of the review desk. One letter, one command; never while somebody is typing.

/** What a key asks for. */
export type Command = 'next' | 'previous' | 'approve' | 'return' | 'undo' | 'correct' | 'look' | 'select' | 'photo' | 'search' | 'close' | 'help'

/** The keys, in the order in which the help shows them. */
export const KEYS: readonly { keys: readonly string[]; command: Command }[] = [
  { keys: ['j', 'ArrowDown'], command: 'next' },
  { keys: ['k', 'ArrowUp'], command: 'previous' },
  { keys: ['a'], command: 'approve' },
  { keys: ['r'], command: 'return' },
  { keys: ['z'], command: 'undo' },
  { keys: ['e'], command: 'correct' },
  { keys: ['v'], command: 'look' },
  { keys: ['x'], command: 'select' },
  { keys: ['o'], command: 'photo' },
  { keys: ['/'], command: 'search' },
  { keys: ['Escape'], command: 'close' },
  { keys: ['?'], command: 'help' },
]

/** What of a keyboard event matters here. */
export type KeyPress = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'isComposing'> & {
  /** Whether the focus is in something that takes letters. */
  typing: boolean
  /** Whether the focus is in something that moves by arrow keys itself, such as the tree of places. */
  ownArrows: boolean
}

/** The command of a key press, or none. Escape alone also works while typing. */
export function commandOf(press: KeyPress): Command | null {
  if (press.ctrlKey || press.metaKey || press.altKey || press.isComposing) return null
  // With Caps Lock on the letters arrive as capitals and mean the same.
  const key = press.key.length === 1 ? press.key.toLowerCase() : press.key
  const command = KEYS.find((entry) => entry.keys.includes(key))?.command ?? null
  if (press.typing && command !== 'close') return null
  if (press.ownArrows && key.startsWith('Arrow')) return null
  return command
}

/** Reads a browser's event. */
export function pressOf(event: KeyboardEvent): KeyPress {
  const target = event.target instanceof Element ? event.target : null
  const { key, ctrlKey, metaKey, altKey, isComposing } = event
  return {
    key,
    ctrlKey,
    metaKey,
    altKey,
    isComposing,
    typing: target?.closest('input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable=true]') != null,
    ownArrows: target?.closest('[role=tree], [role=tablist], [role=menu], [role=listbox], [role=dialog]') != null,
  }
}
