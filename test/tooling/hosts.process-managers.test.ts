/**
 * Programs that start several copies of a server: `node:cluster`, and PM2 with its real package,
 * which has a daemon of its own here. Each copy has its own pool, and no worker outlives its copy.
 */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runNode } from '../support/child.ts'
import { isAlive } from '../support/ending.ts'
import { npmPackages } from '../support/npm-packages.ts'
import { projectWithPackage } from '../support/packed.ts'
import { Places } from '../support/places.ts'
import { pythons } from '../support/pythons.ts'

const places = new Places()
afterAll(() => places[Symbol.dispose]())
const python = pythons[0]?.executable ?? ''

/** A server that replies with the ids of its process and of the worker that was called. */
const SERVER = `
import { createServer } from 'node:http'
import { Python } from 'pythreads'

const py = await Python.start({ isolation: 'process', workers: 1, python: ${JSON.stringify(python)} })
const server = createServer(async (_, response) => {
  response.setHeader('connection', 'close')
  response.end(JSON.stringify([process.pid, await py.eval('__import__("os").getpid()')]))
})
`

interface Copies {
  host: Set<number>
  workers: Set<number>
}

/** Asks until this number of copies has replied. */
async function ask(port: number, number: number): Promise<Copies> {
  const copies: Copies = { host: new Set(), workers: new Set() }
  while (copies.host.size < number) {
    const reply = await fetch(`http://127.0.0.1:${port}/`)
    const [host = 0, worker = 0] = (await reply.json()) as number[]
    copies.host.add(host)
    copies.workers.add(worker)
  }
  return copies
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

const gone = (pids: Iterable<number>) =>
  expect.poll(() => [...pids].filter(isAlive), { message: 'left behind' }).toEqual([])

describe('copies of a server', () => {
  let folder = ''
  beforeAll(() => {
    folder = projectWithPackage(places, 'project')
  })

  it('node:cluster starts and ends copies of a server, each with a pool of its own', async () => {
    places.file(
      'project/cluster.mjs',
      `import cluster from 'node:cluster'
if (cluster.isPrimary) {
  const copies = [cluster.fork(), cluster.fork()]
  const port = await new Promise((resolve) => cluster.on('listening', (_, { port }) => resolve(port)))
  const seen = new Map()
  while (seen.size < 2) {
    const [host, worker] = await (await fetch('http://127.0.0.1:' + port)).json()
    seen.set(host, worker)
  }
  // one by itself, one killed
  copies[0].disconnect()
  copies[1].process.kill('SIGKILL')
  const codes = await Promise.all(copies.map((copy) => new Promise((resolve) =>
    copy.once('exit', (code, signal) => resolve(code ?? signal)))))
  console.log(JSON.stringify({ codes, seen: [...seen] }))
} else {
  const { server, py } = await import('./copy.mjs')
  process.once('disconnect', () => py.close())
  server.listen(0, '127.0.0.1')
}`,
    )
    places.file('project/copy.mjs', `${SERVER}\nexport { py, server }`)
    const { code, stdout, stderr } = await runNode([join(folder, 'cluster.mjs')], { cwd: folder })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const { codes, seen } = JSON.parse(stdout) as { codes: unknown; seen: [number, number][] }
    expect(codes).toEqual([0, 'SIGKILL'])
    const workers = new Set(seen.map(([, worker]) => worker))
    expect([seen.length, workers.size]).toEqual([2, 2])
    await gone(workers)
  })

  it('PM2 starts, reloads and ends copies of a server, and leaves no worker behind', async () => {
    const program = join(npmPackages({ pm2: '7.0.4' }), 'pm2/bin/pm2')
    places.file(
      'project/server.mjs',
      `${SERVER}
const end = async () => {
  server.close()
  await py.close()
  console.log('closed')
  process.disconnect()
}
process.once('SIGINT', end)
server.listen(Number(process.env.PORT), '127.0.0.1', () => process.send('ready'))`,
    )
    const port = await freePort()
    places.file(
      'project/ecosystem.config.cjs',
      `module.exports = { apps: [{ name: 'server', script: 'server.mjs', exec_mode: 'cluster',
        instances: 2, wait_ready: true, kill_timeout: 60_000, listen_timeout: 60_000,
        out_file: 'out.log', error_file: 'error.log', merge_logs: true, env: { PORT: ${port} } }] }`,
    )
    const env = { ...process.env, NODE_OPTIONS: '', PM2_HOME: places.path('pm2') }
    const pm2 = (...args: string[]) =>
      promisify(execFile)(process.execPath, [program, ...args], { cwd: folder, env })
    try {
      await pm2('start', 'ecosystem.config.cjs')
      const first = await ask(port, 2)
      await pm2('reload', 'server')
      await gone([...first.host, ...first.workers])
      const second = await ask(port, 2)
      expect([first.workers.size, second.workers.size]).toEqual([2, 2])
      await pm2('delete', 'server')
      await gone([...second.host, ...second.workers])
      const printed = ['out.log', 'error.log'].map((name) =>
        readFileSync(join(folder, name), 'utf8'),
      )
      expect(printed).toEqual(['closed\n'.repeat(4), ''])
    } finally {
      await pm2('kill')
    }
  })
})
