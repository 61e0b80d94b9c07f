import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { parse } from 'smol-toml'
import { attempt } from '../attempt.ts'
import { readPlain } from '../discovery/index.ts'
import { isRecord } from '../own.ts'
import { ownVariables } from '../platform/index.ts'
import { readIni } from './ini.ts'

/**
 * Where packages come from, by the settings of uv and of pip. uv reads no settings of pip, and
 * pythreads reads none of uv except these: where an index is says nothing about what is installed.
 */
export interface IndexSettings {
  /** The address of the default index; `undefined`: no index is to be used. */
  readonly index: string | undefined
  /** Who names it, e.g. `PIP_INDEX_URL`. */
  readonly source: string
  readonly extraIndexes: readonly string[]
  /** Folders and pages with packages. */
  readonly findLinks: readonly string[]
  readonly isOffline: boolean
  /** The proxy that pip's own settings name. */
  readonly proxy: string | undefined
  /** Files with further certificates. */
  readonly certificates: readonly string[]
  /** Hosts whose certificates are not checked. */
  readonly insecureHosts: readonly string[]
}

const DEFAULT_INDEX = 'https://pypi.org/simple'
const WINDOWS = process.platform === 'win32'

/** A setting, and who names it. */
interface Named {
  readonly text: string
  readonly source: string
}

export function indexSettings(environment: NodeJS.ProcessEnv): IndexSettings {
  const env = ownVariables(environment)
  const uv = uvFiles(env)
  const pip = pipFiles(env)
  const variable = (name: string): Named | undefined =>
    env[name] ? { text: env[name], source: name } : undefined
  const pipSetting = (key: string): Named | undefined =>
    variable(`PIP_${key.toUpperCase().replaceAll('-', '_')}`) ?? pip(key)
  const words = (separator: RegExp, ...settings: (Named | undefined)[]) =>
    settings.flatMap((one) => one?.text.split(separator).filter((word) => word !== '') ?? [])
  const index = variable('UV_DEFAULT_INDEX') ??
    variable('UV_INDEX_URL') ??
    uv.index ??
    pipSetting('index-url') ?? { text: DEFAULT_INDEX, source: 'the default' }
  const hasNoIndex = uv.hasNoIndex || isTrue(pipSetting('no-index')?.text)
  return {
    index: hasNoIndex ? undefined : withoutName(index.text),
    source: index.source,
    extraIndexes: [
      ...words(/\s+/, variable('UV_INDEX'), variable('UV_EXTRA_INDEX_URL')),
      ...uv.extraIndexes,
      ...words(/\s+/, pipSetting('extra-index-url')),
    ],
    findLinks: [
      ...words(/,/, variable('UV_FIND_LINKS')),
      ...uv.findLinks,
      ...words(/\s+/, pipSetting('find-links')),
    ],
    isOffline: isTrue(env['UV_OFFLINE']),
    proxy: pipSetting('proxy')?.text,
    certificates: [
      env['SSL_CERT_FILE'],
      pipSetting('cert')?.text,
      env['REQUESTS_CA_BUNDLE'],
      env['CURL_CA_BUNDLE'],
      env['NODE_EXTRA_CA_CERTS'],
    ].flatMap((path) => path || []),
    insecureHosts: [
      ...words(/[\s,]+/, variable('UV_INSECURE_HOST')),
      ...uv.insecureHosts,
      ...words(/[\s,]+/, pipSetting('trusted-host')),
    ],
  }
}

/** uv's `name=https://...` without the name. */
export function withoutName(index: string): string {
  return index.replace(/^[\w.-]+=(?=[a-z][a-z+]*:)/i, '')
}

