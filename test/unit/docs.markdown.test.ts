// Why: the reference is made of comments. A line break within code or a link, or a word that
// Markdown takes for markup, spoils a page.
import { describe, expect, it } from 'vitest'
import { anchorOf, markup, wrap } from '../../scripts/docs/markdown.ts'

const long = 'word '.repeat(18).trim() // 89 columns

describe('a comment in the reference', () => {
  it('is wrapped at 100 columns, whatever its own lines are', () => {
    expect(wrap(`${long}\nand more\nwords`)).toBe(`${long} and more\nwords`)
  })

  it.each(['`a piece of code`', '[`a link`](to.md#it)', '(`in brackets` here),'])(
    'keeps %s on one line',
    (piece) => {
      expect(wrap(`${long} ${piece}`).split('\n').join(' ')).toBe(`${long} ${piece}`)
      expect(wrap(`${long} ${piece}`)).toContain(piece.replace(' here),', ''))
    },
  )

  it('keeps its lists, with later lines below the first word', () => {
    expect(wrap(`- one\n- ${long} and more\n  words`)).toBe(`- one\n- ${long} and more\n  words`)
  })

  it('keeps code in fences as it is', () => {
    const code = `\`\`\`ts\n${long} ${long}\n\n  indented\n\`\`\``
    expect(wrap(`text\n${code}\nmore`)).toBe(`text\n${code}\nmore`)
  })

  it('keeps one empty line between paragraphs', () => {
    expect(wrap('one\n\n\ntwo\n')).toBe('one\n\ntwo')
  })
})

it.each([
  ['a name_with_lines', ['name_with_lines']],
  ['LC_* and <module>', ['LC_*', '<module>']],
  ['`LC_*`, {@link CHANNEL_NAMES} and a - b', []],
  ['- an item', []],
  ['```ts\na_b * c\n```', []],
])('in %j, Markdown would take %j for markup', (text, words) => {
  expect(markup(text)).toEqual(words)
})

it.each([
  ['`python.run()`', 'pythonrun'],
  ['`python[Symbol.asyncDispose]()`', 'pythonsymbolasyncdispose'],
  ['CHANNEL_NAMES', 'channel_names'],
  ['Options of calls', 'options-of-calls'],
])('the title %s has the anchor that GitHub gives it', (title, anchor) => {
  expect(anchorOf(title)).toBe(anchor)
})
