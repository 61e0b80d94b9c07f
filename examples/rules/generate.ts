// Writes a large file of events, a JSON object a line, the same for the same seed:
//   npx tsx examples/rules/generate.ts --count 1000000 --output events.jsonl [--seed 1]
import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'

const CITIES = ['Zürich', 'Łódź', 'São Paulo', 'Kraków', '東京', 'Reykjavík', 'Málaga', 'Oslo']
const KINDS = [
  {
    type: 'smoke',
    source: 'sensor',
    tags: ['fire', 'mains', 'night', 'test'],
    text: 'Rauch gemeldet – bitte prüfen 🔥',
  },
  {
    type: 'climate',
    source: 'sensor',
    tags: ['cold-room', 'indoor', 'mains', 'humid'],
    text: 'Messwert außerhalb des Bereichs',
  },
  {
    type: 'door',
    source: 'gate',
    tags: ['forced', 'night', 'badge', 'mains'],
    text: 'Porte ouverte après l’horaire',
  },
  {
    type: 'meter',
    source: 'meter',
    tags: ['mains', 'peak', 'solar', 'three-phase'],
    text: 'Load reported',
  },
  {
    type: 'valve',
    source: 'valve',
    tags: ['water', 'pressure', 'outdoor', 'mains'],
    text: 'Slow leak suspected, 水漏れ',
  },
] as const
/**
 * Lines are handed to the stream in blocks of about this many characters: a write for each would
 * cost more than the line.
 */
const BLOCK = 2 ** 18

/**
 * Whole numbers from `least` to `most`, the same ones for the same seed on every machine
 * (mulberry32).
 */
function randomIntegers(seed: number): (least: number, most: number) => number {
  let state = seed | 0
  return (least, most) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return least + Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * (most - least + 1))
  }
}

function* lines(count: number, seed: number): Generator<string, void> {
  const random = randomIntegers(seed)
  const pick = <T>(items: readonly T[]): T => items[random(0, items.length - 1)] as T
  let block = ''
  for (let i = 1; i <= count; i++) {
    const { type, source, tags, text } = pick(KINDS)
    const measures =
      type === 'smoke' || type === 'climate' || (type === 'valve' && random(0, 1) === 0)
    const event = {
      id: `e-${String(i).padStart(8, '0')}`,
      source: `${source}-${random(1, 9999)}`,
      type,
      severity: Math.max(0, random(-3, 5)),
      ...(measures ? { temperature: random(-200, 800) / 10 } : {}),
      tags: tags.filter(() => random(0, 2) === 0),
      location: { city: pick(CITIES), floor: random(-1, 9) },
      text,
      attributes: {
        ...(type === 'meter'
          ? { load: random(0, 6300) / 100, rated: 63 }
          : { battery: random(1, 100) }),
        ...(type === 'climate' ? { limit: random(2, 8) } : {}),
      },
    }
    block += `${JSON.stringify(event)}\n`
    if (block.length < BLOCK) continue
    yield block
    block = ''
  }
  if (block !== '') yield block
}

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000000' },
    output: { type: 'string', default: 'events.jsonl' },
    seed: { type: 'string', default: '1' },
  },
})
const [count, seed] = [Number(values.count), Number(values.seed)]
if (!Number.isSafeInteger(count) || count < 0)
  throw new Error(`--count must be a whole number; got ${values.count}`)
if (!Number.isSafeInteger(seed))
  throw new Error(`--seed must be a whole number; got ${values.seed}`)
await pipeline(
  Readable.from(lines(count, seed), { highWaterMark: 1 }),
  createWriteStream(values.output),
)
