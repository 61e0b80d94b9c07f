// Runs in the page of the benchmark's report: what a look at it would find. Each function answers a
// list of troubles.

const NEAR = 0.75

/** The text of SVG is laid out before: it does not grow or wrap. */
globalThis.labelTroubles = () => {
  const troubles = []
  for (const svg of document.querySelectorAll('.chart svg')) {
    const name = svg.closest('figure').querySelector('h3').textContent
    const frame = svg.getBoundingClientRect()
    const texts = [...svg.querySelectorAll('text')].filter((text) => text.textContent !== '')
    const boxes = texts.map((text) => ({
      text: text.textContent,
      box: text.getBoundingClientRect(),
    }))
    for (const [index, { text, box }] of boxes.entries()) {
      const inside =
        box.left >= frame.left - NEAR &&
        box.right <= frame.right + NEAR &&
        box.top >= frame.top - NEAR &&
        box.bottom <= frame.bottom + NEAR
      if (!inside) troubles.push(`${name}: "${text}" is cut off`)
      for (const other of boxes.slice(index + 1))
        if (overlap(box, other.box)) troubles.push(`${name}: "${text}" lies on "${other.text}"`)
    }
  }
  return troubles
}

function overlap(a, b) {
  return (
    a.left < b.right - NEAR &&
    b.left < a.right - NEAR &&
    a.top < b.bottom - NEAR &&
    b.top < a.bottom - NEAR
  )
}

globalThis.contrastTroubles = () => {
  const troubles = new Set()
  for (const element of document.querySelectorAll('body *')) {
    const { fill, stroke, color, display } = getComputedStyle(element)
    if (display === 'none') continue
    const behind = backgroundOf(element)
    const look = (what, colour, least) => {
      const contrast = ratio(rgb(colour), behind)
      if (contrast < least)
        troubles.add(`${what}: ${colour} on ${behind} is ${contrast.toFixed(2)}`)
    }
    if (element.matches('svg text')) look(`"${element.textContent}"`, fill, 4.5)
    else if (isMark(element)) for (const ink of inks(fill, stroke)) look(markOf(element), ink, 3)
    else if (!element.closest('svg') && hasText(element))
      look(`"${element.textContent.slice(0, 40)}"`, color, 4.5)
  }
  return [...troubles]
}

/** The lines of the tables of figures, their cells set apart by blanks. */
globalThis.rowsOf = (root) =>
  [...root.querySelectorAll('figure tbody tr')].map((row) =>
    [...row.cells].map((cell) => cell.textContent.replace(/\s+/g, ' ')).join(' '),
  )

globalThis.counts = () => ({
  texts: document.querySelectorAll('.chart svg text').length,
  marks: [...document.querySelectorAll('svg *')].filter(isMark).length,
})

/**
 * What carries a figure: not the grid, nor what only sets marks off from each other, nor groups of
 * them.
 */
function isMark(element) {
  if (!element.matches('svg path, svg line, svg circle, svg rect')) return false
  if (element.closest('.legend')) return true
  return (
    element.closest('.role-mark') !== null &&
    element.closest('.grid, .edge') === null &&
    !element.matches('.background, .foreground')
  )
}

/** What it is seen by: a ring is filled like the page. */
function inks(fill, stroke) {
  const page = rgb(getComputedStyle(document.body).backgroundColor).join()
  const drawn = [fill, stroke].filter((ink) => ink !== 'none')
  return drawn.length < 2 ? drawn : drawn.filter((ink) => rgb(ink).join() !== page)
}

function markOf(element) {
  return element.closest('.role-mark')?.getAttribute('class') ?? 'legend'
}

function hasText(element) {
  return [...element.childNodes].some(
    (node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim() !== '',
  )
}

function backgroundOf(element) {
  for (let one = element; one !== null; one = one.parentElement) {
    const colour = getComputedStyle(one).backgroundColor
    if (!/^rgba\(.*, 0\)$/.test(colour)) return rgb(colour)
  }
  return [255, 255, 255]
}

function rgb(colour) {
  const found = /^rgba?\((\d+), (\d+), (\d+)(?:, 1)?\)$/.exec(colour)
  if (found === null) throw new Error(`not an opaque colour: ${colour}`)
  return found.slice(1).map(Number)
}

/** As the Web Content Accessibility Guidelines define it. */
function ratio(a, b) {
  const [light, dark] = [luminance(a), luminance(b)].sort((one, other) => other - one)
  return (light + 0.05) / (dark + 0.05)
}

function luminance(channels) {
  const [red, green, blue] = channels.map((channel) => {
    const share = channel / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
