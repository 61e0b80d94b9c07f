/**
 * Why: uv is a program that pythreads downloads and runs, from an index that may be slow, broken or
 * hostile. It must be what its hash says, belong to this user, and be there whole or not at all.
 */
import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { type FindUvOptions, findUv } from '../../src/environments/uv.ts'
import { PINNED_UV } from '../../src/environments/uv-wheels.ts'
import { TEST_CERTIFICATE } from '../support/certificate.ts'
import { Places } from '../support/places.ts'
import { type Offered, UvIndex, uvWheel, uvWheelName } from '../support/uv-index.ts'

const places = new Places()
afterEach(() => places[Symbol.dispose]())

const VERSION = '0.99.1'
const NAME = uvWheelName(VERSION)

function offered(more: Partial<Offered> = {}, version = VERSION): Record<string, Offered> {
  return { [uvWheelName(version)]: { bytes: uvWheel(version), ...more } }
}

const cache = () => places.path('cache')

/** Finds uv as on a machine that has none, by these variables. */
async function find(env: NodeJS.ProcessEnv, options: Partial<FindUvOptions> = {}) {
  const missing: string[] = []
  const lines: string[] = []
  const uv = await findUv({
    env: {
      PATH: '/no/such/folder',
      PYTHREADS_CACHE: cache(),
      PIP_CONFIG_FILE: '/dev/null',
      UV_CONFIG_FILE: places.path('none.toml'),
      NETRC: places.path('netrc'),
      ...env,
    },
    mayFetch: true,
    progress: (line) => lines.push(line),
    onMissing: (sentence) => missing.push(sentence),
    ...options,
  })
  return { uv, missing, lines }
}

/** What is left in the cache, besides what this test put there. */
function leftovers(): string[] {
  return existsSync(join(cache(), 'uv')) ? readdirSync(join(cache(), 'uv')) : []
}

describe('uv on this machine', () => {
  it('is the one that PYTHREADS_UV names, before the one on PATH', async () => {
    const PYTHREADS_UV = places.script('mine', 'echo "uv 1.2.3 (abc)"')
    places.script('bin/uv', 'echo "uv 0.9.0"')
    const { uv } = await find({ PYTHREADS_UV, PATH: places.path('bin') })
    expect(uv).toEqual({ path: PYTHREADS_UV, version: '1.2.3', source: 'PYTHREADS_UV' })
  })

  it.each([
    ['does not exist', () => places.path('nothing')],
    ['is another program', () => places.script('mine', 'echo "uvula 1.2.3"')],
    ['fails', () => places.script('mine', 'echo "uv 1.2.3"; exit 1')],
    ['is too old', () => places.script('mine', 'echo "uv 0.7.9"')],
  ])('is an error where PYTHREADS_UV names a program that %s', async (_, make) => {
    await expect(find({ PYTHREADS_UV: make() })).rejects.toMatchObject({
      code: 'ERR_PYTHREADS_ENVIRONMENT',
    })
  })

  it('is not looked for where PYTHREADS_UV is off', async () => {
    places.script('bin/uv', 'echo "uv 0.9.0"')
    const { uv, missing } = await find({ PYTHREADS_UV: 'off', PATH: places.path('bin') })
    expect(uv).toBeUndefined()
    expect(missing).toHaveLength(1)
  })

  it('is the first on PATH that works, and the reasons name the others', async () => {
    places.script('a/uv', 'exit 127')
    places.script('b/uv', 'echo "uv 0.5.1"')
    const path = places.script('c/uv', 'echo "uv 0.9.0 (x 2025-10-07)"')
    const PATH = ['a', 'b', 'c'].map((name) => places.path(name)).join(':')
    const { uv, missing } = await find({ PATH })
    expect(uv).toEqual({ path, version: '0.9.0', source: 'PATH' })
    expect(missing).toEqual([
      expect.stringContaining(places.path('a')),
      expect.stringContaining(places.path('b')),
    ])
  })

  it('runs without the settings of the user', async () => {
    const PYTHREADS_UV = places.script(
      'mine',
      '[ "$UV_NO_CONFIG$UV_PYTHON" = 1 ] && echo "uv 1.2.3"',
    )
    expect((await find({ PYTHREADS_UV, UV_PYTHON: '3.9' })).uv?.version).toBe('1.2.3')
  })

  it('is not downloaded unasked', async () => {
    await using index = await UvIndex.start({ files: offered() })
    const { uv } = await find({ PIP_INDEX_URL: index.url }, { mayFetch: false })
    expect(uv).toBeUndefined()
    expect(index.requests).toEqual([])
    expect(existsSync(cache())).toBe(false)
  })
})

