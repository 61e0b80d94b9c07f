import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Dependencies } from '../environments/index.ts'
import type { Positional } from './command.ts'

export const WHAT: Positional = {
  name: '[what...]',
  description: 'packages (numpy "pandas>=2"), or one file: requirements.txt, pyproject.toml, .py',
}

/**
 * What `install` and `lock` are given: the path of a file, `file.py:function` as a target has it,
 * or requirements. The result is what `Python.start` takes, so that both mean one environment.
 */
export function dependenciesOf(what: readonly string[]): Dependencies {
  const [first = ''] = what
  const file = first.replace(/(?<=\.py):[\w.]+$/, '')
  const isPath = /[/\\]|\.(txt|toml|py|lock)$/.test(file) && !/[<>=@]/.test(file)
  return what.length === 1 && (isPath || isFile(file)) ? resolve(file) : what
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}
