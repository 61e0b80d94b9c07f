// python-shell: a child process each, with messages of JSON both ways. It has no calls, so these
// are matched by an RPC loop of ours.
import { join } from 'node:path'
import type { Driver } from '../lib/engine.ts'
import { WORK_FOLDER } from '../lib/folders.ts'
import { Calls } from '../lib/lines.ts'
import { requirePeer } from '../lib/peer.ts'
import { engineOfCallers } from './callers.ts'

interface Shell {
  on(event: 'message', listener: (message: never) => void): void
  on(event: 'pythonError' | 'error', listener: (error: Error) => void): void
  send(message: object): void
  end(callback: () => void): void
}

interface PythonShell {
  readonly PythonShell: new (script: string, options: { mode: 'json'; pythonPath: string }) => Shell
}

export const driver: Driver = {
  maxWorkers: 200,
  async load() {
    const { PythonShell } = requirePeer<PythonShell>('python-shell')
    return async ({ workers, python }) => {
      const callers = Array.from({ length: workers }, () => {
        const shell = new PythonShell(join(WORK_FOLDER, 'rpc.py'), {
          mode: 'json',
          pythonPath: python,
        })
        const calls = new Calls()
        shell.on('message', (message) => calls.answer(message))
        shell.on('error', (error) => calls.fail(error))
        shell.on('pythonError', (error) => calls.fail(error))
        return {
          call: (name: string, args: readonly unknown[]) =>
            calls.call((request) => shell.send(request), name, args),
          close: () => new Promise<void>((resolve) => shell.end(resolve)),
        }
      })
      return engineOfCallers(callers)
    }
  },
}