describe('uv from the package index', () => {
  it.each(['json', 'html'] as const)(
    'is downloaded once from an index in %s, into a folder of the cache, with progress',
    async (format) => {
      await using index = await UvIndex.start({ files: offered(), format })
      const { uv, lines, missing } = await find({ PIP_INDEX_URL: index.url })
      const path = join(cache(), 'uv', VERSION, 'uv')
      expect(uv).toEqual({ path, version: VERSION, source: 'the package index' })
      expect(readFileSync(path, 'utf8')).toContain('made up')
      expect(lines[0]).toContain(VERSION)
      expect(missing).toHaveLength(1)
      expect(leftovers()).toEqual([VERSION])
      const again = await find({ PIP_INDEX_URL: index.url }, { mayFetch: false })
      expect(again.uv).toEqual({ path, version: VERSION, source: 'the cache' })
      expect(index.requests).toEqual(['/simple/uv/', `/files/${NAME}`])
    },
  )

  it.each([
    ['a hash of the index that is wrong', { sha256: 'b'.repeat(64) }, VERSION],
    ['no hash', { sha256: null }, VERSION],
    ['another file under the name of the pinned version', {}, PINNED_UV],
    ['a wheel that is no archive', { bytes: Buffer.from('<html>') }, VERSION],
    ['a wheel without uv', { bytes: uvWheel('0.1.0').subarray(0, 0) }, VERSION],
    ['a uv that does not run', { bytes: uvWheel(VERSION, 'exit 3') }, VERSION],
  ])('is not used with %s', async (_, more, version) => {
    await using index = await UvIndex.start({ files: offered(more, version) })
    const { uv, missing } = await find({ PIP_INDEX_URL: index.url })
    expect(uv).toBeUndefined()
    expect(missing.at(-1)).toMatch(/^uv from the package index: /)
    expect(leftovers().filter((name) => name.startsWith('.'))).toEqual([])
  })

  it.each([
    ['announced', true],
    ['not announced', false],
  ])('is not used when the download ends early, its length %s', async (_, isAnnounced) => {
    const bytes = uvWheel(VERSION)
    await using index = await UvIndex.start({
      files: offered({ bytes }),
      handle: ({ url }, response) => {
        if (url?.startsWith('/files/') !== true) return false
        if (isAnnounced) response.setHeader('content-length', bytes.length)
        response.write(bytes.subarray(0, 100), () =>
          isAnnounced ? response.socket?.destroy() : response.end(),
        )
        return true
      },
    })
    expect((await find({ PIP_INDEX_URL: index.url })).uv).toBeUndefined()
    expect(leftovers()).toEqual([])
  })

  it('comes from a further index where the first one lacks it', async () => {
    await using empty = await UvIndex.start({})
    await using index = await UvIndex.start({ files: offered() })
    const env = { PIP_INDEX_URL: empty.url, PIP_EXTRA_INDEX_URL: index.url }
    expect((await find(env)).uv?.version).toBe(VERSION)
    expect(empty.requests).toEqual(['/simple/uv/'])
  })

  it('is asked for with the password of the address, also through redirects, which another host does not get', async () => {
    await using other = await UvIndex.start({ files: offered() })
    const handle: NonNullable<Parameters<typeof UvIndex.start>[0]['handle']> = (
      request,
      response,
    ) => {
      if (request.url?.startsWith('/files/') !== true) return false
      response.writeHead(302, { location: `${other.origin}${request.url}` }).end()
      return true
    }
    await using index = await UvIndex.start({ files: offered(), handle })
    const PIP_INDEX_URL = index.url.replace('//', '//me:secret@')
    expect((await find({ PIP_INDEX_URL })).uv?.version).toBe(VERSION)
    const basic = `Basic ${Buffer.from('me:secret').toString('base64')}`
    expect(index.authorizations).toEqual([basic, basic])
    expect(other.authorizations).toEqual([undefined])
  })

  it('is not there, and the reasons say so without the password, where the index refuses', async () => {
    await using index = await UvIndex.start({
      handle: (_, response) => void response.writeHead(401).end() === undefined,
    })
    const { uv, missing } = await find({ PIP_INDEX_URL: index.url.replace('//', '//me:secret@') })
    expect(uv).toBeUndefined()
    expect(missing.at(-1)).toMatch(/401.*PIP_INDEX_URL/)
    expect(missing.join()).not.toContain('secret')
  })

  it.each<[string, NodeJS.ProcessEnv]>([
    ['the index refuses connections', { PIP_INDEX_URL: 'http://127.0.0.1:9/simple' }],
    ['the index has no address', { PIP_INDEX_URL: 'http://index.invalid/simple' }],
    ['the index is no address', { PIP_INDEX_URL: 'simple' }],
    ['the index is a folder', { PIP_INDEX_URL: 'file:///srv/simple' }],
    ['no index is to be used', { PIP_NO_INDEX: '1' }],
    ['uv is to be offline', { UV_OFFLINE: '1' }],
    ['the proxy refuses connections', { HTTPS_PROXY: 'http://127.0.0.1:9' }],
    ['the proxy is of an unknown kind', { HTTPS_PROXY: 'socks5://127.0.0.1:9' }],
    ['there is no cache', { PYTHREADS_CACHE: 'off' }],
    ['the cache cannot be written', { PYTHREADS_CACHE: '/dev/null/cache' }],
  ])('is not there where %s', async (_, env) => {
    const { uv, missing } = await find(env)
    expect(uv).toBeUndefined()
    expect(missing.at(-1)).toMatch(/^uv from the package index: .+/)
  })

  it('is not waited for where the index takes a connection and never replies', async () => {
    await using index = await UvIndex.start({ handle: () => true })
    const { uv, missing } = await find({ PIP_INDEX_URL: index.url })
    expect(uv).toBeUndefined()
    expect(missing.at(-1)).toContain('no reply')
  })

  it('is downloaded by two at once, and one of the downloads is kept', async () => {
    await using index = await UvIndex.start({ files: offered() })
    const both = await Promise.all([0, 1].map(() => find({ PIP_INDEX_URL: index.url })))
    expect(both.map(({ uv }) => uv?.version)).toEqual([VERSION, VERSION])
    expect(leftovers()).toEqual([VERSION])
  })
})

