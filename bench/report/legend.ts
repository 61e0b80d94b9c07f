import type { LegendItem } from './figures/figure.ts'
import { Html, html } from './html.ts'
import { colour } from './theme.ts'

const SHAPES: Readonly<Record<LegendItem['symbol'], string>> = {
  stroke: '<path d="M7 0V14" fill="none" stroke="currentColor" stroke-width="2"/>',
  line: '<path d="M0 7H14" fill="none" stroke="currentColor" stroke-width="2" stroke-dasharray="5 3"/>',
  dot: '<circle cx="7" cy="7" r="4.5" fill="currentColor"/>',
  small: '<circle cx="7" cy="7" r="2.8" fill="currentColor"/>',
  ring: '<circle cx="7" cy="7" r="4" fill="none" stroke="currentColor" stroke-width="1.75"/>',
  tick: '<path d="M7 1.5V12.5" fill="none" stroke="currentColor" stroke-width="1.75"/>',
  span: '<path d="M0.8 7H13.2M0.8 4V10M13.2 4V10" stroke="currentColor" stroke-width="1.5" fill="none"/>',
  bar: '<rect x="0" y="2" width="14" height="10" fill="currentColor"/>',
  diamond: '<path d="M7 2L12 7L7 12L2 7Z" fill="currentColor"/>',
}

export function legendOf(items: readonly LegendItem[]): Html | undefined {
  if (items.length === 0) return undefined
  return html`<ul class="legend">${items.map(({ symbol, colour: name, text }) => {
    const shape = new Html(
      `<svg viewBox="0 0 14 14" aria-hidden="true" style="color: ${colour(name)}">${SHAPES[symbol]}</svg>`,
    )
    return html`<li>${shape}${text}</li>`
  })}</ul>`
}
