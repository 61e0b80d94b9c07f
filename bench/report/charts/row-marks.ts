// What is drawn on the line of a driver, from the data that rows.ts names.
import type { Mark } from 'vega'
import { colour } from '../theme.ts'
import { FONT_SIZE, SMALL } from './svg.ts'

export const LINE_HEIGHT = 21
const MIDDLE = { scale: 'y', field: 'key', band: 0.5 } as const
const VALUE = { scale: 'x', field: 'value' } as const
const HALF_BAR = 6

export function bars(): Mark {
  const y = { ...MIDDLE, offset: -HALF_BAR }
  const shape = {
    y,
    height: { value: 2 * HALF_BAR },
    x: { scale: 'x', value: 0 },
    x2: VALUE,
    fill: { field: 'fill' },
  } as const
  return { type: 'rect', name: 'bar', from: { data: 'bars' }, encode: { enter: shape } }
}

/** From the name to the point, where there is no bar to follow. */
export function leader(width: number): Mark {
  const line = {
    y: MIDDLE,
    x: { value: 0 },
    x2: { value: width },
    stroke: { value: colour('grid') },
  } as const
  return { type: 'rule', name: 'grid', from: { data: 'rows' }, encode: { enter: line } }
}

export function spread(): Mark {
  const line = {
    y: MIDDLE,
    x: { scale: 'x', field: 'low' },
    x2: { scale: 'x', field: 'high' },
  } as const
  const stroke = { stroke: { field: 'stroke' }, strokeWidth: { value: 1.5 } } as const
  return {
    type: 'rule',
    name: 'spread',
    from: { data: 'spreads' },
    encode: { enter: { ...line, ...stroke } },
  }
}

export function caps(): Mark[] {
  return ['low', 'high'].map((field) => {
    const [y, y2] = [
      { ...MIDDLE, offset: -3 },
      { ...MIDDLE, offset: 3 },
    ]
    const line = {
      x: { scale: 'x', field },
      y,
      y2,
      stroke: { field: 'stroke' },
      strokeWidth: { value: 1.5 },
    } as const
    return {
      type: 'rule',
      name: `cap-${field}`,
      from: { data: 'spreads' },
      encode: { enter: line },
    }
  })
}

/** A stroke of Vega's lies; here it stands. */
const SIZE = {
  size: { signal: "datum.small ? 24 : datum.shape === 'stroke' ? 130 : 62" },
  angle: { signal: "datum.shape === 'stroke' ? 90 : 0" },
} as const

export function symbols(): Mark {
  const place = { x: VALUE, y: MIDDLE, shape: { field: 'shape' }, ...SIZE } as const
  const ink = {
    fill: { field: 'fill' },
    stroke: { field: 'stroke' },
    strokeWidth: { value: 1.75 },
  } as const
  return {
    type: 'symbol',
    name: 'point',
    from: { data: 'points' },
    encode: { enter: { ...place, ...ink } },
  }
}

/**
 * As high as the line: one above the other they are one line. Set off from the bar that they cross.
 */
export function references(): Mark[] {
  const [y, y2] = [
    { ...MIDDLE, offset: -LINE_HEIGHT / 2 },
    { ...MIDDLE, offset: LINE_HEIGHT / 2 },
  ]
  const line = { x: VALUE, y, y2 } as const
  const from = { data: 'references' }
  const edge = { stroke: { value: colour('page') }, strokeWidth: { value: 5 } } as const
  const ink = { stroke: { value: colour('reference') }, strokeWidth: { value: 2 } } as const
  return [
    { type: 'rule', name: 'edge', from, encode: { enter: { ...line, ...edge } } },
    { type: 'rule', name: 'reference', from, encode: { enter: { ...line, ...ink } } },
  ]
}

export function texts(left: number): Mark[] {
  const middle = {
    y: MIDDLE,
    baseline: { value: 'middle' },
    fontSize: { value: FONT_SIZE },
  } as const
  const named = { ...middle, x: { value: -left }, align: { value: 'left' } } as const
  const muted = { fill: { value: colour('muted') } } as const
  const small = { fontSize: { value: SMALL } } as const
  const at = { x: { field: 'x' }, align: { value: 'right' }, text: { field: 'text' } } as const
  return [
    {
      type: 'text',
      name: 'title',
      from: { data: 'titles' },
      encode: {
        enter: {
          ...named,
          ...small,
          ...muted,
          y: { ...MIDDLE, offset: 3 },
          text: { field: 'title' },
        },
      },
    },
    {
      type: 'text',
      name: 'label',
      from: { data: 'rows' },
      encode: {
        enter: {
          ...named,
          text: { field: 'label' },
          fill: { field: 'fill' },
          fontWeight: { field: 'weight' },
        },
      },
    },
    {
      type: 'text',
      name: 'figure',
      from: { data: 'figures' },
      encode: {
        enter: {
          ...middle,
          ...at,
          fill: { value: colour('text') },
          fontWeight: { field: 'weight' },
        },
      },
    },
    {
      type: 'text',
      name: 'failure',
      from: { data: 'failures' },
      encode: {
        enter: {
          ...middle,
          x: { value: 4 },
          text: { field: 'text' },
          fill: { value: colour('bad') },
        },
      },
    },
    {
      type: 'text',
      name: 'head',
      from: { data: 'heads' },
      encode: { enter: { ...at, ...small, ...muted, y: { value: -7 } } },
    },
  ]
}
