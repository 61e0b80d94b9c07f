// The real browser that looks at what is made here: for pictures of it, and for its tests. The
// report itself needs none.
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

/** `CHROMIUM`, or where Debian's package has it; `undefined`: there is none. */
export function findChromium(): string | undefined {
  const path = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
  return existsSync(path) ? path : undefined
}

/** What it would otherwise ask of the network by itself, and of the machine. */
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export async function openChromium(executablePath: string): Promise<Browser> {
  return await chromium.launch({ executablePath, headless: true, args: QUIET })
}
