/** Where the recorded streams are, and their bytes. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The project's top folder; tests run from dist-test, one below it. */
export const projectRoot = fileURLToPath(new URL('..', import.meta.url))

/** The path of a file in test/fixtures. */
export const fixturePath = (name: string): string => `${projectRoot}/test/fixtures/${name}`

/** The bytes of a file in test/fixtures. */
export const fixture = (name: string): Buffer => readFileSync(fixturePath(name))
