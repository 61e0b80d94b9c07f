// A line for each driver over a number, each with its name at its end.
import type { Mark, Spec } from 'vega'
import type { Html } from '../html.ts'
import { type Colour, colour } from '../theme.ts'
import { spaced } from './spaced.ts'
import { FONT_SIZE, quiet, svgOf } from './svg.ts'

export interface Series {
  readonly label: string
  readonly colour: Colour
  readonly ours: boolean
  readonly points: readonly {
    readonly x: number
    readonly y: number
    readonly low: number
    readonly high: number
  }[]
}

export interface LinesChart {
  readonly series: readonly Series[]
  /** What the series are held against. */
  readonly reference?: Series
  /** Where there are points. */
  readonly xs: readonly number[]
}

const WIDTH = 540
const HEIGHT = 250
const LEFT = 46
const LABELS = 204
const LABEL_GAP = 15
const DOTTED = [1, 3]
const SHAPES = ['circle', 'square', 'triangle-up', 'diamond', 'cross', 'triangle-down']
const DASHES = [
  [1, 0],
  [6, 3],
  [2, 3],
  [8, 3, 2, 3],
  [4, 2],
  [1, 4],
]

export async function linesChart(chart: LinesChart, labelled: string): Promise<Html> {
  return await svgOf(linesSpec(chart), labelled)
}

function linesSpec({ series, reference, xs }: LinesChart): Spec {
  const all = reference === undefined ? series : [...series, reference]
  const width = WIDTH - LEFT - LABELS
  const most = Math.max(...all.flatMap(({ points }) => points.map(({ high }) => high)), 0) || 1
  const top = niceTop(most)
  const ends = all.map(({ points }) => HEIGHT * (1 - (points.at(-1)?.y ?? 0) / top))
  const places = spaced(ends, LABEL_GAP, HEIGHT)
  return {
    width,
    height: HEIGHT,
    autosize: 'none',
    padding: { left: LEFT, right: LABELS, top: 10, bottom: 26 },
    scales: [
      { name: 'x', type: 'log', domain: [Math.min(...xs), Math.max(...xs)], range: [8, width - 4] },
      { name: 'y', type: 'linear', domain: [0, top], range: 'height' },
    ],
    axes: [
      quiet({ orient: 'left', scale: 'y', grid: true, tickCount: 5, format: ',~r' }),
      quiet({ orient: 'bottom', scale: 'x', values: [...xs], format: ',~r' }),
    ],
    data: [
      {
        name: 'named',
        values: all.map((one, index) => ({
          ...named(one, ends[index] ?? 0, places[index] ?? 0, width),
        })),
      },
      ...all.map(({ points }, index) => ({ name: `points ${index}`, values: [...points] })),
    ],
    marks: [...all.flatMap((one, index) => lineOf(one, index, one === reference)), ...labels()],
  }
}

function named(
  { label, colour: name, ours, points }: Series,
  end: number,
  place: number,
  width: number,
) {
  const fill = name === 'peer' ? colour('text') : colour(name)
  return {
    label,
    fill,
    stroke: colour(name),
    weight: ours ? 'bold' : 'normal',
    x: points.at(-1)?.x ?? 1,
    end,
    place,
    beside: width + 18,
    edge: width,
  }
}

function lineOf({ colour: name, ours }: Series, index: number, isReference: boolean): Mark[] {
  const from = { data: `points ${index}` }
  const place = { x: { scale: 'x', field: 'x' }, y: { scale: 'y', field: 'y' } } as const
  const stroke = { stroke: { value: colour(name) } } as const
  const dash = isReference ? [6, 4] : ours ? [1, 0] : (DASHES[index % DASHES.length] ?? [1, 0])
  const spread = {
    x: place.x,
    y: { scale: 'y', field: 'low' },
    y2: { scale: 'y', field: 'high' },
  } as const
  const size = {
    size: { value: ours ? 60 : 44 },
    shape: { value: isReference ? 'stroke' : (SHAPES[index % SHAPES.length] ?? 'circle') },
  }
  return [
    {
      type: 'line',
      name: `line-${index}`,
      from,
      encode: {
        enter: {
          ...place,
          ...stroke,
          strokeWidth: { value: ours ? 2.5 : 1.5 },
          strokeDash: { value: dash },
        },
      },
    },
    {
      type: 'rule',
      name: `spread-${index}`,
      from,
      encode: { enter: { ...spread, ...stroke, strokeWidth: { value: 1.5 } } },
    },
    {
      type: 'symbol',
      name: `point-${index}`,
      from,
      encode: {
        enter: {
          ...place,
          ...stroke,
          ...size,
          fill: { value: colour(name) },
          strokeWidth: { value: 1.5 },
        },
      },
    },
  ]
}

/** Names at the right edge, each with a thin line to where its series ends. */
function labels(): Mark[] {
  const from = { data: 'named' }
  const thin = {
    stroke: { field: 'stroke' },
    strokeWidth: { value: 1 },
    strokeDash: { value: DOTTED },
  } as const
  const flat = {
    x: { scale: 'x', field: 'x' },
    x2: { field: 'edge' },
    y: { field: 'end' },
  } as const
  const slant = {
    x: { field: 'edge' },
    y: { field: 'end' },
    x2: { field: 'beside', offset: -3 },
    y2: { field: 'place' },
  } as const
  const text = {
    text: { field: 'label' },
    fill: { field: 'fill' },
    fontWeight: { field: 'weight' },
    fontSize: { value: FONT_SIZE },
  } as const
  return [
    { type: 'rule', name: 'flat', from, encode: { enter: { ...flat, ...thin } } },
    { type: 'rule', name: 'slant', from, encode: { enter: { ...slant, ...thin } } },
    {
      type: 'text',
      name: 'label',
      from,
      encode: {
        enter: {
          ...text,
          x: { field: 'beside' },
          y: { field: 'place' },
          baseline: { value: 'middle' },
        },
      },
    },
  ]
}

/** The next of 1, 1.5, 2, 3, 4, 5, 6, 8 and 10 times a power of ten. */
function niceTop(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most))
  const factor = [1, 1.5, 2, 3, 4, 5, 6, 8].find((one) => one * power >= most) ?? 10
  return factor * power
}
