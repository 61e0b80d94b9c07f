import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../lib/folders.ts'
import type { Results } from '../lib/results.ts'
import { findChromium, openChromium } from './browser.ts'
import { posterOf } from './poster.ts'

export const IMAGES_FOLDER: string = join(ROOT, 'docs', 'images')

/** Writes the picture for the light and for the dark theme; returns their paths. */
export async function savePictures(
  results: Results,
  folder: string = IMAGES_FOLDER,
): Promise<string[]> {
  const executable = findChromium()
  if (executable === undefined)
    throw new Error('--publish needs Chromium: apt-get install chromium, or name one in CHROMIUM')
  const page = await posterOf(results)
  mkdirSync(folder, { recursive: true })
  const browser = await openChromium(executable)
  try {
    const files: string[] = []
    for (const colorScheme of ['light', 'dark'] as const) {
      const tab = await browser.newPage({
        colorScheme,
        viewport: { width: 1180, height: 400 },
        deviceScaleFactor: 2,
      })
      await tab.setContent(page)
      const path = join(folder, `benchmark-${colorScheme}.png`)
      await tab.locator('body').screenshot({ path })
      files.push(path)
    }
    return files
  } finally {
    await browser.close()
  }
}
