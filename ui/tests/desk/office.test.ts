// The office's trees, codes and places of problems.
import { describe, expect, it } from 'vitest'
import type { DeskDivision } from '../../src/shared/types/DeskDivision'
import { choosable, nextCode, tree } from '../../src/desk/divisions/calls'
import { placeOf } from '../../src/desk/county_lists/calls'

const division = (code: string): DeskDivision => ({ code, name: code, retired_at: null, succeeded_by: null, holders: [], records: 0 })
const list = ['610722', '610722001', '610722001001', '610722001001001', '610722001001007', '610722002', '610722002001'].map(division)

describe('divisions', () => {
  it('stand below what their code begins with', () => {
    const [county] = tree(list)
    expect(county?.children.map((town) => town.code)).toEqual(['610722001', '610722002'])
    expect(county?.children[0]?.children[0]?.children.map((cell) => cell.code)).toEqual(['610722001001001', '610722001001007'])
  })

  it('stand at the top when what they lie in is not there', () => {
    expect(tree([division('610722001001'), division('610722002001')]).map((one) => one.code)).toEqual(['610722001001', '610722002001'])
  })

  it('are chosen only while they go on, and one that is over is shown where it stands chosen', () => {
    const over = { ...division('610722001001009'), retired_at: 1, succeeded_by: '610722001001001' }
    expect(choosable([...list, over], []).includes(over)).toBe(false)
    expect(choosable([...list, over], [over.code]).includes(over)).toBe(true)
  })

  it('are numbered after the last one, so that no code is used twice', () => {
    expect(nextCode('610722001001', list)).toBe('610722001001008')
    expect(nextCode('610722', list)).toBe('610722003')
    expect(nextCode('610722002001', list)).toBe('610722002001001')
  })
})

describe('the place of a problem', () => {
  it('is a list, a row and the rest', () => {
    expect(placeOf('categories.3.name_zh')).toEqual({ tab: 'categories', row: 4, rest: 'name_zh' })
    expect(placeOf('care.a')).toEqual({ tab: 'care', row: null, rest: 'a' })
    expect(placeOf('purposes')).toEqual({ tab: 'purposes', row: null, rest: '' })
    expect(placeOf('elsewhere.0')).toEqual({ tab: null, row: 1, rest: '' })
  })
})
