// Which scenarios stand together, and which of them are drawn in a way of their own. What is not
// named here is drawn as bars in the last section.
import type { CellResult } from '../lib/results.ts'
import { barFigures } from './figures/bars.ts'
import { cpuFigures } from './figures/cpu.ts'
import type { Figure, Subject } from './figures/figure.ts'
import { latencyFigures } from './figures/latency.ts'
import { scalingFigures } from './figures/scaling.ts'
import { seedFigures } from './figures/seed.ts'

export interface Section {
  readonly id: string
  readonly title: string
  readonly text: string
  readonly figures: readonly Figure[]
}

type Draw = (subject: Subject) => readonly Figure[]

interface Plan extends Omit<Section, 'figures'> {
  readonly scenarios: Readonly<Record<string, Draw>>
}

const PLANS: readonly Plan[] = [
  {
    id: 'throughput',
    title: 'Throughput',
    text: 'A small dict in, a short string out: what the way there and back costs.',
    scenarios: { 'a-sync': barFigures, 'b-one-at-a-time': barFigures, 'c-20-callers': barFigures },
  },
  {
    id: 'cpu',
    title: 'Python on every core',
    text: 'Pure Python that computes, and whether the event loop lives meanwhile.',
    scenarios: { 'd-cpu': cpuFigures },
  },
  {
    id: 'scaling',
    title: 'Scaling',
    text: 'More workers for what computes, more callers for what waits.',
    scenarios: { 'scaling-workers': scalingFigures, 'scaling-callers': scalingFigures },
  },
  {
    id: 'latency',
    title: 'Latency',
    text: 'How long a call takes, and the slow ones among many.',
    scenarios: { latency: latencyFigures },
  },
  {
    id: 'arrays',
    title: 'Arrays',
    text: '8 MB of doubles into numpy, and out of it.',
    scenarios: { 'e-array-in': barFigures, 'f-array-out': barFigures },
  },
  {
    id: 'results',
    title: 'Big results',
    text: 'Lists and dicts, converted value by value.',
    scenarios: { results: barFigures },
  },
  {
    id: 'map',
    title: 'Map',
    text: 'Many small items through one function, in order.',
    scenarios: { map: barFigures },
  },
  {
    id: 'start',
    title: 'Start',
    text: 'From nothing to the first result.',
    scenarios: { start: barFigures },
  },
  {
    id: 'memory',
    title: 'Memory',
    text: 'What an idle worker costs.',
    scenarios: { memory: barFigures },
  },
  {
    id: 'queue',
    title: 'Queue',
    text: 'Calls that wait for their turn, and the event loop meanwhile.',
    scenarios: { queue: barFigures, 'event-loop': barFigures },
  },
  {
    id: 'ways',
    title: 'Callbacks, generators, exceptions, asyncio',
    text: 'Python that calls JavaScript, that gives items, that fails, and that waits.',
    scenarios: {
      callback: barFigures,
      generator: barFigures,
      exception: barFigures,
      asyncio: barFigures,
    },
  },
  {
    id: 'seed',
    title: 'A lock of one’s own',
    text: 'The program that pythreads is an answer to: 20 callers, with and without a lock around every call.',
    scenarios: { seed: seedFigures },
  },
]

export function sectionsOf(
  cells: readonly CellResult[],
  questionOf: (scenario: string) => string,
): Section[] {
  const names = [...new Set(cells.map(({ scenario }) => scenario))]
  const known = new Set(PLANS.flatMap(({ scenarios }) => Object.keys(scenarios)))
  const others = Object.fromEntries(
    names.filter((name) => !known.has(name)).map((name) => [name, barFigures]),
  )
  const plans = [...PLANS, { id: 'others', title: 'Others', text: '', scenarios: others }]
  const sections = plans.map(({ scenarios, ...head }) => {
    const there = Object.entries(scenarios).filter(([name]) => names.includes(name))
    const subject = (name: string) => ({
      name,
      question: questionOf(name),
      cells: cells.filter(({ scenario }) => scenario === name),
    })
    return { ...head, figures: there.flatMap(([name, draw]) => draw(subject(name))) }
  })
  return sections.filter(({ figures }) => figures.length > 0)
}
