import { describe, expect, it } from 'vitest'
import { COLUMNS, clipped, wrapped } from '../../src/cli/screen.ts'

const words = (count: number) => Array.from({ length: count }, (_, i) => `word${i}`).join(' ')

describe('lines of a screen', () => {
  it('leaves a text that fits unchanged', () => {
    expect(clipped(wrapped(words(3), 2), 1)).toEqual(['  word0 word1 word2'])
    expect(clipped(wrapped(words(20), 0), 2)).toEqual(wrapped(words(20), 0))
  })

  it.each([1, 2, 3])(
    'marks where words are left out behind line %i, within the columns and between words',
    (most) => {
      for (let length = 50; length <= COLUMNS - 4; length++) {
        const text = `${'x'.repeat(length)} ${words(100)}`
        const shown = clipped(wrapped(text, 4), most)
        expect(shown).toHaveLength(most)
        expect(Math.max(...shown.map((line) => line.length))).toBeLessThanOrEqual(COLUMNS)
        expect(shown.at(-1)).toMatch(/\S \.\.\.$/)
        const kept = shown
          .join(' ')
          .replace(/ \.\.\.$/, '')
          .trim()
          .split(/\s+/)
        if (kept.length > 1) expect(text.split(' ').slice(0, kept.length)).toEqual(kept)
      }
    },
  )
})
