// The keys of the review desk.
import { expect, test } from 'vitest'
import { KEYS, commandOf, type KeyPress } from '@desk/shell/keyboard'

const press = (key: string, more: Partial<KeyPress> = {}): KeyPress => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  isComposing: false,
  typing: false,
  ownArrows: false,
  ...more,
})

test('every key of the help does what the help says, with Caps Lock too', () => {
  for (const { keys, command } of KEYS) for (const key of keys) expect(commandOf(press(key))).toBe(command)
  expect(commandOf(press('A'))).toBe('approve')
})

test('no letter fires while somebody types, not even a half-composed one; Esc does', () => {
  for (const { keys, command } of KEYS) {
    for (const key of keys) expect(commandOf(press(key, { typing: true }))).toBe(command === 'close' ? 'close' : null)
  }
  expect(commandOf(press('a', { isComposing: true }))).toBeNull()
})

test('the browser keeps its own shortcuts', () => {
  for (const held of ['ctrlKey', 'metaKey', 'altKey'] as const) expect(commandOf(press('a', { [held]: true }))).toBeNull()
})

test('arrows belong to whatever has the focus and moves by them', () => {
  expect(commandOf(press('ArrowDown', { ownArrows: true }))).toBeNull()
  expect(commandOf(press('j', { ownArrows: true }))).toBe('next')
})
