/**
 * Why: a company's own index, proxy and certificates are in the settings of pip or uv. Who has set
 * them there expects every tool to use them, and no other setting of theirs to change an
 * environment.
 */
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { indexSettings } from '../../src/environments/index-settings.ts'
import { credentials, networkOf, shown } from '../../src/environments/network.ts'
import { indexFlags, uvEnvironment } from '../../src/environments/uv-environment.ts'
import { TEST_CERTIFICATE } from '../support/certificate.ts'
import { Places } from '../support/places.ts'

const places = new Places()
afterEach(() => places[Symbol.dispose]())

/** Variables that keep the settings of this machine out. */
function settings(env: NodeJS.ProcessEnv) {
  return indexSettings(alone(env))
}

function alone(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return {
    PIP_CONFIG_FILE: '/dev/null',
    UV_CONFIG_FILE: places.path('none.toml'),
    PYTHREADS_CACHE: places.path('cache'),
    NETRC: places.path('netrc'),
    ...env,
  }
}

describe('the package index', () => {
  it('is the public one by default', () => {
    expect(settings({})).toMatchObject({ source: 'the default', extraIndexes: [] })
  })

  it.each(['UV_DEFAULT_INDEX', 'UV_INDEX_URL', 'PIP_INDEX_URL'])('is the one of %s', (name) => {
    expect(settings({ [name]: 'https://a.invalid/simple' })).toMatchObject({
      index: 'https://a.invalid/simple',
      source: name,
    })
  })

  it("is uv's rather than pip's where both name one", () => {
    const env = {
      UV_DEFAULT_INDEX: 'ours=https://uv.invalid/s',
      PIP_INDEX_URL: 'https://p.invalid',
    }
    expect(settings(env).index).toBe('https://uv.invalid/s')
  })

  it.each([
    [
      'the file that PIP_CONFIG_FILE names',
      'pip.conf',
      (path: string) => ({ PIP_CONFIG_FILE: path }),
    ],
    [
      "pip's file of the user",
      'config/pip/pip.conf',
      () => ({ PIP_CONFIG_FILE: '', XDG_CONFIG_HOME: places.path('config') }),
    ],
    [
      "pip's file of a virtual environment",
      'venv/pip.conf',
      () => ({ PIP_CONFIG_FILE: '', VIRTUAL_ENV: places.path('venv') }),
    ],
  ])('is the one of %s', (_, name, env) => {
    const text = `# of the company
[global]
index_url = https://global.invalid/simple
extra-index-url =
    https://a.invalid/simple
    https://b.invalid/simple
trusted-host: a.invalid
[install]
index-url = https://install.invalid/simple
`
    const path = places.file(name, text)
    expect(settings(env(path))).toMatchObject({
      index: 'https://install.invalid/simple',
      source: path,
      extraIndexes: ['https://a.invalid/simple', 'https://b.invalid/simple'],
      insecureHosts: ['a.invalid'],
    })
  })

  it.each([
    ['a table', '[[index]]\nname = "ours"\nurl = "https://uv.invalid/s"\ndefault = true'],
    ['a list', 'index = [{ url = "https://uv.invalid/s", default = true }]'],
    ['the older key', 'index-url = "https://uv.invalid/s"'],
  ])("is the one of uv's own file, by %s", (_, text) => {
    const path = places.file('uv.toml', `${text}\n`)
    const { index, source } = settings({ UV_CONFIG_FILE: path })
    expect({ index, source }).toEqual({ index: 'https://uv.invalid/s', source: path })
    const ofUser = places.file(join('config', 'uv', 'uv.toml'), `${text}\n`)
    const env = { ...alone({ XDG_CONFIG_HOME: places.path('config') }), UV_CONFIG_FILE: '' }
    expect(indexSettings(env).source).toBe(ofUser)
  })

  it('is not read from a file that is no TOML, nor where UV_NO_CONFIG is set', () => {
    const broken = places.file('broken.toml', 'index-url = = "https://uv.invalid/s"\n')
    expect(settings({ UV_CONFIG_FILE: broken }).source).toBe('the default')
    const whole = places.file('whole.toml', 'index-url = "https://uv.invalid/s"\n')
    expect(settings({ UV_CONFIG_FILE: whole, UV_NO_CONFIG: '1' }).source).toBe('the default')
  })

  it.each([
    ['PIP_NO_INDEX', { PIP_NO_INDEX: '1' }, ''],
    ["uv's file", {}, 'no-index = true'],
  ])('is none where %s asks for none', (_, env, text) => {
    const given = alone({ ...env, UV_CONFIG_FILE: places.file('uv.toml', text) })
    expect(indexSettings(given).index).toBeUndefined()
    expect(indexFlags(given)).toEqual(['--no-index'])
  })
})

