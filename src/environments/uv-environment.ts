import { join } from 'node:path'
import { cacheFolder } from '../discovery/index.ts'
import { own } from '../own.ts'
import { ownVariables } from '../platform/index.ts'
import { indexSettings } from './index-settings.ts'

/**
 * The variables of uv that say where packages and Pythons come from. All others of uv are removed:
 * they say what is installed and where, such as UV_PYTHON, UV_RESOLUTION or UV_SYSTEM_PYTHON.
 */
const KEPT = [
  /^UV_(DEFAULT_INDEX|INDEX_URL|INDEX_STRATEGY|INSECURE_HOST|OFFLINE|KEYRING_PROVIDER)$/,
  /^UV_INDEX_.+_(USERNAME|PASSWORD)$/,
  /^UV_(HTTP|REQUEST)_/,
  /^UV_CONCURRENT_/,
  /^UV_(NATIVE_TLS|SYSTEM_CERTS|CREDENTIALS_DIR|GITHUB_TOKEN|ASTRAL_MIRROR_URL)$/,
  /^UV_(AZURE|GCS|S3)_/,
  /^UV_PYTHON_(DOWNLOADS|DOWNLOADS_JSON_URL|INSTALL_MIRROR)$/,
]
/** They would choose the environment that uv works on. */
const ENVIRONMENTS = ['VIRTUAL_ENV', 'CONDA_PREFIX', 'CONDA_DEFAULT_ENV']

/**
 * Returns the variables with which uv runs. uv reads no configuration file. It gets the index, the
 * proxy and the certificates of uv's and pip's settings, and folders of pythreads for what it keeps.
 */
export function uvEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const given = ownVariables(environment)
  const settings = indexSettings(given)
  const env: NodeJS.ProcessEnv = own({})
  for (const [name, value] of Object.entries(given)) {
    const isKept = !name.startsWith('UV_') || KEPT.some((pattern) => pattern.test(name))
    if (isKept && !ENVIRONMENTS.includes(name)) env[name] = value
  }
  const add = (name: string, value: string | undefined) => {
    if (value !== undefined && value !== '' && !env[name]) env[name] = value
  }
  if (!env['UV_INDEX_URL']) add('UV_DEFAULT_INDEX', settings.index)
  add('UV_INDEX', settings.extraIndexes.join(' '))
  add('UV_FIND_LINKS', settings.findLinks.join(','))
  add('UV_INSECURE_HOST', settings.insecureHosts.join(' '))
  add('SSL_CERT_FILE', settings.certificates[0])
  for (const name of ['HTTPS_PROXY', 'HTTP_PROXY'])
    if (!env[name.toLowerCase()]) add(name, settings.proxy)
  const cache = cacheFolder(given)
  if (cache !== undefined) {
    env['UV_CACHE_DIR'] = join(cache, 'uv-cache')
    env['UV_PYTHON_INSTALL_DIR'] = join(cache, 'python')
  }
  return Object.assign(env, {
    UV_NO_CONFIG: '1',
    UV_NO_ENV_FILE: '1',
    UV_NO_PROGRESS: '1',
    // No links in ~/.local/bin, and nothing in the registry of Windows.
    UV_PYTHON_INSTALL_BIN: '0',
    UV_PYTHON_INSTALL_REGISTRY: '0',
  })
}

/** The arguments for `uv pip` that no variable can give. */
export function indexFlags(env: NodeJS.ProcessEnv): string[] {
  return indexSettings(env).index === undefined ? ['--no-index'] : []
}
