import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Ended, gathered } from './child.ts'
import { whyNoSandbox } from './sandboxes.ts'

/**
 * A root that has Node, npm, the C library, a shell and certificates, and nothing else: as a slim
 * container. It is made of files of this machine, by bwrap.
 */
export interface BareRoot {
  /** A folder of this machine that is `/srv/app`, the current folder there. */
  readonly app: string
  /** The executable of a Python that is in the root with its whole installation. */
  readonly python?: string
  /** More files of this machine, at the same paths. */
  readonly files?: readonly string[]
  /** Files that are empty there. */
  readonly hidden?: readonly string[]
  readonly network?: boolean
  /** Whether the home folder cannot be written to. */
  readonly isReadOnly?: boolean
  readonly env?: NodeJS.ProcessEnv
}

export const whyNoBareRoot = (): string | undefined => whyNoSandbox('bwrap')

const LINES: { encoding: 'utf8'; stdio: ['ignore', 'pipe', 'ignore'] } = {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'ignore'],
}

/** The shared libraries that a program or library needs, and the loader. */
function librariesOf(file: string): string[] {
  const { stdout } = spawnSync('ldd', [file], LINES)
  return [...(stdout ?? '').matchAll(/(\/\S+) \(0x/g)].flatMap(([, path]) => path ?? [])
}

/** The whole C library: `ldd` names only the parts that one program needs. */
function libraryOfC(libraries: readonly string[]): string[] {
  const folder = dirname(libraries.find((path) => path.endsWith('/libc.so.6')) ?? '')
  return existsSync(folder)
    ? readdirSync(folder)
        .filter((name) =>
          /^lib(c|m|dl|rt|pthread|util|resolv|anl|gcc_s|nss_\w+)\.so\.\d+$/.test(name),
        )
        .map((name) => join(folder, name))
    : []
}

const installations = new Map<string, string[]>()

/**
 * An installation of Python, first, then the libraries of the system that its modules need, and its
 * own where the loader looks for it.
 */
export function filesOfPython(python: string): string[] {
  const known = installations.get(python)
  if (known !== undefined) return known
  const script =
    'import sys, sysconfig, os, glob; p = sysconfig.get_paths(); print(sys.base_prefix); ' +
    'print(p["stdlib"]); print(*glob.glob(os.path.join(sysconfig.get_config_var("DESTSHARED"), "*.so")), sep="\\n")'
  const [prefix = '', stdlib = '', ...modules] = execFileSync(python, ['-Ic', script], LINES)
    .trim()
    .split('\n')
  const ofSystem = prefix === '/usr'
  const own = ofSystem ? [realpathSync(python), stdlib] : [prefix]
  const libraries = [realpathSync(python), ...modules].flatMap(librariesOf)
  const files = [...new Set([...own, ...libraries])]
  installations.set(python, files)
  return files
}

/** The files of npm's settings, by their names. */
function npmSettings(): Record<string, string> {
  const settings = ['cafile', 'userconfig', 'globalconfig'].map((key) => {
    const path = execFileSync('npm', ['config', 'get', key], LINES).trim()
    return [`npm_config_${key}`, existsSync(path) ? path : undefined]
  })
  return Object.fromEntries(settings.filter(([, path]) => path !== undefined))
}

/** Variables with which npm and pip of this machine reach their registries. */
const CARRIED = new RegExp(
  [
    '^((https?|all|no)_proxy',
    'npm_config_registry',
    '(pip|uv)_(default_|extra_)?(index|index_url)',
    'pip_(cert|trusted_host|proxy)',
    'node_extra_ca_certs',
    'ssl_cert_file)$',
  ].join('|'),
  'i',
)

/** Runs a program in the root to its end. The first word is a program there. */
export function runBare(root: BareRoot, command: readonly string[]): Promise<Ended> {
  const settings = npmSettings()
  const node = realpathSync(process.execPath)
  const npm = dirname(dirname(realpathSync(execFileSync('which', ['npm'], LINES).trim())))
  const files = [
    ...['/bin/sh', '/usr/bin/env', node].flatMap((path) => [path, ...librariesOf(path)]),
    ...libraryOfC(librariesOf(node)),
    ...[
      '/etc/resolv.conf',
      '/etc/hosts',
      '/etc/nsswitch.conf',
      '/etc/ssl',
      '/usr/share/ca-certificates',
    ],
    ...Object.values(settings),
    process.env['NODE_EXTRA_CA_CERTS'] ?? '',
    process.env['SSL_CERT_FILE'] ?? '',
    ...(root.python === undefined ? [] : filesOfPython(root.python)),
    ...(root.files ?? []),
  ].map(String)
  const home = join(root.app, '.home')
  mkdirSync(home, { recursive: true })
  const isThere = (path: string) => path.startsWith('/') && existsSync(path)
  const binds = [...new Set(files)].filter(isThere).flatMap((path) => ['--ro-bind', path, path])
  const env = Object.entries({
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => CARRIED.test(name))),
    ...settings,
    PATH: '/usr/local/bin:/usr/bin:/bin',
    HOME: '/home/app',
    ...root.env,
  })
  const args = [
    ...['--unshare-pid', '--die-with-parent', '--clearenv', '--proc', '/proc', '--dev', '/dev'],
    ...(root.network === true ? [] : ['--unshare-net']),
    ...['--tmpfs', '/tmp', ...binds],
    ...(root.hidden ?? []).flatMap((path) => ['--ro-bind', '/dev/null', path]),
    ...['--ro-bind', node, '/usr/local/bin/node', '--ro-bind', npm, '/usr/local/lib/npm'],
    ...['--symlink', '../lib/npm/bin/npm-cli.js', '/usr/local/bin/npm'],
    ...(root.python === undefined ? [] : ['--symlink', root.python, '/usr/local/bin/python3']),
    ...['--bind', root.app, '/srv/app', '--chdir', '/srv/app'],
    ...[root.isReadOnly === true ? '--ro-bind' : '--bind', home, '/home/app'],
    ...env.flatMap(([name, value]) => (value === undefined ? [] : ['--setenv', name, value])),
  ]
  const child = spawn('bwrap', [...args, ...command], { stdio: ['ignore', 'pipe', 'pipe'] })
  return gathered(child).ended
}
