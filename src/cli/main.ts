#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { PythreadsError } from '../index.ts'
import type { CommandModule, Example } from './command.ts'
import * as bench from './commands/bench.ts'
import * as doctor from './commands/doctor.ts'
import * as env from './commands/env.ts'
import * as install from './commands/install.ts'
import * as lock from './commands/lock.ts'
import * as map from './commands/map.ts'
import * as run from './commands/run.ts'
import * as tour from './commands/tour.ts'
import { describeError, EXIT } from './errors.ts'
import { addFlags } from './flags.ts'
import { Interrupt } from './interrupt.ts'

const { version } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { version: string }

const STATUSES = `
Exit status: 0 no error; 1 Python raised, a record failed, or something is
missing; 2 the command line is wrong; 130 ended by Ctrl-C.`

// A reader that closes the pipe (`2>&1 | head`) is no error.
process.stderr.on('error', () => {})

const interrupt = new Interrupt()
const program = new Command('pythreads')
  .description('Run Python from the shell on every core, without a lock of your own')
  .version(version)
  .addHelpText('after', STATUSES)
  .showHelpAfterError('(--help lists the commands and options)')
  .configureOutput({
    outputError: (text, write) => write(`[ERR_PYTHREADS_USAGE] ${text}`),
    writeOut: (text) => void process.stdout.once('error', () => {}).write(text),
  })
  .exitOverride()

function add<T>(module: CommandModule<T>): void {
  const command = program.command(module.name).description(module.summary)
  for (const { name, description } of module.positionals) command.argument(name, description)
  addFlags(command, module.flags)
  command.addHelpText('after', `${notes(module.notes)}${shown(module.examples)}`)
  command.action(async () => {
    process.exitCode = await module.run(command.opts() as T & object, command.args, interrupt)
  })
}

function notes(text: string | undefined): string {
  return text === undefined ? '' : `\n${text}\n`
}

function shown(examples: readonly Example[]): string {
  return `\nExamples:\n${examples.map(({ line, does }) => `  ${line}\n      ${does}`).join('\n')}`
}

add(run)
add(map)
add(bench)
add(install)
add(lock)
add(env)
add(doctor)
add(tour)

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage
  } else if (!interrupt.came) {
    process.stderr.write(`pythreads: ${describeError(error)}\n`)
    process.exitCode =
      error instanceof PythreadsError && error.code === 'ERR_PYTHREADS_USAGE'
        ? EXIT.usage
        : EXIT.failed
  }
}
// a read that is still pending, such as that of standard input, would keep the process alive
if (interrupt.came) process.exit(EXIT.interrupted)
