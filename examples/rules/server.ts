// The rules as an HTTP service:
//   npx tsx examples/rules/server.ts [--port 8000] [--workers 4] [--python .venv]
//   POST /evaluate   an event, or an array of events -> a verdict, or an array of verdicts
//   GET /stats       what the pool has done
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Python, PythonError, PythreadsError } from 'pythreads'

type Event = Record<string, unknown>

/** What `evaluate` of rules.py answers. */
interface Verdict {
  id: unknown
  matched: string[]
  priority: number
  actions: string[]
}

/** An answer that is not the one the client hoped for. */
class HttpError extends Error {
  readonly status: number
  readonly headers: OutgoingHttpHeaders

  constructor(status: number, message: string, headers: OutgoingHttpHeaders = {}) {
    super(message)
    this.status = status
    this.headers = headers
  }
}

const MAX_BODY_BYTES = 2 ** 20
/**
 * Requests beyond this are refused with 503: waiting for their turn would take longer than clients
 * do.
 */
const MAX_QUEUE = 1000
const SHUTDOWN_MS = 10_000

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8000' },
    workers: { type: 'string' },
    python: { type: 'string' },
  },
})
const rulesUrl = new URL('./rules.py', import.meta.url)
const rulesPath = fileURLToPath(rulesUrl)
const py = await Python.start({
  preload: [rulesPath], // a rule that is not valid ends the program here, not the first request
  python: values.python,
  workers: values.workers === undefined ? undefined : Number(values.workers),
  maxQueue: MAX_QUEUE,
})
const rules = py.import<{ evaluate(event: Event): Verdict }>(rulesUrl)

async function evaluate(body: unknown): Promise<Verdict | Verdict[]> {
  if (isEvent(body)) return rules.evaluate(body)
  if (!Array.isArray(body) || !body.every(isEvent))
    throw new HttpError(400, 'The body must be a JSON object, or an array of them')
  const verdicts: Verdict[] = []
  for await (const verdict of py.map<Verdict>(`${rulesPath}:evaluate`, body)) verdicts.push(verdict)
  return verdicts
}

function isEvent(value: unknown): value is Event {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  // What is too large is read to its end, but not kept: a client that still sends would not see the
  // answer.
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size <= MAX_BODY_BYTES) chunks.push(chunk)
  }
  if (size > MAX_BODY_BYTES)
    throw new HttpError(413, `The body may have ${MAX_BODY_BYTES} bytes; got ${size}`)
  try {
    return JSON.parse(utf8.decode(Buffer.concat(chunks)))
  } catch (error) {
    throw new HttpError(
      400,
      `The body is not JSON: ${error instanceof Error ? error.message : error}`,
    )
  }
}

type Handler = (request: IncomingMessage) => unknown
const routes = new Map<string, { method: string; handle: Handler }>([
  ['/evaluate', { method: 'POST', handle: async (request) => evaluate(await readJson(request)) }],
  ['/stats', { method: 'GET', handle: () => py.stats() }],
])

async function answerTo(request: IncomingMessage): Promise<unknown> {
  const path = request.url?.split('?')[0] ?? ''
  const route = routes.get(path)
  if (route === undefined)
    throw new HttpError(404, `There is no ${path}, but ${[...routes.keys()].join(' and ')}`)
  if (route.method !== request.method)
    throw new HttpError(405, `${path} takes ${route.method}`, { allow: route.method })
  return route.handle(request)
}

/** The status and body that tell a client what went wrong. */
function describe(
  error: unknown,
): [status: number, body: { type: string; message: string; index?: number | undefined }] {
  if (error instanceof HttpError)
    return [error.status, { type: 'HttpError', message: error.message }]
  if (error instanceof PythonError) {
    const { type, message, index } = error
    return [type === 'EventError' ? 422 : 500, { type, message, index }]
  }
  const busy =
    error instanceof PythreadsError &&
    ['ERR_PYTHREADS_QUEUE_FULL', 'ERR_PYTHREADS_CLOSED'].includes(error.code)
  if (busy) return [503, { type: error.code, message: error.message }]
  return [500, { type: 'Error', message: 'Internal error' }]
}

function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: OutgoingHttpHeaders = {},
): void {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...(server.listening ? {} : { connection: 'close' }), // shutting down: let go of the client
    ...headers,
  })
  response.end(text)
}

const server = createServer(async (request, response) => {
  try {
    send(response, 200, await answerTo(request))
  } catch (error) {
    if (request.destroyed && !request.complete) return // the client has gone
    const [status, described] = describe(error)
    if (status === 500) console.error(error)
    send(response, status, { error: described }, error instanceof HttpError ? error.headers : {})
  }
})
server.requestTimeout = 30_000

function shutDown(): void {
  // Requests that are under way are answered first; the process ends by itself when nothing is left
  // to do.
  server.close(() => void py.close())
  setTimeout(() => server.closeAllConnections(), SHUTDOWN_MS).unref()
}
process.once('SIGTERM', shutDown)
process.once('SIGINT', shutDown)

server.listen(Number(values.port), '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  console.log(`Listening on http://127.0.0.1:${port} with ${py.stats().isolation} isolation`)
})