/** The settings for an index in the uv.toml of the user and of the system. */
function uvFiles(env: NodeJS.ProcessEnv) {
  const files = (isTrue(env['UV_NO_CONFIG']) ? [] : uvPaths(env)).flatMap((path) => {
    const settings = attempt(() => parse(readPlain(path)))
    return settings === undefined ? [] : [{ path, settings }]
  })
  const texts = (key: string) => files.flatMap(({ settings }) => textsOf(settings[key]))
  const indexes = files.flatMap(({ path, settings }) => indexesOf(settings['index'], path))
  const [first] = files.flatMap(({ path, settings }) =>
    textsOf(settings['index-url']).map((text) => ({ text, source: path })),
  )
  return {
    index: indexes.find(({ isDefault }) => isDefault) ?? first,
    extraIndexes: [
      ...indexes.filter(({ isDefault }) => !isDefault).map(({ text }) => text),
      ...texts('extra-index-url'),
    ],
    findLinks: texts('find-links'),
    insecureHosts: texts('allow-insecure-host'),
    hasNoIndex: files.some(({ settings }) => settings['no-index'] === true),
  }
}

/** uv does not use an explicit index for packages that do not name it. */
function indexesOf(list: unknown, source: string) {
  return (Array.isArray(list) ? list : []).filter(isRecord).flatMap((item) => {
    const { url, name, default: isDefault, explicit } = item
    if (typeof url !== 'string' || explicit === true) return []
    const text = typeof name === 'string' ? `${name}=${url}` : url
    return [{ text, source, isDefault: isDefault === true }]
  })
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

function uvPaths(env: NodeJS.ProcessEnv): string[] {
  if (env['UV_CONFIG_FILE']) return [env['UV_CONFIG_FILE']]
  if (WINDOWS)
    return [env['APPDATA'], env['PROGRAMDATA'] ?? 'C:\\ProgramData']
      .flatMap((folder) => folder ?? [])
      .map((folder) => join(folder, 'uv', 'uv.toml'))
  const user = join(env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'uv', 'uv.toml')
  const system = (env['XDG_CONFIG_DIRS'] || '/etc/xdg').split(delimiter)
  return [user, ...system.map((folder) => join(folder, 'uv', 'uv.toml')), '/etc/uv/uv.toml']
}

/**
 * The settings in pip's files. `[install]` has precedence over `[global]`, and the file of the
 * user over that of the system.
 */
function pipFiles(env: NodeJS.ProcessEnv): (key: string) => Named | undefined {
  const named = env['PIP_CONFIG_FILE']
  const paths =
    named === '/dev/null' || named === 'nul' ? [] : [...(named ? [named] : []), ...pipPaths(env)]
  const files = paths.map((path) => ({ path, sections: readIni(readPlain(path)) }))
  return (key) => {
    for (const name of ['install', 'global'])
      for (const { path, sections } of files)
        for (const section of sections) {
          const text = section.name === name ? section.values.get(key) : undefined
          if (typeof text === 'string') return { text, source: path }
        }
    return undefined
  }
}

/** The first has precedence. */
function pipPaths(env: NodeJS.ProcessEnv): string[] {
  const home = homedir()
  const site = [env['VIRTUAL_ENV'], env['CONDA_PREFIX']]
    .flatMap((folder) => folder || [])
    .map((folder) => join(folder, WINDOWS ? 'pip.ini' : 'pip.conf'))
  if (WINDOWS)
    return [
      ...site,
      join(env['APPDATA'] ?? home, 'pip', 'pip.ini'),
      join(home, 'pip', 'pip.ini'),
      join(env['PROGRAMDATA'] ?? 'C:\\ProgramData', 'pip', 'pip.ini'),
    ]
  const mac = process.platform === 'darwin'
  return [
    ...site,
    ...(mac ? [join(home, 'Library', 'Application Support', 'pip', 'pip.conf')] : []),
    join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'pip', 'pip.conf'),
    join(home, '.pip', 'pip.conf'),
    ...(mac ? ['/Library/Application Support/pip/pip.conf'] : []),
    '/etc/pip.conf',
    ...(env['XDG_CONFIG_DIRS'] || '/etc/xdg')
      .split(delimiter)
      .map((folder) => join(folder, 'pip', 'pip.conf')),
  ]
}

function isTrue(text: string | undefined): boolean {
  return /^(1|t|true|y|yes|on)$/i.test(text ?? '')
}
