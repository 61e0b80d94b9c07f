import type { Kwargs } from '../options/index.ts'
import type { Write } from '../pool/index.ts'
import type { Source } from './source.ts'

/** The payloads of requests, as the kernel's `requests.py` reads them. */

export function callRequest(target: string, args: readonly unknown[], kwargs: Kwargs): Write {
  return (encoder) => {
    encoder.tuple(3)
    encoder.string(target)
    encoder.list(args.length)
    for (let i = 0; i < args.length; i++) encoder.value(args[i], `args[${i}]`)
    encoder.value(kwargs, 'kwargs')
  }
}

export function textRequest(text: string): Write {
  return (encoder) => encoder.string(text)
}

export function evalRequest({ text, names, values }: Source): Write {
  return (encoder) => {
    encoder.tuple(3)
    encoder.string(text)
    encoder.value(names, 'names')
    encoder.value(values, 'values')
  }
}

export function execRequest({ text, names, values }: Source, filename: string): Write {
  return (encoder) => {
    encoder.tuple(4)
    encoder.string(text)
    encoder.string(filename)
    encoder.value(names, 'names')
    encoder.value(values, 'values')
  }
}
