// Photographs resized and filtered by numpy and Pillow, behind HTTP:
//   npx tsx examples/images/server.ts [--port 8001] [--workers 4] [--python .venv] POST
//   /?width=640&filter=sharpen&format=png   a photograph -> the new one; filter: sharpen, grey;
//   format: jpeg, png npx tsx examples/images/server.ts --demo     asks itself twenty times at
//   once, checks what comes, and ends
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import { type NdArray, Python, PythonError, type RemoteModule } from 'pythreads'

const MAX_BODY_BYTES = 32 * 2 ** 20
const FILTERS = ['sharpen', 'grey']
const FORMATS = ['jpeg', 'png']

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8001' },
    workers: { type: 'string' },
    python: { type: 'string' },
    demo: { type: 'boolean', default: false },
  },
})

await using py = await Python.start({
  ...(values.workers === undefined ? {} : { workers: Number(values.workers) }),
  ...(values.python === undefined ? {} : { python: values.python }),
  isolation: 'process',
  timeoutMs: 30_000,
})
const images: RemoteModule = py.import(new URL('./images.py', import.meta.url))

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    const status = error instanceof TooLarge ? 413 : isNoPicture(error) ? 422 : 500
    response
      .writeHead(status, { 'content-type': 'text/plain' })
      .end(`${error instanceof Error ? error.message : error}\n`)
  })
})

class TooLarge extends Error {}

/** What Pillow cannot read is the client's mistake. */
function isNoPicture(error: unknown): boolean {
  return (
    error instanceof PythonError &&
    ['UnidentifiedImageError', 'DecompressionBombError'].includes(error.type)
  )
}

async function body(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MAX_BODY_BYTES) throw new TooLarge('too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const refuse = (status: number, why: string) =>
    void response.writeHead(status, { connection: 'close' }).end(`${why}\n`)
  const { searchParams } = new URL(request.url ?? '/', 'http://localhost')
  const width = Number(searchParams.get('width') ?? 0)
  const filter = searchParams.get('filter')
  const format = searchParams.get('format') ?? 'jpeg'
  if (request.method !== 'POST') return refuse(405, 'POST a photograph')
  if (!(Number.isInteger(width) && width >= 0 && width <= 8000))
    return refuse(400, 'width: a whole number up to 8000')
  if (filter !== null && !FILTERS.includes(filter))
    return refuse(400, `filter: ${FILTERS.join(' or ')}`)
  if (!FORMATS.includes(format)) return refuse(400, `format: ${FORMATS.join(' or ')}`)
  const file = await changed(await body(request), width, filter, format)
  response
    .writeHead(200, { 'content-type': `image/${format}`, 'content-length': file.length })
    .end(file)
}

/**
 * Each step may run in another worker process: the pixels are in memory that all of them see, and
 * are not sent around.
 */
async function changed(
  photograph: Buffer,
  width: number,
  filter: string | null,
  format: string,
): Promise<Uint8Array> {
  let pixels = (await images['decode']?.(photograph)) as NdArray<'uint8'>
  if (width > 0) pixels = (await images['resize']?.(pixels, width)) as NdArray<'uint8'>
  if (filter !== null) pixels = (await images[filter]?.(pixels)) as NdArray<'uint8'>
  return (await images['encode']?.(pixels, format)) as Uint8Array
}

async function demo(url: string): Promise<void> {
  const photograph = (await images['photograph']?.(1200, 800)) as Uint8Array
  const start = performance.now()
  const widths = Array.from({ length: 20 }, (_, i) => 100 + i * 20)
  const pictures = await Promise.all(
    widths.map(async (width, i) => {
      const query = `?width=${width}&format=png${i % 2 === 0 ? '&filter=grey' : ''}`
      const reply = await fetch(url + query, { method: 'POST', body: new Uint8Array(photograph) })
      if (!reply.ok) throw new Error(await reply.text())
      return images['decode']?.(new Uint8Array(await reply.arrayBuffer())) as Promise<
        NdArray<'uint8'>
      >
    }),
  )
  const seconds = (performance.now() - start) / 1000
  for (const [i, picture] of pictures.entries()) {
    const width = widths[i] as number
    const [red, green, blue] = [0, 1, 2].map((channel) => picture.get(5, 5, channel))
    const isGrey = red === green && green === blue
    if (
      picture.shape[1] !== width ||
      picture.shape[0] !== Math.round((800 * width) / 1200) ||
      isGrey !== (i % 2 === 0)
    ) {
      throw new Error(`picture ${i} is wrong: ${picture.shape}, ${[red, green, blue]}`)
    }
  }
  const wrong = await fetch(url, { method: 'POST', body: 'no photograph' })
  if (wrong.status !== 422)
    throw new Error(`what is no photograph was answered with ${wrong.status}`)
  console.log(
    `20 pictures right, ${(20 / seconds).toFixed(1)} a second; no photograph: ${wrong.status}`,
  )
}

server.listen(values.demo ? 0 : Number(values.port), '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
console.log(`listening at ${url}`)
if (values.demo) await demo(url)
else await new Promise((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve))
server.close()
server.closeAllConnections()
