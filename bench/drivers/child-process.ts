// What one writes without any library: a child process each, a line of JSON a request and a line an
// answer.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Driver } from '../lib/engine.ts'
import { WORK_FOLDER } from '../lib/folders.ts'
import { Calls } from '../lib/lines.ts'
import { engineOfCallers } from './callers.ts'

export const driver: Driver = {
  maxWorkers: 200,
  async load() {
    return async ({ workers, python }) => {
      const callers = Array.from({ length: workers }, () => {
        const child = spawn(python, [join(WORK_FOLDER, 'rpc.py')], {
          stdio: ['pipe', 'pipe', 'inherit'],
        })
        const calls = new Calls()
        createInterface(child.stdout).on('line', (line) => calls.answer(JSON.parse(line)))
        child.on('exit', () => calls.fail(new Error('the child has ended')))
        const send = (request: object) => void child.stdin.write(`${JSON.stringify(request)}\n`)
        return {
          call: (name: string, args: readonly unknown[]) => calls.call(send, name, args),
          close: async () => {
            child.stdin.end()
            await once(child, 'exit')
          },
        }
      })
      return engineOfCallers(callers)
    }
  },
}
