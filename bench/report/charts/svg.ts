// Vega draws without a browser. Colours are custom properties of the page, which SVG takes where it
// takes a colour.
import { type Axis, parse, type Spec, View } from 'vega'
import { Html } from '../html.ts'
import { colour } from '../theme.ts'

export const FONT_SIZE = 12
export const SMALL = 11

/** @param labelled The ids of the elements that say what it is. */
export async function svgOf(spec: Spec, labelled: string): Promise<Html> {
  const view = new View(parse(spec), { renderer: 'none' })
  const text = await view.toSVG()
  view.finalize()
  // An image to those who hear it: its figures are in the table beneath. Its size is that of the
  // place where it is.
  const [start] = /^<svg [^>]*>/.exec(text) ?? ['']
  const sized = start
    .replace('<svg ', `<svg role="img" aria-labelledby="${labelled}" `)
    .replace(/ (width|height)="[\d.]+"/g, '')
  return new Html(sized + text.slice(start.length))
}

/** An axis that stays in the background. */
export function quiet(
  axis: Pick<Axis, 'orient' | 'scale' | 'values' | 'tickCount' | 'format' | 'grid'>,
): Axis {
  return {
    ...axis,
    domain: false,
    ticks: false,
    labelPadding: 6,
    labelFontSize: SMALL,
    labelColor: colour('muted'),
    gridColor: colour('grid'),
    zindex: 0,
  }
}

/** Powers of ten, or enough steps between them; d3 would label too many or none. */
export function logTicks(low: number, high: number): number[] {
  const steps = (factors: readonly number[]) => {
    const ticks: number[] = []
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++)
      for (const factor of factors) ticks.push(Number((factor * 10 ** power).toPrecision(3)))
    return ticks.filter((tick) => tick >= low && tick <= high)
  }
  const decades = steps([1])
  if (decades.length >= 3)
    return decades.length > 6 ? decades.filter((_, index) => index % 2 === 0) : decades
  const thirds = steps([1, 3])
  return thirds.length >= 3 ? thirds : steps([1, 2, 5])
}
