/** The system's own tools that undo the compression of a stream, by what its first bytes say. */
import { type Child, startProgram } from './child.js'

/** Compressions that can be undone, and the program for each. They read stdin, write stdout, and fail on damage. */
const programs = {
  zstd: ['zstd', '-dc', '-q'],
  gzip: ['gzip', '-dc'],
  xz: ['xz', '-dc'],
  lz4: ['lz4', '-dc', '-q'],
} as const satisfies Record<string, readonly string[]>

export type Compression = keyof typeof programs

/** Whether `kind`, as stream/records names the first bytes, is a compression that can be undone. */
export const isCompression = (kind: string): kind is Compression => Object.hasOwn(programs, kind)

/** Starts the program that undoes `compression`. */
export const startDecompressor = (compression: Compression): Child =>
  startProgram(programs[compression], { feeds: true })
