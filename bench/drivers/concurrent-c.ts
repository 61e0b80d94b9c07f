// concurrent-c-python: a call blocks, unless it is made through `task`. What is no scalar is a
// proxy until `toJS`.
import type { DriverOptions, Engine } from '../lib/engine.ts'
import { WORK_FOLDER } from '../lib/folders.ts'

interface Proxy {
  toJS(): unknown
  toTypedArray(): Float64Array
}

type Task = (...args: readonly unknown[]) => Promise<unknown>
type Function = (...args: readonly unknown[]) => unknown

interface Domain {
  import(module: string): Record<string, unknown>
  task(target: Function): Task
  release(proxy: unknown): void
  destroy(): Promise<void>
}

export interface ConcurrentC {
  create(options?: { isolated: true; python: string }): Domain
  usePython(python: string): void
  isProxy(value: unknown): value is Proxy
}

/** One domain or several, which take turns. */
export function engineOf(
  library: ConcurrentC,
  domains: readonly Domain[],
  isolated: boolean,
): Engine {
  const works = domains.map((domain) => {
    const sys = domain.import('sys') as unknown as {
      path: { insert(index: number, folder: string): void }
    }
    sys.path.insert(0, WORK_FOLDER)
    return { domain, work: domain.import('work') }
  })
  const plain = (value: unknown) => (library.isProxy(value) ? value.toJS() : value)
  const [first] = works
  if (first === undefined) throw new Error('at least one domain')
  let turn = 0
  let underWay = 0
  const counted = (answer: Promise<unknown>) => {
    underWay++
    return answer.finally(() => underWay--)
  }
  const texts = isolated
    ? works.map(({ domain, work }) => domain.task(work['dumps'] as Function))
    : []
  /** A domain's proxy, by text of JSON that a task makes of it. */
  const throughText = async (proxy: Proxy) => {
    for (const dumps of texts) {
      const text = await counted(dumps(proxy)).catch(() => null)
      if (text !== null) return JSON.parse(text as string) as unknown
    }
    throw new Error('no domain knows this proxy')
  }
  const bind = (name: string): Task => {
    const tasks = works.map(({ domain, work }) => domain.task(work[name] as Function))
    return tasks.length === 1
      ? (tasks[0] as Task)
      : (...args: readonly unknown[]) => (tasks[turn++ % tasks.length] as Task)(...args)
  }
  const call = (name: string) => {
    const task = bind(name)
    return async (...args: readonly unknown[]) => {
      const result = await counted(task(...args))
      // It refuses `toJS` of an isolated domain while any task is under way there.
      return isolated && underWay > 0 && library.isProxy(result)
        ? await throughText(result)
        : plain(result)
    }
  }
  const direct = (name: string) => first.work[name] as Function
  const doublesOf = (value: unknown) => {
    const array = (value as Proxy).toTypedArray()
    first.domain.release(value)
    return array
  }
  return {
    sync: (name) => {
      const target = direct(name)
      return (...args) => plain(target(...args))
    },
    call,
    total: async (array) => (await call('total')(array)) as number,
    totalSync: (array) => direct('total')(array) as number,
    doubles: async (length) => doublesOf(await first.domain.task(direct('doubles'))(length)),
    doublesSync: (length) => doublesOf(direct('doubles')(length)),
    callback: (callback, times) => call('times')(callback, times),
    callbackSync: (callback, times) => direct('times')(callback, times),
    coroutine: call,
    close: async () => {
      await Promise.all(domains.map((domain) => domain.destroy()))
    },
  }
}

export function openDomains(
  library: ConcurrentC,
  { workers, python }: DriverOptions,
): readonly Domain[] {
  return Array.from({ length: workers }, () => library.create({ isolated: true, python }))
}
