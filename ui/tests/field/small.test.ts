// Masks, names of phones and failures: the small pure pieces.
import { expect, test } from 'vitest'
import { masked } from '@field/parts/mask'
import { cellsForNew } from '@field/state/cells'
import { deviceName } from '@field/session/device'
import { CallFailed, callFailed } from '@shared/bridge/failed'

test('a mask leaves three in front and four at the end', () => {
  expect(masked('13812345678')).toBe('138****5678')
  expect(masked('61072219880321123X')).toBe('610***********123X')
})

test('a short number gives away its last two digits only', () => {
  expect(masked('66889')).toBe('***89')
  expect(masked('')).toBe('')
})

test('a phone is called by its model, else by its system', () => {
  expect(deviceName('Mozilla/5.0 (Linux; Android 11; HUAWEI P40 Build/X; wv) AppleWebKit/537.36')).toBe('HUAWEI P40')
  expect(deviceName('Mozilla/5.0 (Linux; Android 13; K) AppleWebKit/537.36')).toBe('Android')
  expect(deviceName('Mozilla/5.0 (iPhone; CPU iPhone OS 16_0 like Mac OS X)')).toBe('iPhone')
  expect(deviceName('something else')).toBe('Doorstep')
})

test('whatever a host rejects with becomes a failure with a code', () => {
  const said = { code: 'wrong_pin', problems: [], wait_ms: 1000 }
  expect(callFailed('unlock', said).failure).toEqual(said)
  expect(callFailed('unlock', { code: 'host', message: 'x' }).failure.code).toBe('host')
  for (const odd of [undefined, null, 'text', new TypeError('x'), { code: 3 }]) expect(callFailed('x', odd).failure.code).toBe('host')
  const failed = callFailed('unlock', said)
  expect(callFailed('other', failed)).toBe(failed)
  expect(failed).toBeInstanceOf(CallFailed)
})

test('nothing new is put into a cell that is over, unless the phone holds no other', () => {
  const cell = (code: string, over: boolean) => ({ code, name: code, village_name: '', town_name: '', over })
  const [merged, goes] = [cell('610722001001001', true), cell('610722001001002', false)]
  expect(cellsForNew([merged, goes])).toEqual([goes])
  expect(cellsForNew([merged])).toEqual([merged])
  expect(cellsForNew([])).toEqual([])
})