describe('the network', () => {
  const proxyFor = (env: NodeJS.ProcessEnv, url: string) =>
    networkOf(alone(env), settings(env)).proxyFor(new URL(url))?.href

  it.each<[string, NodeJS.ProcessEnv, string | undefined]>([
    ['HTTPS_PROXY', { HTTPS_PROXY: 'http://p.invalid:1' }, 'http://p.invalid:1/'],
    ['https_proxy', { https_proxy: 'p.invalid:1' }, 'http://p.invalid:1/'],
    ['ALL_PROXY', { ALL_PROXY: 'http://p.invalid:1' }, 'http://p.invalid:1/'],
    [
      "pip's setting first",
      { PIP_PROXY: 'http://pip.invalid', https_proxy: 'http://p.invalid' },
      'http://pip.invalid/',
    ],
    ['none by HTTP_PROXY', { HTTP_PROXY: 'http://p.invalid:1' }, undefined],
    ['none by itself', {}, undefined],
  ])('has the proxy of %s for https', (_, env, expected) => {
    expect(proxyFor(env, 'https://index.invalid/simple')).toBe(expected)
  })

  it.each([
    ['*', true],
    ['index.invalid', true],
    ['.invalid', true],
    ['a.invalid, index.invalid:443', true],
    ['index.invalid:8443', false],
    ['dex.invalid', false],
    ['', false],
  ])('excludes a host by NO_PROXY=%s: %s', (list, isExcluded) => {
    const env = { HTTPS_PROXY: 'http://p.invalid', NO_PROXY: list }
    expect(proxyFor(env, 'https://index.invalid/simple') === undefined).toBe(isExcluded)
  })

  it.each([
    ['10.1.2.3', '10.0.0.0/8', true],
    ['11.1.2.3', '10.0.0.0/8', false],
    ['[fd00::1]', 'fd00::/8', true],
    ['[::1]', '::1', true],
    ['127.0.0.1', '127.0.0.1:8080', false],
  ])('excludes the address %s by NO_PROXY=%s: %s', (host, list, isExcluded) => {
    const env = { HTTP_PROXY: 'http://p.invalid', NO_PROXY: list }
    expect(proxyFor(env, `http://${host}/simple`) === undefined).toBe(isExcluded)
  })

  it('takes the password from the address, else from netrc, and prints none', () => {
    const NETRC = places.file(
      'netrc',
      '# mine\nmachine a.invalid\n  login u password p\ndefault login x password y\n',
    )
    const network = networkOf(alone({ NETRC }), settings({}))
    const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
    const url = (text: string) => new URL(text)
    expect(network.authorizationFor(url('https://me:s%40fe@a.invalid'))).toBe(basic('me:s@fe'))
    expect(network.authorizationFor(url('https://a.invalid'))).toBe(basic('u:p'))
    expect(network.authorizationFor(url('https://b.invalid'))).toBe(basic('x:y'))
    expect(credentials(url('https://a.invalid'))).toBeUndefined()
    expect(shown('https://me:secret@a.invalid/simple')).toBe('https://a.invalid/simple')
  })

  it.each(['SSL_CERT_FILE', 'PIP_CERT', 'REQUESTS_CA_BUNDLE', 'NODE_EXTRA_CA_CERTS'])(
    'trusts the certificates of %s besides those of Node',
    (name) => {
      const env = { [name]: places.file('ca.pem', TEST_CERTIFICATE) }
      const { certificates = [] } = networkOf(alone(env), settings(env))
      expect(certificates).toContain(TEST_CERTIFICATE)
      expect(certificates.length).toBeGreaterThan(1)
    },
  )
})

describe('the variables with which uv runs', () => {
  it("have none of uv's settings that change what is installed, and no configuration file", () => {
    const env = uvEnvironment(
      alone({
        ...{
          UV_PYTHON: '3.9',
          UV_RESOLUTION: 'lowest',
          UV_CONSTRAINT: 'c.txt',
          UV_SYSTEM_PYTHON: '1',
        },
        ...{
          UV_CONFIG_FILE: '/etc/x.toml',
          UV_EXCLUDE_NEWER: '2020-01-01',
          VIRTUAL_ENV: '/srv/venv',
        },
        ...{ PATH: '/bin', UV_TARGET: '/x' },
      }),
    )
    const names = Object.keys(env).filter(
      (name) => name.startsWith('UV_') || name === 'VIRTUAL_ENV',
    )
    expect(names.sort()).toEqual([
      'UV_CACHE_DIR',
      'UV_DEFAULT_INDEX',
      'UV_NO_CONFIG',
      'UV_NO_ENV_FILE',
      'UV_NO_PROGRESS',
      'UV_PYTHON_INSTALL_BIN',
      'UV_PYTHON_INSTALL_DIR',
      'UV_PYTHON_INSTALL_REGISTRY',
    ])
    expect(env).toMatchObject({ UV_NO_CONFIG: '1', PATH: '/bin' })
    expect(env['UV_CACHE_DIR']?.startsWith(places.path('cache'))).toBe(true)
    expect(env['UV_PYTHON_INSTALL_DIR']).toBe(places.path('cache', 'python'))
  })

  it('keep where packages and Pythons come from', () => {
    const kept = {
      ...{ UV_INDEX_OURS_USERNAME: 'me', UV_INDEX_OURS_PASSWORD: 'p', UV_HTTP_TIMEOUT: '9' },
      ...{
        UV_PYTHON_DOWNLOADS_JSON_URL: 'file:///d.json',
        UV_PYTHON_INSTALL_MIRROR: 'https://m.invalid',
      },
      ...{
        UV_DEFAULT_INDEX: 'ours=https://a.invalid',
        HTTPS_PROXY: 'http://p.invalid',
        UV_OFFLINE: '1',
      },
    }
    expect(uvEnvironment(alone(kept))).toMatchObject(kept)
  })

  it("have pip's index, further indexes, folders, proxy and certificates", () => {
    const env = uvEnvironment(
      alone({
        ...{
          PIP_INDEX_URL: 'https://a.invalid',
          PIP_EXTRA_INDEX_URL: 'https://b.invalid https://c.invalid',
        },
        ...{ PIP_FIND_LINKS: '/w1 /w2', PIP_PROXY: 'http://p.invalid', PIP_CERT: '/ca.pem' },
        PIP_TRUSTED_HOST: 'a.invalid',
      }),
    )
    expect(env).toMatchObject({
      UV_DEFAULT_INDEX: 'https://a.invalid',
      UV_INDEX: 'https://b.invalid https://c.invalid',
      UV_FIND_LINKS: '/w1,/w2',
      HTTPS_PROXY: 'http://p.invalid',
      SSL_CERT_FILE: '/ca.pem',
      UV_INSECURE_HOST: 'a.invalid',
    })
  })
})
