import { request, UnreachedError } from './http.ts'
import { indexSettings, withoutName } from './index-settings.ts'
import { networkOf, shown } from './network.ts'

/**
 * Says why the package index cannot be reached; `undefined`: a server replied. uv and pip try for
 * half a minute or longer to find that out. `env`: the variables with which uv runs.
 */
export async function whyUnreachable(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const settings = indexSettings(env)
  const address = withoutName(settings.index ?? '')
  if (!URL.canParse(address)) return undefined
  const url = new URL(address)
  if (!/^https?:$/.test(url.protocol)) return undefined
  if (settings.isOffline) return 'UV_OFFLINE is set'
  try {
    const { body } = await request(url, networkOf(env, settings), { method: 'HEAD' })
    body.destroy()
    return undefined
  } catch (error) {
    // uv has certificates and credentials of its own: it may get further than this request
    return error instanceof UnreachedError
      ? `the package index ${shown(url)}: ${error.message.replace(`${shown(url)}: `, '')}`
      : undefined
  }
}
