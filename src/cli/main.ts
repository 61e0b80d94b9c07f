#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { PythreadsError } from '../index.ts'
import { type DoctorFlags, doctor, doctorFlags } from './commands/doctor.ts'
import { type MapFlags, map, mapFlags } from './commands/map.ts'
import { type RunFlags, run, runFlags } from './commands/run.ts'
import { type TourFlags, tour, tourFlags } from './commands/tour.ts'
import { describeError, EXIT } from './errors.ts'
import { addFlags, type Flags } from './flags.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
const TARGET = 'module:attribute, or file.py:attribute'

const program = new Command('pythreads')
  .description('Run Python from the shell on every core, without a lock of your own')
  .version(version)
  .showHelpAfterError('(--help shows what there is)')
  .configureOutput({ outputError: (text, write) => write(`[ERR_PYTHREADS_USAGE] ${text}`) })
  .exitOverride()

/** Adds a command whose action answers the exit status. */
function add<T>(
  name: string,
  description: string,
  flags: Flags<T>,
  action: (target: string, flags: never) => Promise<number>,
): void {
  const command = program.command(name).description(description)
  const hasTarget = name !== 'doctor' && name !== 'tour'
  if (hasTarget) command.argument('<target>', TARGET)
  addFlags(command, flags)
  command.action(async (...args: unknown[]) => {
    const [target, options] = hasTarget ? [args[0] as string, args[1]] : ['', args[0]]
    process.exitCode = await action(target, options as never)
  })
}

add('run', 'call a function again and again from many callers, one per worker', runFlags, (target, flags: RunFlags) =>
  run(target, flags),
)
add('map', 'put every record of a file through a function', mapFlags, (target, flags: MapFlags) => map(target, flags))
add('doctor', 'show every Python found, what it can do, and how to mend what is missing', doctorFlags, (_, flags: DoctorFlags) =>
  doctor(flags),
)
add('tour', 'twenty threads and no lock, on one screen', tourFlags, (_, flags: TourFlags) => tour(flags))

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage
  } else {
    process.stderr.write(`pythreads: ${describeError(error)}\n`)
    process.exitCode = error instanceof PythreadsError && error.code === 'ERR_PYTHREADS_USAGE' ? EXIT.usage : EXIT.failed
  }
}
