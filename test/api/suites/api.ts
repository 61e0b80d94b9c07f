import { describe } from 'vitest'
import { type Placement, partIn } from '../../support/placement.ts'
import { asyncioSuite } from './asyncio.ts'
import { callChannelSuite } from './call-channels.ts'
import { callbackSuite } from './callbacks.ts'
import { callSuite } from './calls.ts'
import { cancellationSuite } from './cancellation.ts'
import { contextSuite } from './context.ts'
import { conversionSuite } from './conversions.ts'
import { elasticSuite } from './elastic.ts'
import { errorDataSuite } from './error-data.ts'
import { errorSuite } from './errors.ts'
import { eventSuite } from './events.ts'
import { hintSuite } from './hints.ts'
import { inlineSuite } from './inline.ts'
import { iteratorSuite } from './iterators.ts'
import { jsonSuite } from './json.ts'
import { processOnlySuite, processSuite } from './limits.ts'
import { loggingSuite } from './logging.ts'
import { madeSuite } from './made.ts'
import { mapSuite } from './map.ts'
import { moduleSuite } from './modules.ts'
import { nameSuite } from './names.ts'
import { namespaceSuite } from './namespaces.ts'
import { objectSuite } from './objects.ts'
import { outputSuite } from './output.ts'
import {
  dyingWorkerSuite,
  multiprocessingSuite,
  onePythonSuite,
  refusingModuleSuite,
} from './own.ts'
import { poolSuite } from './pool.ts'
import { positionSuite } from './positions.ts'
import { recoverySuite } from './recovery.ts'
import { shortLifeSuite } from './short-lives.ts'
import { sourceSuite } from './source.ts'
import { spawnedModuleSuite } from './spawned-modules.ts'
import { syncSuite } from './sync.ts'
import { targetSuite } from './targets.ts'
import { valueSuite } from './values.ts'

/** What holds in every placement, and what holds in this one. */
export function apiSuite(place: Placement): void {
  describe(place.name, () => {
    partIn(place)
    callSuite(place)
    moduleSuite(place)
    sourceSuite(place)
    namespaceSuite(place)
    spawnedModuleSuite(place)
    valueSuite(place)
    conversionSuite(place)
    positionSuite(place)
    madeSuite(place)
    jsonSuite(place)
    errorSuite(place)
    hintSuite(place)
    errorDataSuite(place)
    targetSuite(place)
    mapSuite(place)
    syncSuite(place)
    poolSuite(place)
    elasticSuite(place)
    eventSuite(place)
    callChannelSuite(place)
    nameSuite(place)
    outputSuite(place)
    loggingSuite(place)
    objectSuite(place)
    inlineSuite(place)
    callbackSuite(place)
    contextSuite(place)
    asyncioSuite(place)
    iteratorSuite(place)
    cancellationSuite(place)
    shortLifeSuite(place)
    if (place.isolation === 'process') dyingWorkerSuite(place)
    if (place.isolation === 'process') recoverySuite(place)
    if (place.isolation === 'process') processSuite(place)
    if (place.isolation !== 'process') processOnlySuite(place)
    if (place.isolation !== 'process') onePythonSuite(place)
    if (place.isolation === 'subinterpreter') refusingModuleSuite(place)
    if (place.isolation !== 'subinterpreter') multiprocessingSuite(place)
  })
}