describe('uv in a cache that other users may write to', () => {
  it.each(['cache', 'cache/uv'])('is not downloaded: %s', async (name) => {
    chmodSync(places.folder(name), 0o777)
    await using index = await UvIndex.start({ files: offered() })
    const { uv, missing } = await find({ PIP_INDEX_URL: index.url })
    expect(uv).toBeUndefined()
    expect(missing.at(-1)).toContain('other users may write')
    expect(index.requests).toEqual([])
  })

  it.each(['cache/uv', `cache/uv/${VERSION}`, `cache/uv/${VERSION}/uv`])(
    'is not run: %s',
    async (name) => {
      const ran = places.path('ran')
      places.script(`cache/uv/${VERSION}/uv`, `touch ${ran}`, 'echo "uv 0.99.1"')
      chmodSync(places.path(name), 0o777)
      const { uv, missing } = await find({}, { mayFetch: false })
      expect(uv).toBeUndefined()
      expect(missing.at(-1)).toContain('other users may write')
      expect(existsSync(ran)).toBe(false)
    },
  )
})

/** A proxy on loopback that connects to whatever it is asked for. */
async function proxy(seen: string[]): Promise<Server> {
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers['proxy-authorization'] ?? ''}`)
    const { pathname, host } = new URL(request.url ?? '')
    fetch(`http://${host}${pathname}`).then(async (reply) => {
      response.writeHead(reply.status, { 'content-type': reply.headers.get('content-type') ?? '' })
      response.end(Buffer.from(await reply.arrayBuffer()))
    })
  })
  server.on('connect', (request, socket: Socket) => {
    seen.push(`CONNECT ${request.url} ${request.headers['proxy-authorization'] ?? ''}`)
    const [host = '', port] = (request.url ?? '').split(':')
    const target = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      target.pipe(socket).pipe(target)
    })
    for (const end of [socket, target]) end.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

