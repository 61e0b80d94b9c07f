// Colours, by name: what is drawn names them, and the page says what they are in the light and in
// the dark. pythreads is of one family, blue to teal, which people who cannot tell red from green
// see too; peers are grey; what both are held against is amber.
import { FLOORS } from '../lib/results.ts'
import { infoOf } from '../lib/verdicts.ts'

interface Shades {
  readonly light: string
  readonly dark: string
}

const COLOURS = {
  page: { light: '#ffffff', dark: '#0f1419' },
  raised: { light: '#f5f7f9', dark: '#171d24' },
  edge: { light: '#d5dbe1', dark: '#2c3540' },
  text: { light: '#1a2027', dark: '#e6ebf0' },
  muted: { light: '#576270', dark: '#9aa7b4' },
  grid: { light: '#e6eaee', dark: '#232b34' },
  ours: { light: '#0b5cad', dark: '#58a9f5' },
  thread: { light: '#0b4f9e', dark: '#4d9ff0' },
  subinterpreter: { light: '#5a55c8', dark: '#a19bf7' },
  'free-threaded': { light: '#0878aa', dark: '#5cc6f2' },
  process: { light: '#08807a', dark: '#3fc7b8' },
  peer: { light: '#7f8994', dark: '#7c8794' },
  reference: { light: '#9a5b00', dark: '#e0a339' },
  bad: { light: '#b3261e', dark: '#ff8a80' },
  good: { light: '#1a7341', dark: '#5ec98a' },
} satisfies Readonly<Record<string, Shades>>

export type Colour = keyof typeof COLOURS

export function colour(name: Colour): string {
  return `var(--${name})`
}

/** For a style sheet: the custom properties of a colour scheme. */
export function properties(scheme: keyof Shades): string {
  return Object.entries(COLOURS)
    .map(([name, shades]) => `--${name}: ${shades[scheme]};`)
    .join(' ')
}

const OURS: Readonly<Record<string, Colour>> = {
  'pythreads-thread': 'thread',
  'pythreads-subinterpreter': 'subinterpreter',
  'pythreads-free-threaded': 'free-threaded',
  'pythreads-process': 'process',
}

export function colourOf(driver: string): Colour {
  if (Object.values(FLOORS).includes(driver)) return 'reference'
  return OURS[driver] ?? (infoOf(driver)?.ours === true ? 'ours' : 'peer')
}
