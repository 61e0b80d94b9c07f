/**
 * A small application of Next.js, built and served by its real package from npm. The full suite
 * alone runs it: Next.js takes 350 MB and half a minute.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isAlive } from '../support/ending.ts'
import { projectWithPackage } from '../support/packed.ts'
import { Places } from '../support/places.ts'
import { pythons } from '../support/pythons.ts'
import { isFull } from '../support/scale.ts'

const places = new Places()
afterAll(() => places[Symbol.dispose]())
const python = pythons[0]?.executable ?? ''
const NEXT = 'node_modules/next/dist/bin/next'
const dependencies = { next: '16.4.6', react: '19.3.1', 'react-dom': '19.3.1' }

const FILES = {
  'next.config.mjs': `const standalone = {
  serverExternalPackages: ['pythreads'],
  outputFileTracingIncludes: { '/api/**': ['./python/**/*.py'] },
  output: 'standalone',
}
export default process.env.STANDALONE ? standalone : {}`,
  'python/rules.py': 'def score(event):\n    return len(event)\n',
  'lib/python.js': `import { Python } from 'pythreads'

// kept when a development server loads this file again
globalThis.python ??= Python.start({ python: ${JSON.stringify(python)}, isolation: 'process', workers: 1 })
export const python = globalThis.python`,
  'app/api/root/route.js': `import { python } from '../../../lib/python.js'

export async function GET(request) {
  const py = await python
  const n = Number(new URL(request.url).searchParams.get('n'))
  const score = await py.run('./python/rules.py:score', [[1, 2]])
  return Response.json({ root: await py.run('math:sqrt', [n]) + score, pid: py.stats().workers[0].pid })
}`,
  'app/layout.js':
    'export default ({ children }) => <html lang="en"><body>{children}</body></html>',
  'app/page.js': 'export default () => <p>It works.</p>',
}

const env = {
  ...process.env,
  NODE_OPTIONS: '',
  NODE_ENV: 'production',
  NEXT_TELEMETRY_DISABLED: '1',
}

/** Starts a server, whose first lines name its address. */
function serve(args: string[], folder: string): Promise<{ server: ChildProcess; url: string }> {
  const server = spawn(process.execPath, args, {
    cwd: folder,
    env: { ...env, PORT: '0', HOSTNAME: '127.0.0.1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  return new Promise((resolve, reject) => {
    server.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text
      const [url] = /http:\/\/127\.0\.0\.1:[1-9]\d*/.exec(printed) ?? []
      if (url !== undefined) resolve({ server, url })
    })
    server.once('close', () => reject(new Error(`It ended: ${printed}`)))
  })
}

describe.runIf(isFull)('Next.js', () => {
  let app = ''
  const build = (variables: NodeJS.ProcessEnv) =>
    promisify(execFile)(process.execPath, [join(app, NEXT), 'build'], {
      cwd: app,
      env: { ...env, ...variables },
    })
  beforeAll(() => {
    for (const [name, text] of Object.entries(FILES)) places.file(join('app', name), text)
    app = projectWithPackage(places, 'app', { dependencies })
  })

  async function callsPython(args: string[], folder: string): Promise<void> {
    const { server, url } = await serve(args, folder)
    let reply = { root: NaN, pid: 0 }
    try {
      reply = (await (await fetch(`${url}/api/root?n=16`)).json()) as typeof reply
    } finally {
      server.kill('SIGTERM')
      await once(server, 'exit')
    }
    expect(reply.root).toBe(4 + 2)
    await expect.poll(() => isAlive(reply.pid)).toBe(false)
  }

  it('next start serves a route that calls Python, with pythreads in the bundle', async () => {
    await build({})
    await callsPython([join(app, NEXT), 'start', '-H', '127.0.0.1', '-p', '0'], app)
  })

  it('the standalone server has what it needs, in another folder', async () => {
    await build({ STANDALONE: '1' })
    const alone = places.path('alone')
    cpSync(join(app, '.next/standalone'), alone, { recursive: true, verbatimSymlinks: true })
    await callsPython(['server.js'], alone)
  })
})
