import { afterAll, describe, expect, it } from 'vitest'
import { containerOf } from '../../src/cli/doctor/host.ts'
import { controlGroup } from '../../src/cli/doctor/limits.ts'
import { warnings } from '../../src/cli/doctor/report.ts'
import { Places } from '../support/places.ts'

const places = new Places()
afterAll(() => places[Symbol.dispose]())

describe('the container that doctor names', () => {
  const none = () => {
    throw new Error('not there')
  }
  it.each([
    ['AWS Lambda', { AWS_LAMBDA_FUNCTION_NAME: 'f' }, [], ''],
    ['Kubernetes', { KUBERNETES_SERVICE_HOST: '10.0.0.1' }, ['/.dockerenv'], ''],
    ['Docker', {}, ['/.dockerenv'], ''],
    ['Podman', { container: 'oci' }, ['/run/.containerenv'], ''],
    ['systemd-nspawn', { container: 'systemd-nspawn' }, [], ''],
    ['docker', {}, [], '1:name=systemd:/docker/0a1b'],
    [null, {}, [], '0::/init.scope'],
  ])('is %s by its signs', (kind, env, files, groups) => {
    expect(
      containerOf(
        env,
        (path) => (files as string[]).includes(path),
        () => groups,
      ),
    ).toBe(kind)
  })

  it('is none where nothing can be read', () => {
    expect(containerOf({}, () => false, none)).toBe(null)
  })
})

describe('the control group that doctor reads', () => {
  const group = (name: string, self: string, files: Record<string, string>) => {
    for (const [file, text] of Object.entries(files)) places.file(`${name}/cgroup/${file}`, text)
    return controlGroup(places.path(name, 'cgroup'), places.file(`${name}/self`, self))
  }

  it('has the least of its own limits and of those around it, in version 2', () => {
    const files = {
      'app/cpu.max': '200000 100000\n',
      'app/memory.max': `${512 * 2 ** 20}\n`,
      'app/one/cpu.max': 'max 100000\n',
      'app/one/memory.max': `${2 ** 30}\n`,
    }
    expect(group('two', '0::/app/one\n', files)).toEqual({ cgroupCores: 2, cgroupMemoryMb: 512 })
  })

  it('is read at its root in a container with a namespace of its own', () => {
    const files = { 'cpu.max': '50000 100000\n', 'memory.max': 'max\n' }
    expect(group('own', '0::/\n', files)).toEqual({ cgroupCores: 0.5, cgroupMemoryMb: null })
  })

  it('is read in version 1', () => {
    const files = {
      'cpu/docker/a/cpu.cfs_quota_us': '150000\n',
      'cpu/docker/a/cpu.cfs_period_us': '100000\n',
      'memory/docker/a/memory.limit_in_bytes': `${256 * 2 ** 20}\n`,
      'memory/memory.limit_in_bytes': '9223372036854771712\n',
    }
    expect(group('one', '4:memory:/docker/a\n3:cpu,cpuacct:/docker/a\n', files)).toEqual({
      cgroupCores: 1.5,
      cgroupMemoryMb: 256,
    })
  })

  it('has no limits where there is no group', () => {
    expect(controlGroup('/no/such/folder', '/no/such/file')).toEqual({
      cgroupCores: null,
      cgroupMemoryMb: null,
    })
  })
})

describe('what doctor warns of', () => {
  const none = {
    cores: 8,
    cgroupCores: null,
    cgroupMemoryMb: null,
    descriptors: null,
    devShmMb: null,
  }
  it.each([
    [{}, 0],
    [{ cgroupCores: 8, cgroupMemoryMb: 4096, descriptors: 1024, devShmMb: 64 }, 0],
    [{ cgroupCores: 7.5 }, 0],
    [{ cgroupCores: 2 }, 1],
    [{ cgroupMemoryMb: 128 }, 1],
    [{ descriptors: 64 }, 1],
    [{ devShmMb: 0 }, 1],
  ])('%o is %i sentences', (limits, count) => {
    expect(warnings({ ...none, ...limits })).toHaveLength(count)
  })
})
