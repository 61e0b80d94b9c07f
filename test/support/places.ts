import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** Folders with Pythons in them, made up for a test and removed after it. */
export class Places implements Disposable {
  readonly root: string = realpathSync(mkdtempSync(join(tmpdir(), 'pythreads-places-')))

  path(...parts: string[]): string {
    return join(this.root, ...parts)
  }

  folder(name: string): string {
    const path = this.path(name)
    mkdirSync(path, { recursive: true })
    return path
  }

  file(name: string, content: string): string {
    const path = this.path(name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
    return path
  }

  /** A program that is a shell script. */
  script(name: string, ...lines: string[]): string {
    const path = this.file(name, ['#!/bin/sh', ...lines, ''].join('\n'))
    chmodSync(path, 0o755)
    return path
  }

  link(name: string, target: string): string {
    const path = this.path(name)
    mkdirSync(dirname(path), { recursive: true })
    symlinkSync(target, path)
    return path
  }

  /**
   * A virtual environment without anything in it, as `venv` makes it; faster. Answers its folder.
   */
  venv(name: string, python: string): string {
    this.file(join(name, 'pyvenv.cfg'), `home = ${dirname(realpathSync(python))}\n`)
    this.link(join(name, 'bin', 'python'), python)
    return this.path(name)
  }

  /** A virtual environment made by Python itself. */
  realVenv(name: string, python: string): string {
    execFileSync(python, ['-m', 'venv', '--without-pip', this.path(name)])
    return this.path(name)
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true })
  }
}
