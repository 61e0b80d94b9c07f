import * as bench from '../../src/cli/commands/bench.ts'
import * as doctor from '../../src/cli/commands/doctor.ts'
import * as env from '../../src/cli/commands/env.ts'
import * as install from '../../src/cli/commands/install.ts'
import * as lock from '../../src/cli/commands/lock.ts'
import * as map from '../../src/cli/commands/map.ts'
import * as run from '../../src/cli/commands/run.ts'
import * as tour from '../../src/cli/commands/tour.ts'
import type { Flag } from '../../src/cli/flags.ts'

/** Every command. */
export const commands = [run, map, bench, install, lock, env, doctor, tour]

/** The table of a command's options, as docs/cli.md has it. */
export function flagTable(flags: object): string {
  const rows = Object.values(flags as Record<string, Flag<unknown>>).map(
    ({ flags: names, alias, description, choices, default: preset }) => {
      const written = [names, ...(alias === undefined ? [] : [alias])]
        .map((one) => `\`${one}\``)
        .join(', ')
      const values =
        choices === undefined ? '' : `: ${choices.map((choice) => `\`${choice}\``).join(', ')}`
      return `| ${written} | ${description}${values} | ${typeof preset === 'string' ? `\`${preset}\`` : ''} |`
    },
  )
  return ['| option | | default |', '| --- | --- | --- |', ...rows].join('\n')
}