describe('uv through a proxy', () => {
  it.each([
    ['http', false],
    ['https', true],
  ])('is downloaded from an index by %s', async (_, isSecure) => {
    await using index = await UvIndex.start({ files: offered(), isSecure })
    const seen: string[] = []
    const server = await proxy(seen)
    try {
      const { port } = server.address() as AddressInfo
      const address = `http://me:secret@127.0.0.1:${port}`
      const SSL_CERT_FILE = places.file('ca.pem', TEST_CERTIFICATE)
      const env = { HTTP_PROXY: address, HTTPS_PROXY: address, SSL_CERT_FILE }
      const { uv, missing } = await find({ ...env, PIP_INDEX_URL: index.url })
      expect({ version: uv?.version, missing }).toMatchObject({ version: VERSION })
      const basic = `Basic ${Buffer.from('me:secret').toString('base64')}`
      const { host } = new URL(index.origin)
      expect(seen).toEqual(
        isSecure
          ? [`CONNECT ${host} ${basic}`, `CONNECT ${host} ${basic}`]
          : ['/simple/uv/', `/files/${NAME}`].map((path) => `GET ${index.origin}${path} ${basic}`),
      )
      expect(index.authorizations).toEqual([undefined, undefined])
    } finally {
      server.close()
    }
  })
})

describe('an index by https', () => {
  it.each<[string, () => NodeJS.ProcessEnv, boolean]>([
    ['is refused without its certificate', () => ({}), false],
    [
      'is used with its certificate',
      () => ({ PIP_CERT: places.file('a.pem', TEST_CERTIFICATE) }),
      true,
    ],
    ['is used where its host is trusted', () => ({ PIP_TRUSTED_HOST: '127.0.0.1' }), true],
    ['is refused where another host is trusted', () => ({ UV_INSECURE_HOST: 'localhost' }), false],
  ])('%s', async (_, env, isUsed) => {
    await using index = await UvIndex.start({ files: offered(), isSecure: true })
    const { uv } = await find({ ...env(), PIP_INDEX_URL: index.url })
    expect(uv !== undefined).toBe(isUsed)
  })

  it('is not left for an address without encryption', async () => {
    await using plain = await UvIndex.start({ files: offered() })
    const location = `${plain.url}/uv/`
    await using index = await UvIndex.start({
      isSecure: true,
      handle: (_, response) => void response.writeHead(302, { location }).end() === undefined,
    })
    const PIP_CERT = places.file('a.pem', TEST_CERTIFICATE)
    const { uv } = await find({ PIP_CERT, PIP_INDEX_URL: index.url })
    expect(uv).toBeUndefined()
    expect(plain.requests).toEqual([])
  })
})
