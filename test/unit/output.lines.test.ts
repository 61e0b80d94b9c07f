import { describe, expect, it } from 'vitest'
import type { OutputLine } from '../../src/index.ts'
import { OutputLines, toStream } from '../../src/worker/index.ts'

const MOST = 1 << 20

/** The lines that come of texts which arrive one after the other; the last one ends its call. */
function linesOf(...texts: string[]): Pick<OutputLine, 'text' | 'end'>[] {
  const all: Pick<OutputLine, 'text' | 'end'>[] = []
  const outputLines = new OutputLines(0, ({ text, end }) =>
    all.push(end === undefined ? { text } : { text, end }),
  )
  for (const [i, text] of texts.entries()) outputLines.take([1, 1, text, i === texts.length - 1, 1])
  return all
}

const each = (text: string) => linesOf(...text, '')

describe('output lines of a worker', () => {
  it.each([
    ['a\nb\n', [{ text: 'a' }, { text: 'b' }]],
    ['a\n\nb', [{ text: 'a' }, { text: '' }, { text: 'b' }]],
    ['a\r\nb\r\n', [{ text: 'a' }, { text: 'b' }]],
    [
      '\r 1%\r 2%\r 3%\ndone',
      [{ text: ' 1%', end: '\r' }, { text: ' 2%', end: '\r' }, { text: ' 3%' }, { text: 'done' }],
    ],
    [' 1%\r 2%\r', [{ text: ' 1%', end: '\r' }, { text: ' 2%' }]],
    ['a\r\r\nb', [{ text: 'a', end: '\r' }, { text: '' }, { text: 'b' }]],
    ['\u{1f600}é', [{ text: '\u{1f600}é' }]],
    ['', []],
  ])('are the same in whatever pieces %j arrives', (text, expected) => {
    expect(linesOf(text)).toEqual(expected)
    expect(each(text)).toEqual(expected)
  })

  it('come in pieces if they are longer than 1,048,576 characters', () => {
    expect(linesOf('x'.repeat(MOST), '\n')).toEqual([{ text: 'x'.repeat(MOST) }])
    expect(linesOf('x'.repeat(MOST), 'y\n')).toEqual([
      { text: 'x'.repeat(MOST), end: '' },
      { text: 'y' },
    ])
    const long = linesOf(`${'x'.repeat(2 * MOST)}y\nz`)
    expect(long.map(({ text, end }) => [text.length, end])).toEqual([
      [MOST, ''],
      [MOST, ''],
      [1, undefined],
      [1, undefined],
    ])
  })

  it('never split a character', () => {
    const text = `x${'\u{1f600}'.repeat(MOST / 2)}`
    const [first, second] = linesOf(text)
    expect(first?.text.length).toBe(MOST - 1)
    expect(`${first?.text}${second?.text}`).toBe(text)
  })

  it('of several threads of one call do not mix', () => {
    const texts: string[] = []
    const outputLines = new OutputLines(0, ({ text }) => texts.push(text))
    outputLines.take([1, null, 'one ', false, 1])
    outputLines.take([1, null, 'other\n', false, 2])
    outputLines.take([1, null, 'thread\n', false, 1])
    expect(texts).toEqual(['other', 'one thread'])
  })

  it('are kept as last words, with long lines cut and one state of a progress bar', () => {
    const outputLines = new OutputLines(0, () => {})
    outputLines.take([
      1,
      1,
      `${'x'.repeat(100_000)}\n${Array.from({ length: 50 }, (_, i) => `${i}%\r`).join('')}end\n`,
      true,
      1,
    ])
    expect(outputLines.last).toEqual(['x'.repeat(2_000), 'end'])
  })

  it('go to a stream with their own line end', () => {
    let written = ''
    const write = toStream({ write: (text: string) => (written += text) } as never)
    const outputLines = new OutputLines(0, write)
    outputLines.take([1, 1, '1%\r2%\rdone\nopen', true, 1])
    expect(written).toBe('1%\r2%\rdone\nopen\n')
  })
})
