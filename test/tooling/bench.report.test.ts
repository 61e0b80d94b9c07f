// Why: the report of the benchmark is what people judge pythreads by. Nothing that was measured,
// failed or is not offered may get lost in it, and it has to be readable: in the light and in the
// dark, on a phone and on a desk. How to read a failure: the list that was not empty says what is
// wrong, where. RESULTS of support/bench-results.ts is what is shown. The tests that look at it
// need a Chromium: Debian's package `chromium`, or the one that CHROMIUM names.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DRIVERS } from '../../bench/drivers/index.ts'
import { findChromium, openChromium } from '../../bench/report/browser.ts'
import { questionOf, readResults, saveReport } from '../../bench/report/index.ts'
import { digits, scaleOf } from '../../bench/report/numbers.ts'
import { reportOf } from '../../bench/report/page.ts'
import { savePictures } from '../../bench/report/png.ts'
import { CRASH, NOT_INSTALLED, RESULTS, WILD } from '../support/bench-results.ts'
import { isCi } from '../support/ci.ts'
import { Places } from '../support/places.ts'

const executable = findChromium()
const places = new Places()
let page = ''

beforeAll(async () => {
  page = await reportOf(RESULTS, questionOf)
})
afterAll(() => places[Symbol.dispose]())

describe('the report', () => {
  it('is one file: no scripts, nothing from elsewhere', () => {
    expect(page).not.toMatch(/<script|<link rel="stylesheet"|@import|url\(/)
    const addresses = [...page.matchAll(/(?:src|href)="([^"#][^"]*)"/g)].map(
      ([, address]) => address,
    )
    expect(addresses).toEqual(['data:,'])
  })

  it('shows text as text', () => {
    expect(page).not.toContain('<script>alert')
    expect(page).toContain(
      'Error: &lt;script&gt;alert(&quot;pwned&quot;)&lt;/script&gt; &amp; more',
    )
    expect(page).toContain('A &lt;Fast&gt; Processor')
    expect(page).toContain('something &lt;new&gt;')
  })

  it('leaves out no metric, known or not', () => {
    for (const { metric } of RESULTS.cells) expect(page).toContain(escaped(metric))
  })

  it('names every peer, and says why one could not be installed', () => {
    const section = /<section id="peers">.*?<\/section>/s.exec(page)?.[0] ?? ''
    for (const { name } of DRIVERS.filter(({ ours }) => !ours))
      expect(section).toContain(`<th scope="row">${name}</th>`)
    expect(section).toContain('not installed: gyp ERR! no Python.h')
    expect(section).toMatch(/pythonia<\/th>.*?failed in c-20-callers, d-cpu/s)
    expect(section).toContain('there is none') // Python that has interpreters with a GIL each
    expect(section).toContain('3.13.5t')
  })

  it('says of each target whether it is met, and which were not measured', () => {
    const section = /<section id="targets">.*?<\/section>/s.exec(page)?.[0] ?? ''
    const lineOf = (key: string, driver: string) =>
      new RegExp(`>${key} .*?<th scope="row">${driver}</th>.*?</tr>`, 's').exec(section)?.[0]
    expect(lineOf('a-sync, calls/s', 'pythreads-thread')).toMatch(
      /432 k\/s.*354 k\/s.*node-calls-python.*1\.22×.*✓ met/s,
    )
    expect(lineOf('c-20-callers, calls/s', 'pythreads-process')).toMatch(
      /94\.4 k\/s.*117 k\/s.*child-process.*0\.81×.*✗ missed/s,
    )
    expect(section).toMatch(/did not measure: .*queue \(slower by\)/)
    const counted = [...(section.match(/<strong>\d+/g) ?? [])].map((text) =>
      Number(text.slice('<strong>'.length)),
    )
    expect(counted.reduce((sum, one) => sum + one, 0)).toBe(
      section.match(/<tr><th scope="row">/g)?.length,
    )
  })

  it('is made again of a file, and not of one that has no results', async () => {
    const file = places.file('results.json', JSON.stringify(RESULTS))
    const made = await saveReport(readResults(file), file)
    expect(made).toBe(places.path('results.html'))
    expect(readFileSync(made, 'utf8')).toBe(page)
    expect(() => readResults(places.file('other.json', '{}'))).toThrow('holds no cells')
  })
})

it('there is a Chromium to look at it with', ({ skip }) => {
  skip(
    executable === undefined && !isCi(),
    'no Chromium: apt-get install chromium, or name one in CHROMIUM',
  )
  expect(executable, 'apt-get install chromium, or name one in CHROMIUM').toBeDefined()
})

describe.skipIf(executable === undefined)('the report in Chromium', () => {
  const checks = readFileSync(
    fileURLToPath(new URL('../support/report-page.js', import.meta.url)),
    'utf8',
  )
  let browser: Browser

  beforeAll(async () => {
    browser = await openChromium(executable ?? '')
  })
  afterAll(async () => await browser?.close())

  async function open(
    colorScheme: 'light' | 'dark',
    width: number,
  ): Promise<{ tab: Page; heard: string[] }> {
    const tab = await browser.newPage({ colorScheme, viewport: { width, height: 900 } })
    const heard: string[] = []
    tab.on('console', (message) => heard.push(message.text()))
    tab.on('pageerror', (error) => heard.push(String(error)))
    tab.on('request', (request) => {
      if (!/^(file|data):/.test(request.url())) heard.push(request.url())
    })
    await tab.goto(`file://${places.file('report.html', page)}`)
    await tab.evaluate('for (const one of document.querySelectorAll("details")) one.open = true')
    await tab.evaluate(checks)
    return { tab, heard }
  }

  describe.each(['light', 'dark'] as const)('in the %s', (scheme) => {
    it.each([360, 800, 1280])(
      '%i pixels wide: it is quiet, fits, and all can be read',
      async (width) => {
        const { tab, heard } = await open(scheme, width)
        expect(await tab.evaluate('document.documentElement.scrollWidth')).toBe(width)
        expect(await tab.evaluate('labelTroubles()')).toEqual([])
        expect(await tab.evaluate('contrastTroubles()')).toEqual([])
        const { texts, marks } = (await tab.evaluate('counts()')) as {
          texts: number
          marks: number
        }
        expect(texts).toBeGreaterThan(300)
        expect(marks).toBeGreaterThan(300)
        expect(heard).toEqual([])
        await tab.close()
      },
    )
  })

  it('has a title, a text and a table with each chart, and a chart for each metric', async () => {
    const { tab } = await open('light', 1280)
    const figures = (await tab.evaluate(`[...document.querySelectorAll('figure')].map((figure) => ({
      title: figure.querySelector('h3').textContent,
      named: [...figure.querySelectorAll('svg[role=img]')].map((svg) =>
        svg.getAttribute('aria-labelledby').split(' ').map((id) => document.getElementById(id)?.textContent ?? '')),
      rows: rowsOf(figure),
    }))`)) as { title: string; named: string[][]; rows: string[] }[]
    for (const { title, named, rows } of figures) {
      expect(named, title).toEqual([[title, expect.stringMatching(/./)]])
      expect(rows.length, title).toBeGreaterThan(0)
    }
    const rows = figures.flatMap((figure) => figure.rows)
    expect(rows).toHaveLength(RESULTS.cells.length)
    await tab.close()
  })

  it('has every figure, with its spread, and what is not there with the reason', async () => {
    const { tab } = await open('light', 1280)
    const rows = (await tab.evaluate('rowsOf(document)')) as string[]
    for (const { driver, unit, summary, notOffered, errors } of RESULTS.cells) {
      const mine = rows.filter((row) => row.startsWith(`${driver} `))
      if (summary !== undefined) {
        const texts = ways(unit, [summary.median, summary.min, summary.max])
        expect(
          mine.some((row) => texts.some((parts) => parts.every((part) => row.includes(part)))),
          `${driver} ${texts}`,
        ).toBe(true)
      }
      if (notOffered !== undefined)
        expect(mine.some((row) => row.includes(`not offered: ${notOffered}`))).toBe(true)
      if (summary === undefined && errors !== undefined)
        expect(mine.some((row) => row.includes(`failed: ${errors[0]?.replace(/\s+/g, ' ')}`))).toBe(
          true,
        )
    }
    await tab.close()
  })

  it('shows what failed where one looks', async () => {
    const { tab } = await open('light', 1280)
    const cpu = await tab.locator('#cpu-1 .note').textContent()
    expect(cpu).toContain('pythonia failed: Error: the process of the cell ended with SIGSEGV')
    expect(await tab.locator('#cpu-1 .chart svg').textContent()).toMatch(/pythonia.*failed/)
    expect(await tab.locator('#throughput-1 .chart svg').textContent()).toMatch(
      /pymport.*not there/,
    )
    expect(await tab.locator('#throughput-1').textContent()).toContain(NOT_INSTALLED)
    expect(await tab.locator('#throughput-3').textContent()).toContain(
      `pythonia failed in 1 of 4 rounds: ${WILD}`,
    )
    expect(await tab.locator('#failed').textContent()).toContain(CRASH)
    await tab.close()
  })

  it('makes a picture for the light and one for the dark', async () => {
    const pictures = (await savePictures(RESULTS, places.path('images'))).map((path) =>
      readFileSync(path),
    )
    for (const picture of pictures) {
      expect(picture.toString('latin1', 1, 4)).toBe('PNG')
      expect(picture.readUInt32BE(16)).toBe(2360)
      expect(picture.readUInt32BE(20)).toBeGreaterThan(1200)
    }
    expect(pictures).toHaveLength(2)
    expect(pictures[0]?.equals(pictures[1] ?? Buffer.alloc(0))).toBe(false)
  })
})

/** How a figure may be shown: in each of the units that there are for it. */
function ways(unit: string, [median, min, max]: readonly [number, number, number]): string[][] {
  const scales = [0, 20_000, 200_000, 20_000_000].map((most) => scaleOf(unit, [most]))
  return scales.map(({ by, unit: shownUnit }) => [
    `${digits(median / by)}${shownUnit === '×' ? '' : ' '}${shownUnit}`,
    `${digits(min / by)} … ${digits(max / by)}`,
  ])
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
