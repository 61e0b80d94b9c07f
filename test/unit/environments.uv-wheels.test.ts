/**
 * Why: a wheel for another machine does not start, and one without a hash could be anybody's.
 */
import { describe, expect, it } from 'vitest'
import type { IndexFile } from '../../src/environments/simple-index.ts'
import { chooseWheel, type Machine, PINNED_UV } from '../../src/environments/uv-wheels.ts'

const HASH = 'a'.repeat(64)
const LINUX: Machine = { platform: 'linux', arch: 'x64', glibc: '2.31' }

/** The platform tags of the wheels of a real release of uv. */
const TAGS = [
  'linux_armv6l',
  'macosx_10_12_x86_64',
  'macosx_11_0_arm64',
  'manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64',
  'manylinux_2_17_armv7l.manylinux2014_armv7l',
  'manylinux_2_17_i686.manylinux2014_i686',
  'manylinux_2_17_x86_64.manylinux2014_x86_64',
  'manylinux_2_28_aarch64',
  'musllinux_1_1_i686',
  'musllinux_1_1_x86_64',
  'win32',
  'win_amd64',
  'win_arm64',
]

function file(version: string, tags: string, more: Partial<IndexFile> = {}): IndexFile {
  const name = `uv-${version}-py3-none-${tags}.whl`
  const url = new URL(`https://index.invalid/${name}`)
  return { name, url, sha256: HASH, isYanked: false, ...more }
}

function chosen(files: readonly IndexFile[], machine: Machine = LINUX): string | undefined {
  return chooseWheel(files, machine)?.url.pathname.slice(1)
}

describe('the wheel of uv', () => {
  it.each<[string, Machine, string | undefined]>([
    ['Linux x64', LINUX, 'manylinux_2_17_x86_64.manylinux2014_x86_64'],
    [
      'Linux x64 with the oldest glibc',
      { ...LINUX, glibc: '2.17' },
      'manylinux_2_17_x86_64.manylinux2014_x86_64',
    ],
    ['Linux x64 with a glibc that is too old', { ...LINUX, glibc: '2.9' }, undefined],
    ['Linux x64 with musl', { ...LINUX, glibc: undefined }, 'musllinux_1_1_x86_64'],
    ['Linux arm64', { ...LINUX, arch: 'arm64', glibc: '2.17' }, TAGS[3]],
    ['Linux arm64 with musl', { ...LINUX, arch: 'arm64', glibc: undefined }, TAGS[3]],
    ['macOS x64', { platform: 'darwin', arch: 'x64', glibc: undefined }, 'macosx_10_12_x86_64'],
    ['macOS arm64', { platform: 'darwin', arch: 'arm64', glibc: undefined }, 'macosx_11_0_arm64'],
    ['Windows x64', { platform: 'win32', arch: 'x64', glibc: undefined }, 'win_amd64'],
    ['Windows arm64', { platform: 'win32', arch: 'arm64', glibc: undefined }, 'win_arm64'],
    ['a system without a wheel', { platform: 'freebsd', arch: 'x64', glibc: undefined }, undefined],
  ])('fits %s', (_, machine, tags) => {
    const files = TAGS.map((tag) => file('0.14.0', tag))
    expect(chosen(files, machine)).toBe(tags && `uv-0.14.0-py3-none-${tags}.whl`)
  })

  const [tag = ''] = TAGS.filter((one) => one.includes('manylinux2014_x86_64'))

  it('is the pinned version, with the pinned hash, whatever hash the index says', () => {
    const files = ['0.9.9', PINNED_UV, '99.0.0'].map((version) => file(version, tag))
    const wheel = chooseWheel(files, LINUX)
    expect(wheel?.version).toBe(PINNED_UV)
    expect(wheel?.sha256).not.toBe(HASH)
  })

  it('is the newest version by number where the index lacks the pinned one', () => {
    const files = ['0.9.9', '0.10.2', '0.10.1'].map((version) => file(version, tag))
    expect(chooseWheel(files, LINUX)).toMatchObject({ version: '0.10.2', sha256: HASH })
  })

  it.each<[string, IndexFile]>([
    ['was withdrawn', file('0.10.0', tag, { isYanked: true })],
    ['has no pinned hash, though its version is pinned', file(PINNED_UV, `${tag}.any`)],
    ['has no hash', file('0.10.0', tag, { sha256: undefined })],
    ['is too old', file('0.7.22', tag)],
    ['is not final', file('0.14.0rc1', tag)],
    ['belongs to another project', file('0.10.0', tag, { name: `uvx-0.10.0-py3-none-${tag}.whl` })],
  ])('is none that %s', (_, wrong) => {
    expect(chosen([wrong])).toBeUndefined()
    expect(chosen([wrong, file('0.9.0', tag)])).toBe(`uv-0.9.0-py3-none-${tag}.whl`)
  })
})
